"""What the catalogue's own pages take in."""

from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from models_registry.prices import lists
from models_registry.transfer import resources
from routerhub.audit.forms import ReasonedForm


class KeysField(forms.Field):
    """The ticked lines, by the keys that the comparison gave; a key that is none of them changes nothing."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[str]:
        return [str(each) for each in value or ()]


class ApplyForm(ReasonedForm):
    """Which lines of a price list to apply."""

    key = KeysField(label="Lines", error_messages={"required": "Choose at least one line."})


class PriceListForm(forms.Form):
    """Which price list is compared, and which of its new models are shown."""

    source = forms.CharField(required=False)
    online = forms.BooleanField(required=False)
    q = forms.CharField(required=False)

    @classmethod
    def asked(cls, query: MultiValueDict[str, str]) -> dict[str, Any]:
        """The first source where none is named."""
        form = cls(query)
        given = form.cleaned_data if form.is_valid() else {"online": False, "q": ""}
        return {**given, "source": given.get("source") or lists.SOURCES[0]}


class UploadForm(forms.Form):
    """A file to be imported into a table."""

    table = forms.ChoiceField(choices=[(name, name) for name in resources.TABLES])
    file = forms.FileField(error_messages={"required": "Choose a file."}, allow_empty_file=True)
