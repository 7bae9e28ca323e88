"""Another date for whatever is started with it: the suite must pass on any day, and proves it on one that is far enough.

A small library (clock.c) shifts the wall clock of every program that loads it: Python, PostgreSQL, Valkey, the product's
processes and the browser all tell the same time, as they would on that day.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
SHIFT = "CLOCK_SHIFT_S"
DAY = datetime(2027, 6, 1, 9, tzinfo=UTC)
"""By then most models of the shipped catalogue that have a date are deprecated."""


def shifted(folder: Path, to: datetime = DAY) -> Mapping[str, str] | None:
    """The environment in which it is `to` now, its library made in `folder`; None where that cannot be done here."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    # PostgreSQL runs as another user, who must be able to read it.
    folder.chmod(0o755)
    library = folder / "clock.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    by_s = int(os.environ.get(SHIFT, "0")) + round((to - datetime.now(UTC)).total_seconds())
    environment = {"LD_PRELOAD": str(library), SHIFT: str(by_s)}
    return environment if _today(environment) == to.date().isoformat() else None


class Steps:
    """A clock that jumps while programs run by it. Its file stands in `folder`, beside the library of `shifted`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "step"
        self._file.write_bytes(bytes(8))
        self.environment = {"CLOCK_STEP": str(self._file)}

    def by(self, seconds: int) -> None:
        """From now on it is so much later, or earlier, than it would be without."""
        with self._file.open("r+b", buffering=0) as file:  # in its place: it is mapped
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


def _today(environment: Mapping[str, str]) -> str:
    """What day a program sees there."""
    show = "import datetime; print(datetime.datetime.now(datetime.UTC).date())"
    done = subprocess.run(
        [sys.executable, "-c", show], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
