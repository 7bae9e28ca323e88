"""Every check, in order, stopping at the first that fails. `make test` and CI call this and nothing else."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests import clock

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
PRODUCTION = {
    "SECRET_KEY": "".join(f"{at:x}kq{at * 7919:x}" for at in range(20)),
    "HTTPS": "true",
    "DEBUG": "false",
    "SANDBOX": "off",
}
ANY = {"SECRET_KEY": "for checks that never serve"}
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""So many processes are started that each would compile the same modules anew."""
TESTS = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
Step = tuple[str, list[str], dict[str, str]]
"""What is checked, by which command, with what in its environment."""


def main() -> int:
    _browser()
    python = sys.executable
    manage = [python, "manage.py"]
    apps = ["routerhub", "experiments", "analytics", "autorouter", "budgets", "models_registry", "tests"]
    steps: list[Step] = [
        ("format", ["ruff", "format", "--check", "."], {}),
        ("lint", ["ruff", "check", "."], {}),
        ("types", ["mypy", *apps], ANY),
        ("imports", ["lint-imports"], ANY),
        ("settings of production", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
        ("migrations and tests", TESTS, {}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        if shifted := _clock(Path(folder)):
            again = [*TESTS, "-m", "not once and not whole"]
            steps.append((f"migrations and tests, with the clock set to {clock.DAY:%Y-%m-%d}", again, dict(shifted)))
        return _run(steps)


def _run(steps: Iterable[Step]) -> int:
    """One after another. Returns the status of the first that fails, 0 where none does."""
    for name, command, env in steps:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        program = shutil.which(command[0], path=str(Path(sys.executable).parent)) or command[0]
        done = subprocess.run([program, *command[1:]], cwd=ROOT, env={**os.environ, **COMPILED, **env}, check=False)
        if done.returncode:
            print(f"== {name} FAILED", flush=True)
            return done.returncode
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _browser() -> None:
    """Debian's Chromium for the browser tests: installed where that is allowed, else said to be missing."""
    if not Path(CHROMIUM).exists():
        _install("chromium")
    if not Path(CHROMIUM).exists():
        print(
            f"== NOTE: there is no {CHROMIUM}, so the browser tests do not run (apt-get install chromium)", flush=True
        )


def _clock(folder: Path) -> Mapping[str, str] | None:
    """An environment on another day, so that no test passes by the day on which it runs."""
    if not shutil.which("cc"):
        _install("gcc", "libc6-dev")
    shifted = clock.shifted(folder)
    if shifted is None:
        print(
            "== NOTE: the clock cannot be shifted here, so the tests run today only (apt-get install gcc)", flush=True
        )
    return shifted


def _install(*packages: str) -> None:
    """Debian's, where that is allowed."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"== installing {' '.join(packages)} for the tests", flush=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    sys.exit(main())
