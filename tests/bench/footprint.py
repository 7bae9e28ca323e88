"""CPU time and memory of whole process trees, from Linux's /proc."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KB_PER_MB = 1_024
# Fields of /proc/PID/stat after the program's name (which may contain spaces and brackets): see proc(5).
PARENT, TIMES = 1, slice(11, 15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """What some processes and their descendants have used and hold now."""

    cpu_s: float
    """User and system time, that of ended and waited-for children included."""
    rss_mb: float
    peak_mb: float
    """The sum of each process's own highest RSS."""


def footprint(roots: Iterable[int]) -> Footprint:
    """Of the processes and all below them. Processes that end meanwhile count nothing."""
    pids = tree(roots)
    memory = [_memory_mb(pid) for pid in pids]
    return Footprint(
        cpu_s=sum(_cpu_s(pid) for pid in pids),
        rss_mb=sum(rss for rss, _ in memory),
        peak_mb=sum(peak for _, peak in memory),
    )


def proportional_mb(roots: Iterable[int]) -> float:
    """Memory with shared pages counted once: PostgreSQL's processes share their buffers, so a sum of RSS says little."""
    return sum(_kb(pid, "smaps_rollup").get("Pss", 0) for pid in tree(roots)) / KB_PER_MB


def tree(roots: Iterable[int]) -> set[int]:
    """The processes and their descendants."""
    children: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[PARENT]), []).append(int(folder.name))
    found, to_visit = set[int](), list(roots)
    while to_visit:
        pid = to_visit.pop()
        found.add(pid)
        to_visit += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cpu_s(pid: int) -> float:
    return sum(int(ticks) for ticks in _stat(pid)[TIMES]) / TICKS_PER_S


def _memory_mb(pid: int) -> tuple[float, float]:
    """RSS and its peak."""
    lines = _kb(pid, "status")
    return lines.get("VmRSS", 0) / KB_PER_MB, lines.get("VmHWM", 0) / KB_PER_MB


def _kb(pid: int, file: str) -> dict[str, int]:
    """The lines of a file that are in kB, by name."""
    try:
        lines = (PROC / str(pid) / file).read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    parts = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): int(amount) for name, amount, _ in parts}
