"""What the tuning desk and the score matrix take in: every figure checked against its setting, problems beside the field."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from autorouter.configuration import bundles, compiler, save
from autorouter.configuration.bundles import DIMENSIONS, SCORE
from autorouter.configuration.tunables import SETTINGS, WEIGHTS, Setting
from autorouter.models import RouterConfiguration, validate_speed_bonuses
from routerhub.audit.forms import ReasonedForm

WHOLE = frozenset({"router_max_retries", "router_deadline_ms", "long_context_threshold"})
"""Settings that are counted and not measured."""
WEIGHT_NAMES = {f"weight_{complexity}_{tier}": (complexity, tier) for complexity, tier in WEIGHTS}
NUMBERS: Mapping[str, Setting] = {**SETTINGS, **{name: WEIGHTS[pair] for name, pair in WEIGHT_NAMES.items()}}
"""Every tuning value that is one number, by the name of its field."""


def plain(value: Decimal | float | None) -> str:
    """A figure without needless zeros: "0.7", "25"."""
    return "" if value is None else f"{Decimal(str(value)).normalize():f}"


def read_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle's `config` by the names of the form's fields. A weight that it does not list reads as None."""
    given = {**bundles.NEWER, **config}
    weights = {
        name: given["tier_weights"].get(complexity, {}).get(tier) for name, (complexity, tier) in WEIGHT_NAMES.items()
    }
    return {**{name: value for name, value in given.items() if name != "tier_weights"}, **weights}


def read_row(row: RouterConfiguration) -> dict[str, Any]:
    """The editable values by the names of the form's fields."""
    numbers = {name: compiler.plain(getattr(row, name)) for name in NUMBERS}
    others = ("speed_bonuses", "router_model", "classifies_with_model")
    return {**numbers, **{name: getattr(row, name) for name in others}}


def field_of(path: str) -> str | None:
    """The form's field for the path of a problem in a bundle, e.g. "config.tier_weights.simple.mid"."""
    head, _, rest = path.partition(".")
    name = rest.replace("tier_weights.", "weight_").replace(".", "_") if rest.startswith("tier_") else rest
    name = name.partition(".")[0]
    return name if head == "config" and (name in NUMBERS or name in TuningForm.base_fields) else None


class BonusesWidget(forms.Widget):
    """The list as two columns of fields: `speed_pattern` and `speed_points`, row by row."""

    def value_from_datadict(self, data: Mapping[str, Any], _files: Any, name: str) -> list[tuple[str, str]]:
        if not isinstance(data, MultiValueDict):
            return list(data.get(name) or [])
        return list(zip(data.getlist("speed_pattern"), data.getlist("speed_points"), strict=False))

    def value_omitted_from_data(self, _data: Any, _files: Any, _name: str) -> bool:
        return False


class BonusesField(forms.Field):
    """Pattern to points, out of the rows of the list. An empty row counts for nothing."""

    widget = BonusesWidget

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

    def validate(self, value: object) -> None:
        validate_speed_bonuses(value)


def _points(pattern: str, text: str) -> float | int:
    try:
        value = Decimal(text.strip())
    except ArithmeticError as problem:
        raise ValidationError(f"{pattern}: {text!r} is not a number.") from problem
    if not value.is_finite():
        raise ValidationError(f"{pattern}: {text!r} is not a number.")
    return compiler.plain(value) or 0


def _number_field(name: str, setting: Setting) -> forms.Field:
    allowed = f"Write a number from {plain(setting.low)} to {plain(setting.high)}."
    messages = {"min_value": allowed, "max_value": allowed, "required": allowed, "invalid": allowed}
    if name in WHOLE:
        whole = {**messages, "invalid": f"Write a whole number from {plain(setting.low)} to {plain(setting.high)}."}
        return forms.IntegerField(min_value=int(setting.low), max_value=int(setting.high), error_messages=whole)
    return forms.DecimalField(
        min_value=setting.low, max_value=setting.high, max_digits=9, decimal_places=4, error_messages=messages
    )


class TuningForm(ReasonedForm):
    """All tuning values, why they change, and for whom. The numeric fields are made from their settings."""

    speed_bonuses = BonusesField(required=False)
    router_model = forms.CharField(max_length=128)
    classifies_with_model = forms.BooleanField(required=False)
    how = forms.ChoiceField(choices=[("live", "live"), ("percent", "percent"), ("draft", "draft")])
    percent = forms.CharField(required=False)
    seen = forms.IntegerField()
    """The version of the values that the page showed."""

    def __init__(self, *arguments: Any, models: Iterable[str] = (), newest: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.models, self.newest = frozenset(models), newest
        self.fields.update({name: _number_field(name, setting) for name, setting in NUMBERS.items()})

    def clean_router_model(self) -> str:
        given: str = self.cleaned_data["router_model"]
        if given not in self.models:
            raise ValidationError(f"There is no model {given!r}.")
        return given

    def clean(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        cheap, mid = given.get("cheap_below"), given.get("mid_below")
        if cheap is not None and mid is not None and cheap > mid:
            self.add_error("cheap_below", f"{plain(cheap)} is above where premium begins, {plain(mid)}.")
        try:
            way = given.get("percent", "") if given.get("how") == "percent" else given.get("how", "")
            given["for_percent"] = save.read_share(way)
        except ValidationError as problem:
            self.add_error("percent" if given.get("how") == "percent" else "how", problem.messages)
        if "seen" in given and given["seen"] != self.newest:
            raise ValidationError("Somebody changed these values since you opened the page. Load it again to see them.")
        return given

    def values(self) -> dict[str, Any]:
        """The tuning values by the columns of RouterConfiguration."""
        names = (*NUMBERS, "speed_bonuses", "router_model", "classifies_with_model")
        return {name: self.cleaned_data[name] for name in names}

    def refuse(self, problems: Mapping[str, Iterable[str]]) -> None:
        """Tell what the release breaks, beside the field that it is about."""
        for path, texts in problems.items():
            name = path if path in self.fields else field_of(path)
            for text in texts:
                self.add_error(name, text if name else f"{path}: {text}")


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
        except ValueError as problem:
            raise ValidationError("The edited scores cannot be read.") from problem
        if not isinstance(given, dict) or not all(isinstance(scores, dict) and scores for scores in given.values()):
            raise ValidationError("The edited scores cannot be read.")
        if not given:
            raise ValidationError("Change at least one score.")
        cells = [(model, name, value) for model, scores in given.items() for name, value in scores.items()]
        problems = [text for cell in cells if (text := self._problem(*cell))]
        if problems:
            raise ValidationError(problems)
        return {
            model: {name: compiler.plain(value) or 0 for name, value in scores.items()}
            for model, scores in given.items()
        }

    def _problem(self, model: str, dimension: str, value: object) -> str | None:
        if model not in self.models:
            return f"There is no model {model!r}."
        if dimension not in DIMENSIONS:
            return f"{model}: {dimension!r} is none of {', '.join(DIMENSIONS)}."
        if not isinstance(value, Decimal) or SCORE.problem(value) or value != round(value, 2):
            allowed = f"a number from {plain(SCORE.low)} to {plain(SCORE.high)} with at most two decimals"
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
