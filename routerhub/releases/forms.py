"""What the releases page takes in."""

from typing import Any

from django import forms

from routerhub.audit.forms import QueryForm, ReasonedForm
from routerhub.releases import lines, rollout, store


class LineForm(ReasonedForm):
    """Something that is done to one line. Its release and share are read by the buttons that need them."""

    line = forms.ChoiceField(widget=forms.HiddenInput)
    release = forms.IntegerField(required=False, min_value=0, widget=forms.Select)
    percent = forms.IntegerField(required=False, widget=forms.NumberInput(attrs={"min": 1, "max": rollout.EVERYBODY}))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field: Any = self.fields["line"]
        field.choices = [(name, name) for name in lines.names()]
        field.error_messages["invalid_choice"] = "There is no line '%(value)s'."
        self.fields["release"].error_messages["invalid"] = "Choose a release by its number."

    @classmethod
    def blank(cls, line: str, percent: int) -> "LineForm":
        """The form of a line before anything was chosen."""
        return cls(initial={"line": line, "percent": percent or 10}, auto_id=f"id_{line}_%s")


class RollOutForm(LineForm):
    """Needs both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name, problem in (
            ("release", "Choose the release to roll out."),
            ("percent", "Write for how many percent."),
        ):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = problem


class CompareForm(QueryForm):
    """Two releases of a line; without them, the newest and the one before it."""

    before = forms.IntegerField(required=False, min_value=0)
    after = forms.IntegerField(required=False, min_value=0)

    def chosen(self, line: str) -> tuple[int, int]:
        asked = self.asked()
        newest = next((each.number for each in store.listed(line)), 0)
        after = newest if asked["after"] is None else asked["after"]
        return max(after - 1, 0) if asked["before"] is None else asked["before"], after
