"""What the releases' pages take in: for each deed what is chosen first, and then why."""

import copy
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from routerhub.audit.errors import ChangeRefused
from routerhub.audit.forms import QueryForm, ReasonedForm
from routerhub.releases import rollout, store, ways
from routerhub.releases.errors import NoRollout
from routerhub.releases.types import MAX_LABEL_CHARS
from routerhub.releases.ways import SHARE, WAYS, Way

MAX_LISTED = 25


class LineForm(forms.Form):
    """What is chosen before something is done to a line: nothing, where there is no choice."""

    def __init__(self, *arguments: Any, line: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.line = line

    @classmethod
    def completed(cls, asked: Mapping[str, str]) -> Mapping[str, str] | None:
        """What an address asks for, with what is usual; None where something is left to choose first."""
        return asked if all(name in asked for name in cls.base_fields) else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        try:
            self.demand(given)
        except ChangeRefused as refused:
            for path, problem in refused.problems.items():
                name = (path or "release").partition("[")[0]
                self.add_error(name if name in self.fields else None, problem)
        return given

    def demand(self, given: dict[str, Any]) -> None:
        """Raises ChangeRefused for what cannot be done with these values; those that were no values are missing."""


class PromoteChoice(LineForm):
    """No choice: the candidate is promoted."""

    def demand(self, given: dict[str, Any]) -> None:
        if rollout.pointer(self.line).candidate is None:
            raise NoRollout(self.line)


class ReleaseChoice(LineForm):
    """Which release."""

    release = forms.IntegerField(
        min_value=0, widget=forms.Select(attrs={"class": "in"}),
        error_messages={"required": "Choose a release.", "invalid": "Choose a release by its number."},
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        numbers = [(each.number, each.title) for each in store.listed(self.line)[:MAX_LISTED]]
        self.fields["release"].widget.choices = [("", "choose one"), *numbers, (0, "0, in the code")]

    def demand(self, given: dict[str, Any]) -> None:
        if "release" in given:
            rollout.demand_stored(self.line, given["release"])


class RollOutChoice(ReleaseChoice):
    """Which release, and in which way it goes out. Who only says a share means that way."""

    how = forms.CharField(required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for way in WAYS:
            self.fields.update(copy.deepcopy(dict(way.fields)))

    @classmethod
    def completed(cls, asked: Mapping[str, str]) -> Mapping[str, str] | None:
        if "release" not in asked:
            return None
        fields = {name: each for way in WAYS for name, each in way.fields.items()}
        usual = {name: str(each.initial) for name, each in fields.items()}
        return {**usual, "how": SHARE.name if "percent" in asked else WAYS[0].name, **asked}

    def clean_how(self) -> str:
        given = self.cleaned_data["how"] or SHARE.name
        if given not in {each.name for each in WAYS}:
            raise ValidationError(f"{given!r} is none of {', '.join(each.name for each in WAYS)}.")
        return given

    def demand(self, given: dict[str, Any]) -> None:
        super().demand(given)
        if not self.errors:
            ways.find(given["how"]).demand(self.line, given)

    def offered(self) -> list[tuple[Way, bool, list[forms.BoundField]]]:
        """Each way, whether it is the chosen one, and its fields."""
        chosen = self.data.get("how") or SHARE.name
        return [(each, each.name == chosen, [self[name] for name in each.fields]) for each in WAYS]


class RollOutForm(RollOutChoice, ReasonedForm):
    """The same, and why."""


class PromoteForm(PromoteChoice, ReasonedForm):
    """Why the candidate is promoted."""


class RollBackForm(ReleaseChoice, ReasonedForm):
    """To which release, and why."""


class SwitchForm(LineForm, ReasonedForm):
    """Why a switch is turned."""


class NameForm(ReasonedForm):
    """What a release is called, and why."""

    label = forms.CharField(
        label="Name", required=False, max_length=MAX_LABEL_CHARS, widget=forms.TextInput(attrs={"class": "in"})
    )


class UploadForm(forms.Form):
    """A release as it was downloaded elsewhere."""

    file = forms.FileField(
        widget=forms.FileInput(attrs={"accept": ".json,application/json", "class": "in"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )  # fmt: skip


class StoreForm(NameForm):
    """The same file once its differences were seen, to be stored as a draft."""

    content = forms.CharField(widget=forms.HiddenInput)


class CompareForm(QueryForm):
    """Two releases of a line. Without them the newest is compared with what is live, and what is live with what was before it."""

    before = forms.IntegerField(required=False, min_value=0)
    after = forms.IntegerField(required=False, min_value=0)

    def chosen(self, line: str) -> tuple[int, int]:
        asked = self.asked()
        newest = next((each.number for each in store.listed(line)), 0)
        after = newest if asked["after"] is None else asked["after"]
        return rollout.compared_with(line, after) if asked["before"] is None else asked["before"], after
