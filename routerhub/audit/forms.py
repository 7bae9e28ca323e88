"""What pages take in: the reason for a change, asked for everywhere in the same words; a button; what an address asks for."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from routerhub import numerals

MAX_REASON_CHARS = 1_000
REASON_MISSING = "Say why: it is kept in the history, beside your name."
REASON_HINT = "kept in the history, beside your name"


class NumericForm(forms.BaseForm):
    """Mixed into every form: reads numbers by the one rule for all of them."""

    def full_clean(self) -> None:
        super().full_clean()
        for name, field in self.fields.items():
            is_number = isinstance(field, forms.IntegerField)  # and every other kind of number, which derive from it
            if is_number and not field.disabled and not numerals.may_be_one(self[name].data):
                self.errors.pop(name, None)
                self.add_error(name, field.error_messages["invalid"])


class ReasonedForm(NumericForm, forms.Form):
    """A form of a page that changes something."""

    reason = forms.CharField(
        max_length=MAX_REASON_CHARS,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": REASON_HINT}),
        error_messages={"required": REASON_MISSING},
    )


class ActionForm(forms.Form):
    """Which button was pressed. A page with one button need not name it."""

    action = forms.CharField(required=False)

    def __init__(self, *arguments: Any, actions: Collection[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.actions = actions

    def clean_action(self) -> str:
        given: str = self.cleaned_data["action"]
        if given not in self.actions:
            raise ValidationError(f"{given!r} is not an action of this page.")
        return given


class QueryForm(NumericForm, forms.Form):
    """What the address of a page asks for."""

    def asked(self) -> dict[str, Any]:
        """What is asked for, by field. What is not given, or makes no sense, is the field's initial value."""
        self.is_valid()
        given = getattr(self, "cleaned_data", {})
        return {
            name: field.initial if given.get(name) in (None, "") else given[name] for name, field in self.fields.items()
        }
