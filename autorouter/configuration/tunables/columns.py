"""The columns of the tunables in the database, made from their declaration."""

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.deconstruct import deconstructible

from autorouter.configuration.tunables.kinds import (
    MODEL_ID_CHARS,
    Choice,
    Flag,
    ModelId,
    Number,
    PointsByPattern,
    scale,
)
from autorouter.configuration.tunables.shapes import COLUMNS, Column, crossed

MAX_DIGITS, DECIMALS = 9, 4
CHOICE_CHARS = 16


@deconstructible
class PointsValidator:
    """Refuses what is no object of pattern to points, in the words of the tunable of that name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, value: object) -> None:
        kind = COLUMNS[self.name].kind
        if isinstance(kind, PointsByPattern) and (problem := kind.problem(value)):
            raise ValidationError(problem)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PointsValidator) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


def column(tunable: Column) -> "models.Field[Any, Any]":
    """The column of a tunable, or of a cell of a table."""
    label = tunable.label[0].lower() + tunable.label[1:]
    words: dict[str, Any] = {"verbose_name": label, "help_text": f"{tunable.help} {scale(tunable.kind)}"}
    match tunable.kind:
        case Number() as number:
            return _number(number, words)
        case Flag(default=default):
            return models.BooleanField(default=default, **words)
        case Choice(default=default, options=options):
            return models.CharField(max_length=CHOICE_CHARS, default=default, choices=list(options.items()), **words)
        case ModelId(default=default):
            return models.CharField(max_length=MODEL_ID_CHARS, default=default, **words)
        case PointsByPattern(default=default):
            validators = [PointsValidator(tunable.name)]
            return models.JSONField(default=partial(dict, dict(default)), blank=True, validators=validators, **words)


def _number(number: Number, words: dict[str, Any]) -> "models.Field[Any, Any]":
    if number.is_whole:
        ends = [MinValueValidator(int(number.low), number.allowed), MaxValueValidator(int(number.high), number.allowed)]
        return models.PositiveIntegerField(default=int(number.default), validators=ends, **words)
    return models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMALS, default=number.default,
        validators=[MinValueValidator(number.low, number.allowed), MaxValueValidator(number.high, number.allowed)],
        **words,
    )  # fmt: skip


class Tuned(models.Model):
    """A table with a column for each tunable."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        # The columns are made below, where a type checker does not see them.
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def clean(self) -> None:
        """Raises ValidationError for values that may not be above one another."""
        super().clean()
        if problems := crossed({name: self._number(name) for name in COLUMNS}):
            raise ValidationError(dict(problems))

    def _number(self, name: str) -> Decimal | int | None:
        value = getattr(self, name)
        return value if isinstance(value, Decimal | int) else None


for _each in COLUMNS.values():
    Tuned.add_to_class(_each.name, column(_each))
