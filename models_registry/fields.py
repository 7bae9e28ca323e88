"""A column for money rates that keeps every digit of its source."""

from decimal import Decimal
from typing import Any

from django.core.checks import CheckMessage
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

MAX_RATE = Decimal(1_000_000)


class RateField(models.DecimalField):  # type: ignore[type-arg]  # not subscriptable when the program runs
    """USD per 1M tokens as an exact Decimal, or None where there is no such rate.

    A column with a fixed scale rounds, and sources do publish figures such as 0.041666666666666664. PostgreSQL's plain
    `numeric` gives back what was stored, digit by digit.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("help_text", "USD per 1M tokens")
        kwargs.setdefault(
            "validators",
            [
                MinValueValidator(Decimal(0), "A price is never negative."),
                MaxValueValidator(MAX_RATE, f"A price is at most {MAX_RATE:,} USD per 1M tokens."),
            ],
        )
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """The checks of any field: those of DecimalField ask for the scale that this one has not."""
        return models.Field.check(self, **kwargs)
