"""The reason for a change, asked for everywhere in the same words."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

MAX_REASON_CHARS = 1_000
REASON_MISSING = "Say why: it is kept in the history, beside your name."


class ReasonedForm(forms.Form):
    """A form of a page that changes something."""

    reason = forms.CharField(
        max_length=MAX_REASON_CHARS,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in the history, beside your name.",
        error_messages={"required": REASON_MISSING},
    )
