"""What the tuning page and the score matrix take in. The fields of the tunables are made from their declaration."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from autorouter.configuration import save
from autorouter.configuration.bundles import DIMENSIONS, SCORE
from autorouter.configuration.tunables.columns import DECIMALS, MAX_DIGITS, PointsValidator
from autorouter.configuration.tunables.kinds import MODEL_ID_CHARS, Choice, Flag, ModelId, Number, PointsByPattern, text
from autorouter.configuration.tunables.shapes import COLUMNS, Column, column_at, crossed, json_number
from autorouter.models import RouterConfiguration
from routerhub import numerals
from routerhub.audit.forms import QueryForm, ReasonedForm
from routerhub.releases.types import MAX_LABEL_CHARS


def read_row(row: RouterConfiguration) -> dict[str, Any]:
    """The editable values by the names of the form's fields, numbers as JSON has them."""
    return {
        name: json_number(getattr(row, name)) if isinstance(column.kind, Number) else getattr(row, name)
        for name, column in COLUMNS.items()
    }


class PatternsWidget(forms.Widget):
    """The list as two columns of fields, PREFIX_pattern and PREFIX_points, row by row."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def value_from_datadict(self, data: Mapping[str, Any], _files: Any, name: str) -> list[tuple[str, str]]:
        if not isinstance(data, MultiValueDict):
            return list(data.get(name) or [])
        return list(zip(data.getlist(f"{self.prefix}_pattern"), data.getlist(f"{self.prefix}_points"), strict=False))

    def value_omitted_from_data(self, _data: Any, _files: Any, _name: str) -> bool:
        return False


class PatternsField(forms.Field):
    """Pattern to points, out of the rows of the list. An empty row counts for nothing."""

    def to_python(self, value: Iterable[tuple[str, str]] | None) -> dict[str, float | int]:
        found: dict[str, float | int] = {}
        for pattern, points in value or ():
            name = pattern.strip()
            if not name and not points.strip():
                continue
            if name in found:
                raise ValidationError(f"{name!r} is in the list twice.")
            found[name] = _points(name, points)
        return found


def _points(pattern: str, written: str) -> float | int:
    value = numerals.exact(written)
    if value is None:
        raise ValidationError(f"{pattern}: {written!r} is not a number.")
    return json_number(value)


def field_of(column: Column) -> forms.Field:
    """The form's field of a tunable, or of a cell of a table."""
    match column.kind:
        case Number() as number:
            return _number_field(number)
        case Flag():
            return forms.BooleanField(required=False)
        case Choice(options=options):
            return forms.ChoiceField(choices=list(options.items()))
        case ModelId():
            return forms.CharField(max_length=MODEL_ID_CHARS)
        case PointsByPattern(prefix=prefix):
            validators = [PointsValidator(column.name)]
            return PatternsField(required=False, widget=PatternsWidget(prefix), validators=validators)


def _number_field(number: Number) -> forms.Field:
    problems = dict.fromkeys(("min_value", "max_value", "required", "invalid"), number.allowed)
    if number.is_whole:
        return forms.IntegerField(min_value=int(number.low), max_value=int(number.high), error_messages=problems)
    return forms.DecimalField(
        min_value=number.low, max_value=number.high, max_digits=MAX_DIGITS, decimal_places=DECIMALS,
        error_messages=problems,
    )  # fmt: skip


class OpenForm(QueryForm):
    """The release whose values the tuning page opens with; without one, those in use."""

    release = forms.IntegerField(required=False, min_value=0)


class TuningForm(ReasonedForm):
    """All tunables, why they change, and for whom."""

    how = forms.ChoiceField(choices=[("live", "live"), ("percent", "percent"), ("draft", "draft")])
    percent = forms.CharField(required=False)
    label = forms.CharField(required=False, max_length=MAX_LABEL_CHARS)
    """What a draft is called; for others it counts for nothing, as `percent` does."""
    seen = forms.IntegerField()
    """The version of the values that the page showed."""

    def __init__(self, *arguments: Any, newest: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.newest = newest
        self.fields.update({name: field_of(column) for name, column in COLUMNS.items()})

    def clean(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        for name, problem in crossed(given).items():
            self.add_error(name, problem)
        try:
            way = given.get("percent", "") if given.get("how") == "percent" else given.get("how", "")
            given["for_percent"] = save.read_share(way)
        except ValidationError as problem:
            self.add_error("percent" if given.get("how") == "percent" else "how", problem.messages)
        if given.get("how") != "draft":
            given["label"] = ""
        if "seen" in given and given["seen"] != self.newest:
            raise ValidationError("Somebody changed these values since you opened the page. Load it again to see them.")
        return given

    def values(self) -> dict[str, Any]:
        """The tunables by the columns of RouterConfiguration."""
        return {name: self.cleaned_data[name] for name in COLUMNS}

    def refuse(self, problems: Mapping[str, Iterable[str]]) -> None:
        """Show what the release breaks, beside the field that it is about."""
        for path, texts in problems.items():
            name = path if path in self.fields else column_at(path)
            for each in texts:
                self.add_error(name, each if name else f"{path}: {each}")


Scores = dict[str, dict[str, float | int]]
"""Edited figures by model and dimension."""


class ScoresForm(ReasonedForm):
    """Edited scores, and what is true of all of them: source, date, whether they are estimates."""

    changes = forms.CharField(error_messages={"required": "Change at least one score."})
    source = forms.CharField(max_length=255, error_messages={"required": "Say where the figures are from."})
    dated = forms.DateField(error_messages={"required": "Say of which day the figures are."})
    is_estimated = forms.BooleanField(required=False)

    def __init__(self, *arguments: Any, models: Iterable[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.models = frozenset(models)

    def clean_changes(self) -> Scores:
        """Raises ValidationError with every problem, each by model and dimension."""
        try:
            given = json.loads(self.cleaned_data["changes"], parse_float=Decimal, parse_int=Decimal)
        except ValueError as unreadable:
            raise ValidationError("The edited scores cannot be read.") from unreadable
        if not isinstance(given, dict) or not all(isinstance(scores, dict) and scores for scores in given.values()):
            raise ValidationError("The edited scores cannot be read.")
        if not given:
            raise ValidationError("Change at least one score.")
        cells = [(model, name, value) for model, scores in given.items() for name, value in scores.items()]
        problems = [problem for cell in cells if (problem := self._problem(*cell))]
        if problems:
            raise ValidationError(problems)
        return {model: {name: json_number(value) for name, value in scores.items()} for model, scores in given.items()}

    def _problem(self, model: str, dimension: str, value: object) -> str | None:
        if model not in self.models:
            return f"There is no model {model!r}."
        if dimension not in DIMENSIONS:
            return f"{model}: {dimension!r} is none of {', '.join(DIMENSIONS)}."
        if not isinstance(value, Decimal) or SCORE.problem(value) or value != round(value, 2):
            allowed = f"a number from {text(SCORE.low)} to {text(SCORE.high)} with at most two decimals"
            return f"{model}, {dimension}: {value} is not {allowed}."
        return None

    def facts(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The scores as a bundle spells them."""
        given = self.cleaned_data
        dated: date = given["dated"]
        shared = {"source": given["source"], "dated": dated.isoformat(), "is_estimated": given["is_estimated"]}
        return {
            model: {name: {"value": value, **shared} for name, value in scores.items()}
            for model, scores in given["changes"].items()
        }
