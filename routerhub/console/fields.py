"""Fields that forms of the console share."""

from typing import Any

from django import forms


class Lines(forms.CharField):
    """A list, one to a line or parted by commas."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 2}), **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [each.strip() for each in (value or "").replace(",", "\n").splitlines() if each.strip()]


class Boxes(forms.MultipleChoiceField):
    """Several of a few, each with its box."""

    widget = forms.CheckboxSelectMultiple


class Picker(forms.MultipleChoiceField):
    """Several of a long list, by names: works by keys, and without script."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.SelectMultiple(attrs={"size": 6}), **options)
