"""What the backtest page takes in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from autorouter.types import CATEGORIES, COMPLEXITIES, READERS
from budgets.people import naming
from experiments.errors import BadSlice
from experiments.replay.backtest import MAX_REPLAYED, Pair
from experiments.replay.traffic import MAX_REQUESTS, Slice, read_moment
from routerhub.audit.forms import NumericForm
from routerhub.releases import lines, store

ALLOWED = f"Write a number from 1 to {MAX_REPLAYED:,}."


def _share_field(label: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, required=False, min_value=0, max_value=1, widget=forms.NumberInput(attrs={"placeholder": "0 to 1"}),
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid"), "Write a number from 0 to 1."),
    )  # fmt: skip


class MomentField(forms.CharField):
    """A moment, or an age such as 7d."""

    def clean(self, value: Any) -> Any:
        try:
            return read_moment("since", super().clean(value))
        except BadSlice as problem:
            raise ValidationError(problem.message) from problem


class BacktestForm(NumericForm, forms.Form):
    """Which releases are tried, over which requests. None of a line: the one that is live."""

    limit = forms.IntegerField(
        label="Newest requests", initial=MAX_REQUESTS, min_value=1, max_value=MAX_REPLAYED,
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid", "required"), ALLOWED),
    )  # fmt: skip
    since = MomentField(required=False, widget=forms.TextInput(attrs={"placeholder": "2026-11-01 or 7d"}))
    account = forms.CharField(required=False, widget=forms.TextInput(attrs={"placeholder": "all"}))
    category = forms.ChoiceField(required=False, choices=[("", "all"), *((each, each) for each in CATEGORIES)])
    complexity = forms.ChoiceField(required=False, choices=[("", "all"), *((each, each) for each in COMPLEXITIES)])
    read_by = forms.ChoiceField(
        label="Read by", required=False, choices=[("", "anybody"), *((each, each) for each in READERS)]
    )
    min_confidence = _share_field("Confidence from")
    max_confidence = _share_field("Confidence to")
    task_type = forms.CharField(required=False)
    model = forms.CharField(required=False)
    tag = forms.CharField(required=False)
    instead = forms.CharField(
        label="If this model took them",
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "the router decides"}),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lines = {line: _release_field(line) for line in lines.names()}
        self.fields = {**self.lines, **self.fields}

    def pair(self) -> Pair:
        """The releases that were asked for."""
        return Pair(**{line: self.cleaned_data[line] for line in self.lines})

    def slice(self) -> Slice:
        """The requests that were asked for."""
        names = (
            "limit", "since", "category", "complexity", "read_by", "min_confidence", "max_confidence", "task_type",
            "model", "tag",
        )  # fmt: skip
        return Slice(account_id=self.cleaned_data["account"], **{name: self.cleaned_data[name] for name in names})

    def clean_account(self) -> int | None:
        slug = self.cleaned_data["account"]
        try:
            return naming.account_of(slug).id if slug else None
        except ValidationError as unknown:
            raise ValidationError(unknown.message_dict["account"]) from unknown


def _release_field(line: str) -> forms.Field:
    numbers = [(each.number, each.title) for each in store.listed(line)]
    return forms.IntegerField(
        label=f"{line.capitalize()} release", required=False, min_value=0,
        widget=forms.Select(choices=[("", "live"), *numbers, (0, "0, in the code")]),
        error_messages={"invalid": "Choose a release by its number."},
    )  # fmt: skip
