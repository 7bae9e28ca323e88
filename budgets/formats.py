"""Figures as pages write them, beside amounts of money (budgets.money): one rule for each kind, said once. Pure."""

from datetime import date, datetime, timedelta

from budgets.money import MINUS

THIN = "\N{NARROW NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"
"""Where nothing was measured, or nothing applies."""
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


def count(value: int) -> str:
    """38,214."""
    return f"{value:,}"


def tokens(value: int) -> str:
    """Whole below 10,000: 3,412, 505.3k, 36.04M."""
    if abs(value) < 10_000:
        return f"{value:,}"
    return f"{value / 1e3:.1f}k" if abs(value) < 999_950 else f"{value / 1e6:,.2f}M"


def percent(part: float, whole: float, decimals: int = 0) -> str:
    """72 %, of success with one decimal; a dash where there is no whole."""
    return f"{100 * part / whole:.{decimals}f}{THIN}%".replace("-", MINUS) if whole else NOTHING


def ratio(part: float, whole: float) -> str:
    """0.69."""
    return f"{part / whole:.2f}" if whole else NOTHING


def signed(value: float, decimals: int = 0) -> str:
    """With its sign and a true minus; what rounds to nothing has none."""
    text = f"{abs(value):.{decimals}f}"
    return text if not float(text) else f"{'+' if value > 0 else MINUS}{text}"


def change(now: float, before: float, decimals: int = 0) -> str:
    """By how much more or less, in per cent of what was before."""
    return f"{signed(100 * (now / before - 1), decimals)}{THIN}%" if before else NOTHING


def points(now: float, before: float) -> str:
    """By how much two shares differ: +0.2 points."""
    return f"{signed(100 * (now - before), 1)} points"


def duration(milliseconds: float) -> str:
    """Two digits: 4 ms, 510 ms, 6.1 s, 2 min 5 s, 3 h 20 min."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f}{THIN}ms"
    if milliseconds < 9_950:
        return f"{milliseconds / 1000:.1f}{THIN}s"
    if milliseconds < MINUTE_MS - 500:
        return f"{milliseconds / 1000:.0f}{THIN}s"
    if milliseconds < HOUR_MS - 30_000:
        minutes, seconds = divmod(round(milliseconds / 1000), 60)
        return f"{minutes}{THIN}min {seconds}{THIN}s"
    hours, minutes = divmod(round(milliseconds / MINUTE_MS), 60)
    return f"{hours}{THIN}h {minutes}{THIN}min"


def day(value: date) -> str:
    """28 Oct."""
    return f"{value.day} {value:%b}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago something was, and from a day on which day: 38 s ago, Mon 9:00, 3 Nov. Both in the reader's zone."""
    passed = now - moment
    if passed < timedelta(minutes=1):
        return f"{max(0, int(passed.total_seconds()))} s ago"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    if passed < timedelta(days=6):
        return f"{moment:%a} {moment.hour}:{moment:%M}"
    return _dated(moment, now)


def when(moment: datetime, now: datetime) -> str:
    """How long ago something was, or how soon it is: 38 s ago, in 5 min, in 3 h, Mon 9:00, 3 Nov."""
    ahead = moment - now
    if ahead <= timedelta(0):
        return ago(moment, now)
    if ahead < timedelta(hours=1):
        return f"in {ahead // timedelta(minutes=1) + 1} min"
    if ahead < timedelta(days=1):
        return f"in {ahead // timedelta(hours=1)} h"
    return f"{moment:%a} {moment.hour}:{moment:%M}" if ahead < timedelta(days=6) else _dated(moment, now)


def _dated(moment: datetime, now: datetime) -> str:
    return day(moment) if moment.year == now.year else f"{day(moment)} {moment.year}"
