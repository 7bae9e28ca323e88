"""Programs that only tests and the bench need: each installed once, in a folder of its own below var/programs/."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.stack import ROOT

FOLDER = ROOT / "var" / "programs"
INSTALL_WAIT_S = 300


class NotInstalled(Exception):
    """A program cannot be had here. The message says why in one line."""


def installed(name: str, package: str, install: Callable[[Path], None]) -> Path:
    """The folder of a package, installed by one process where it, at this version, was not yet. Raises NotInstalled."""
    home, done = FOLDER / name, FOLDER / name / "installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == package:
            return home
        print(f"Installing {package} into var/programs/{name} ...", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        install(home)
        done.write_text(package)
    return home


def python_package(package: str, home: Path) -> None:
    """A virtual environment with the package, from wheels alone: installing runs none of its code."""
    _run([sys.executable, "-m", "venv", str(home)], home)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    _run([*pip, package], home)


def node_project(manifest: Mapping[str, object], home: Path) -> None:
    """A folder of node_modules as its package.json says; no install script runs."""
    (home / "package.json").write_text(json.dumps(manifest))
    _run([program("npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"], home)


def program(name: str) -> str:
    """Where a program of this machine is. Raises NotInstalled."""
    found = shutil.which(name)
    if found is None:
        raise NotInstalled(f"{name} is not installed")
    return found


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_WAIT_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as problem:
        raise NotInstalled(f"{command[0]} took longer than {INSTALL_WAIT_S} s") from problem
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"it ended with {done.returncode}"]
        raise NotInstalled(f"{Path(command[0]).name} failed: {said[-1]}")
