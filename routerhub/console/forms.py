"""Forms of the console: fields in its looks, and a reason where traffic or money is changed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from routerhub.audit.forms import MAX_REASON_CHARS, REASON_MISSING, NumericForm

BARE = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.HiddenInput)
"""What is drawn without the frame of a field."""


class ConsoleForm(NumericForm, forms.Form):
    """Shown by console/parts/field.html, a field at a time."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for field in self.fields.values():
            if not isinstance(field.widget, BARE):
                field.widget.attrs.setdefault("class", "in")
            field.widget.attrs.setdefault("autocomplete", "off")


class ReasonedConsoleForm(ConsoleForm):
    """Of a deed that is kept in the history."""

    reason = forms.CharField(
        label=_("Reason"), max_length=MAX_REASON_CHARS, help_text=_("Kept in the history, beside your name."),
        error_messages={"required": REASON_MISSING},
    )  # fmt: skip
