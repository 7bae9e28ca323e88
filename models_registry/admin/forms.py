"""What the catalogue's own pages take in."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from models_registry.models import Model
from models_registry.prices import lists
from models_registry.transfer import resources
from routerhub.audit.forms import QueryForm, ReasonedForm


class KeysField(forms.Field):
    """The ticked lines, by the keys that the comparison gave."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [str(each) for each in value or ()]


class ApplyForm(ReasonedForm):
    """Which lines of a price list to apply."""

    key = KeysField(label="Lines", error_messages={"required": "Choose at least one line."})


class PriceListQuery(QueryForm):
    """Which price list is compared, and which of its new models are shown."""

    source = forms.CharField(required=False, initial=lists.SOURCES[0])
    online = forms.BooleanField(required=False, initial=False)
    q = forms.CharField(required=False, initial="")


class UploadForm(forms.Form):
    """A file to be imported into a table."""

    table = forms.ChoiceField(
        choices=[(name, name) for name in resources.TABLES],
        error_messages={"invalid_choice": f"'%(value)s' is not one of {', '.join(resources.TABLES)}."},
    )
    file = forms.FileField(
        label="JSON, CSV or XLSX", error_messages={"required": "Choose a file."}, allow_empty_file=True,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ",".join(f".{name}" for name in resources.FORMATS)}),
    )  # fmt: skip


class DuplicateForm(ReasonedForm):
    """The id of a copy."""

    id = forms.CharField(max_length=128, help_text="provider:name of the copy", widget=UnfoldAdminTextInputWidget)
    field_order = ["id", "reason"]


class DeprecateForm(ReasonedForm):
    """From when a model is no longer chosen, and who follows it."""

    deprecated_from = forms.DateField(
        help_text="From this day on it is no longer chosen.", widget=UnfoldAdminSingleDateWidget
    )
    successor = forms.ModelChoiceField(
        Model.objects.all(), to_field_name="identifier", required=False, widget=UnfoldAdminSelectWidget,
        help_text="Who names the old model gets this one.",
    )  # fmt: skip
    field_order = ["deprecated_from", "successor", "reason"]
