"""What storage is sealed with comes from the environment, and nonsense there stops the start."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOW = "from routerhub.settings import STORAGE_KEYS as keys; print([len(key) for key in keys])"


def started(**env: str) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if name != "STORAGE_KEYS"}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env={**environment, **env}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_several_keys_may_be_given_and_none_is_one_of_the_secret_key() -> None:
    keys = ",".join(base64.urlsafe_b64encode(bytes([each] * 32)).decode() for each in (1, 2))
    assert started(STORAGE_KEYS=keys) == (0, "[32, 32]\n")
    assert started() == (0, "[32]\n")


@pytest.mark.parametrize("keys", ["short", "!", "YWJj,", "ü"])
def test_what_is_no_key_is_refused_with_what_to_write(keys: str) -> None:
    status, told = started(STORAGE_KEYS=keys)
    assert status == 1
    assert "32 bytes in URL-safe base64" in told
