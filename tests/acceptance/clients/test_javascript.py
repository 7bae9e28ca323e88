"""The clients for JavaScript: OpenAI's, Anthropic's and Vercel's. Fetched once with npm; where not, the test says so."""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.installing import NotInstalled, installed, node_project
from tests.installing import program as program_of
from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("stack")
PROGRAM = Path(__file__).parent / "javascript.mjs"
PACKAGES = {
    "openai": "6.49.0", "@anthropic-ai/sdk": "1.14.0", "ai": "6.0.326", "@ai-sdk/openai": "3.0.141",
    "@ai-sdk/anthropic": "3.0.140", "zod": "4.6.7",
}  # fmt: skip
WAIT_S = 120


def test_each_of_them_talks_streams_calls_tools_and_parses(stack: Stack) -> None:
    try:
        named = ",".join(f"{name}@{version}" for name, version in PACKAGES.items())
        home = installed(
            "javascript-clients", named, partial(node_project, {"private": True, "dependencies": PACKAGES})
        )
        command = [program_of("node"), shutil.copy(PROGRAM, home)]
    except NotInstalled as problem:
        pytest.skip(f"the clients for JavaScript cannot be had here: {problem}")
    env = {"PATH": os.environ["PATH"], "ROUTERHUB_URL": stack.url, "ROUTERHUB_API_KEY": stack.key}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    for name in ("chat", "chatStream", "response", "responseStream", "message", "messageStream"):
        assert said[name].startswith("[sandbox]"), name
    for text, results in said["ai"]:
        assert (text.startswith("[sandbox]"), results) == (True, ["noon"])
    assert said["toolRunner"][0] == said["parsed"]["city"] == said["object"]["city"] == "[sandbox]"
    assert (said["vector"], said["error"]) == (1_536, [404, "model_not_found"])
