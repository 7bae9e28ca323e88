"""The lines of docs/clients.md, as they stand there, in a program of their own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import ROOT, Stack

pytestmark = pytest.mark.xdist_group("stack")
BEGINS = """
import agents, anthropic, openai
from langchain_openai import ChatOpenAI
ROUTERHUB_URL, ROUTERHUB_API_KEY = {url!r}, {key!r}
"""
WAIT_S = 120


def test_every_python_line_does_what_the_page_says(stack: Stack, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "clients.md").read_text(), re.DOTALL)
    assert len(blocks) == 6
    program = BEGINS.format(url=stack.url, key=stack.key) + "\n".join(blocks)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
