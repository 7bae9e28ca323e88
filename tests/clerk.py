"""Management commands without a start for each: Django is set up once, in a process of its own, and every command is a fork
of that one."""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

import django
from django.core import checks

from manage import main


class Clerk:
    """Runs commands in a folder and an environment, one after another. Starts with the first."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str]) -> str:
        """What it printed. Raises an AssertionError with what it complained of."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        status, printed, complained = json.loads(process.stdout.readline())
        if status:
            raise AssertionError(complained)
        return str(printed)

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.clerk"],
            cwd=self._folder, env={**os.environ, **self._env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip


def serve() -> None:
    django.setup()
    checks.run_checks()  # reads all the modules that a command would
    for line in sys.stdin:
        print(json.dumps(_obeyed(json.loads(line))), flush=True)


def _obeyed(arguments: Sequence[str]) -> tuple[int, str, str]:
    """The status, and what stood on standard output and error."""
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as complained:
        child = os.fork()
        if child == 0:
            _obey(arguments, printed, complained)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), _text(printed), _text(complained)


def _obey(arguments: Sequence[str], printed: IO[str], complained: IO[str]) -> NoReturn:
    os.dup2(printed.fileno(), sys.stdout.fileno())
    os.dup2(complained.fileno(), sys.stderr.fileno())
    status = 1
    try:
        main(["manage.py", *arguments])
        status = 0
    except SystemExit as refused:
        status = int(refused.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


if __name__ == "__main__":
    serve()
