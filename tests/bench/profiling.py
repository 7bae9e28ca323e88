"""Where RouterHub's time goes: one process under full load, sampled from outside, so that it runs as it always does."""

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.load import Mark, Outcome
from tests.bench.measuring import generate, load_of
from tests.bench.results import Cell
from tests.bench.stacks import Profile, count
from tests.bench.subjects import Subject, routerhub, upstream
from tests.installing import installed, python_package
from tests.stack import ROOT

PY_SPY_PACKAGE = "py-spy==0.4.3"
CLIENTS = 64
SAMPLES_PER_S = 250
MARGIN_S = 1
"""The load outlasts the sampling by this much."""
SHOWN = 30


def main(modes: Sequence[str], seconds: float) -> None:
    home = installed("profiler", PY_SPY_PACKAGE, partial(python_package, PY_SPY_PACKAGE))
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="routerhub-bench-")))
        source = running.enter_context(upstream(folder))
        _, (subject,) = running.enter_context(routerhub(source.urls[0], [1]))
        for mode in modes:
            file = folder / f"{mode}.txt"
            outcome = _sampled(home / "bin" / "py-spy", subject, Cell(mode=mode, clients=CLIENTS), seconds, file)
            profile = count(file.read_text().splitlines(), str(ROOT))
            print(f"\nprofile: {subject.line}, {mode}, {CLIENTS} clients, {outcome.rate:,.0f}/s while sampled")
            _show(profile, seconds)


def _sampled(py_spy: Path, subject: Subject, cell: Cell, seconds: float, file: Path) -> Outcome:
    """Load the subject and write its stacks to the file."""
    command = [str(py_spy), "record", "--pid", str(subject.pids[0]), "--duration", f"{seconds:.0f}"]
    command += ["--rate", str(SAMPLES_PER_S), "--format", "raw", "--threads", "--function", "--full-filenames"]
    samplers: list[subprocess.Popen[bytes]] = []

    def at(mark: Mark) -> None:
        if mark.share == 0:
            whole = [*command, "--output", str(file)]
            samplers.append(subprocess.Popen(whole, stdout=subprocess.DEVNULL, start_new_session=True))

    try:
        outcome = generate(load_of(subject, cell, seconds + MARGIN_S), at)
        samplers[0].wait()
    finally:
        for sampler in samplers:
            sampler.kill()
            sampler.wait()
    return outcome


def _show(profile: Profile, seconds: float) -> None:
    print(
        f"{profile.samples:,} samples of {seconds * SAMPLES_PER_S:,.0f} found its event loop at work\n\nBy package (own time):\n"
    )
    print(profile.shares(profile.packages, SHOWN))
    print("\nOwn time, what C code it calls included:\n")
    print(profile.shares(profile.own, SHOWN))
    print("\nTime with all that it calls:\n")
    print(profile.shares(profile.total, SHOWN), flush=True)
