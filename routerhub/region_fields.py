"""The column for a list of regions, the same wherever one is kept."""

from collections.abc import Collection
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db.models import CharField

from routerhub import regions


def regions_field(help_text: str) -> "ArrayField[Any, Any]":
    name: Any = CharField(max_length=regions.MAX_CHARS)
    return ArrayField(name, default=list, blank=True, validators=[validate], help_text=help_text)


def validate(names: Collection[object]) -> None:
    """Raises ValidationError."""
    if problem := regions.problem(names):
        raise ValidationError(problem)
