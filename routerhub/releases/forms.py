"""What the releases page takes in."""

from typing import Any

from django import forms

from routerhub.audit.forms import ReasonedForm
from routerhub.releases import lines, store


class LineForm(ReasonedForm):
    """Something that is done to one line."""

    line = forms.ChoiceField()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["line"].choices = [(name, name) for name in lines.names()]  # type: ignore[attr-defined]


class RollBackForm(LineForm):
    """Without a release: the one before."""

    release = forms.IntegerField(required=False, min_value=0)


class RollOutForm(LineForm):
    release = forms.IntegerField(min_value=0, error_messages={"required": "Choose the release to roll out."})
    percent = forms.IntegerField(min_value=1, max_value=100)


class CompareForm(forms.Form):
    """Two releases of a line; without them, the newest and the one before it."""

    before = forms.IntegerField(required=False, min_value=0)
    after = forms.IntegerField(required=False, min_value=0)

    def chosen(self, line: str) -> tuple[int, int]:
        given = self.cleaned_data if self.is_valid() else {}
        newest = next((each.number for each in store.listed(line)), 0)
        after = newest if given.get("after") is None else given["after"]
        return max(after - 1, 0) if given.get("before") is None else given["before"], after
