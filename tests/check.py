"""Every check, in order, stopping at the first that fails. `make test` and CI call this and nothing else."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
PRODUCTION = {
    "SECRET_KEY": "".join(f"{at:x}kq{at * 7919:x}" for at in range(20)),
    "HTTPS": "true",
    "DEBUG": "false",
    "SANDBOX": "off",
}
ANY = {"SECRET_KEY": "for checks that never serve"}


def main() -> int:
    _browser()
    python = sys.executable
    manage = [python, "manage.py"]
    apps = ["routerhub", "experiments", "analytics", "autorouter", "budgets", "models_registry", "tests"]
    steps: list[tuple[str, list[str], dict[str, str]]] = [
        ("format", ["ruff", "format", "--check", "."], {}),
        ("lint", ["ruff", "check", "."], {}),
        ("types", ["mypy", *apps], ANY),
        ("imports", ["lint-imports"], ANY),
        ("settings of production", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
        ("migrations and tests", [python, "-m", "pytest", "-n", "2", "--dist", "loadgroup"], {}),
    ]
    for name, command, env in steps:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        program = shutil.which(command[0], path=str(Path(python).parent)) or command[0]
        done = subprocess.run([program, *command[1:]], cwd=ROOT, env={**os.environ, **env}, check=False)
        if done.returncode:
            print(f"== {name} FAILED", flush=True)
            return done.returncode
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _browser() -> None:
    """Debian's Chromium for the browser tests: installed where that is allowed, else said to be missing."""
    if Path(CHROMIUM).exists():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("== installing Chromium for the browser tests", flush=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if not Path(CHROMIUM).exists():
        print(
            f"== NOTE: there is no {CHROMIUM}, so the browser tests do not run (apt-get install chromium)", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
