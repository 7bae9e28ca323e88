"""Numbers as they are written in JSON, forms, headers and addresses: one rule for all that read them. Pure.

Python reads more than is meant: digits of every script, whole numbers of any length, and "1E-999999999", which is short
until it is written out.
"""

import re
from decimal import Decimal

MAX_CHARS = 40
MAX_EXPONENT = 30
_WHOLE = re.compile(r"[0-9]{1,18}")
_EXACT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def whole(text: str) -> int | None:
    """The number that a text of nothing but digits spells; None for any other text."""
    return int(text) if _WHOLE.fullmatch(text) else None


def exact(given: object) -> Decimal | None:
    """The number that a value of JSON is, or that a text spells; None for what is none, and beyond any sensible size."""
    if isinstance(given, bool) or not isinstance(given, Decimal | int | float | str):
        return None
    if isinstance(given, Decimal | int):
        return _bounded(Decimal(given))
    text = str(given).strip()
    return _bounded(Decimal(text)) if len(text) <= MAX_CHARS and _EXACT.fullmatch(text) else None


def _bounded(value: Decimal) -> Decimal | None:
    exponent = value.as_tuple().exponent
    is_sensible = isinstance(exponent, int) and exponent >= -MAX_EXPONENT and value.adjusted() <= MAX_EXPONENT
    return value if is_sensible else None


def may_be_one(given: object) -> bool:
    """Whether a field of numbers may read what it was given; whether it may be empty is the field's own to say."""
    return not isinstance(given, str) or not given.strip() or exact(given) is not None
