"""What the releases' pages take in: for each deed what is chosen first, and then why."""

from typing import Any

from django import forms

from routerhub.audit.errors import ChangeRefused
from routerhub.audit.forms import QueryForm, ReasonedForm
from routerhub.releases import rollout, store
from routerhub.releases.errors import NoRollout

MAX_LISTED = 25


class LineForm(forms.Form):
    """What is chosen before something is done to a line: nothing, where there is no choice."""

    def __init__(self, *arguments: Any, line: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.line = line

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        try:
            self.demand(given)
        except ChangeRefused as refused:
            for path, problem in refused.problems.items():
                self.add_error((path or "release") if (path or "release") in self.fields else None, problem)
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
        min_value=0, widget=forms.Select,
        error_messages={"required": "Choose a release.", "invalid": "Choose a release by its number."},
    )  # fmt: skip

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        numbers = [(each.number, each.title) for each in store.listed(self.line)[:MAX_LISTED]]
        self.fields["release"].widget.choices = [("", "choose one"), *numbers, (0, "0, in the code")]

    def demand(self, given: dict[str, Any]) -> None:
        if "release" in given:
            rollout.demand_stored(self.line, given["release"])


class ShareChoice(ReleaseChoice):
    """Which release, and for how many of the users."""

    percent = forms.IntegerField(
        label="Percent of the users", widget=forms.NumberInput(attrs={"min": 1, "max": rollout.EVERYBODY}),
        error_messages=dict.fromkeys(("required", "invalid"), "Write for how many percent of the users, 1 to 100."),
    )  # fmt: skip

    def demand(self, given: dict[str, Any]) -> None:
        super().demand(given)
        if "percent" in given:
            rollout.demand_share(given["percent"])


class RollOutForm(ShareChoice, ReasonedForm):
    """The same, and why."""


class PromoteForm(PromoteChoice, ReasonedForm):
    """Why the candidate is promoted."""


class RollBackForm(ReleaseChoice, ReasonedForm):
    """To which release, and why."""


class SwitchForm(LineForm, ReasonedForm):
    """Why a switch is turned."""


class CompareForm(QueryForm):
    """Two releases of a line; without them, the newest and the one before it."""

    before = forms.IntegerField(required=False, min_value=0)
    after = forms.IntegerField(required=False, min_value=0)

    def chosen(self, line: str) -> tuple[int, int]:
        asked = self.asked()
        newest = next((each.number for each in store.listed(line)), 0)
        after = newest if asked["after"] is None else asked["after"]
        return max(after - 1, 0) if asked["before"] is None else asked["before"], after
