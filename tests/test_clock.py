"""The clock that the tests may be run by, see tests/clock.py."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests import clock

SHOW = "import time, datetime; a = time.monotonic(); time.sleep(.1); print(datetime.datetime.now(datetime.UTC).isoformat(), {})"


def told(environment: dict[str, str], more: str = "''") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(more)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.fixture
def shifted(tmp_path: Path) -> dict[str, str]:
    found = clock.shifted(tmp_path, datetime(2031, 2, 3, 4, 5, tzinfo=UTC))
    if found is None:
        pytest.skip("there is no C compiler here")
    return dict(found)


def test_a_program_sees_the_other_day_and_time_passes_there_as_it_does_here(shifted: dict[str, str]) -> None:
    at, took = told(shifted, "time.monotonic() - a")
    passed = datetime.fromisoformat(at) - datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
    assert timedelta(seconds=-1) <= passed < timedelta(seconds=20), "the shift is of whole seconds"
    assert 0.1 <= float(took) < 2


def test_a_clock_that_is_stepped_is_stepped_for_who_runs_already(shifted: dict[str, str], tmp_path: Path) -> None:
    steps = clock.Steps(tmp_path)
    show = "import sys, time; print(time.time(), flush=True); sys.stdin.readline(); print(time.time())"
    with subprocess.Popen(
        [sys.executable, "-c", show],
        env={**os.environ, **shifted, **steps.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        before = float(running.stdout.readline())
        steps.by(-3_600)
        after, _ = running.communicate("\n")
    assert -3_601 < float(after) - before < -3_500


def test_without_a_shift_it_is_the_time_that_it_is(shifted: dict[str, str]) -> None:
    (at,) = told({**shifted, clock.SHIFT: os.environ.get(clock.SHIFT, "0")})
    assert abs(datetime.fromisoformat(at) - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_database_tells_the_same_time_as_the_tests(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    assert abs(row[0] - datetime.now(UTC)) < timedelta(seconds=5)
