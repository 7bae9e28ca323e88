"""Amounts as programs and people read them: exact to the nano-dollar, spelled in this one place. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from budgets.choices import Measure
from budgets.types import to_usd

MIN_DECIMALS = 2
MINUS = "\N{MINUS SIGN}"


def usd(nano: int) -> str:
    """Decimal text for programs, without exponent: 0.0000495."""
    return f"{to_usd(nano):f}"


def named_amounts(measure: str, amounts: Mapping[str, int | None]) -> dict[str, Any]:
    """Amounts of a measure for programs, each under a name that tells it: {"spent_usd": "0.5"} or {"spent_tokens": 500}."""
    if measure == Measure.MONEY:
        return {f"{name}_usd": usd(each or 0) for name, each in amounts.items()}
    return {f"{name}_{measure}": each for name, each in amounts.items()}


def dollars(nano: int, is_sandbox: bool = False) -> str:
    """An amount for people: $0.0000495, $1,184.62; what the sandbox made up is marked as such."""
    whole, _, decimals = f"{to_usd(abs(nano)):,f}".partition(".")
    sign, mark = MINUS if nano < 0 else "", " (sandbox)" if is_sandbox and nano else ""
    return f"{sign}${whole}.{decimals.rstrip('0').ljust(MIN_DECIMALS, '0')}{mark}"


def rounded(nano: int) -> str:
    """An amount to look at: from a dollar on with two decimals, below with two significant digits. $1,184.62, $0.031."""
    amount = to_usd(abs(nano))
    digits = max(MIN_DECIMALS, 1 - amount.adjusted()) if amount else MIN_DECIMALS
    return f"{MINUS if nano < 0 else ''}${round(amount, digits):,f}"


def dollars_of_both(nano: int, sandbox_nano: int) -> str:
    """A sum of real money, and beside it what the sandbox made up: never the two as one."""
    return _of_both(nano, sandbox_nano, dollars)


def rounded_of_both(nano: int, sandbox_nano: int) -> str:
    """The same, to look at."""
    return _of_both(nano, sandbox_nano, rounded)


def _of_both(nano: int, sandbox_nano: int, write: Callable[[int], str]) -> str:
    made_up = f"{write(sandbox_nano)} (sandbox)" if sandbox_nano else ""
    real = write(nano) if nano or not made_up else ""
    return " + ".join(filter(None, [real, made_up]))
