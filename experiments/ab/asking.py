"""What the forms of a test ask, in the console and in the admin."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from autorouter.models import Policy
from autorouter.types import COST_TIERS
from experiments.ab.checking import WITHOUT_VALUE
from experiments.ab.types import Measure
from experiments.choices import Allocation, TreatmentKind, Unit
from experiments.choices import Measure as MeasureChoice
from experiments.models import Experiment
from models_registry.catalogue import compiler

GUARDED: Mapping[Measure, tuple[str, Any, Any]] = {
    "success": ("guard_success", _("Success, at most lower by"), _("points")),
    "latency_p95": ("guard_latency", _("Slowest 5 %, at most slower by"), _("percent")),
    "cost": ("guard_cost", _("Cost per request, at most dearer by"), _("percent")),
}
"""The guardrails that forms ask for: the field, its label and its unit. Others are set by API."""
GROUPS: Sequence[tuple[Any, Sequence[str]]] = (
    (_("What is compared"), ("name", "question", "a_kind", "a_value", "b_kind", "b_value")),
    (_("Who takes part"), ("account", "user", "unit", "share_b", "exposure", "allocation")),
    (_("By what it is judged"), ("main", "guard_success", "guard_latency", "guard_cost", "budget_usd", "planned_days")),
)
VALUES_ID = "treatment-values"
"""Of the list of names to choose from, which the page of a form has."""
EXAMPLES = _("Its name or id; of preferences and releases the number.")


def named() -> forms.TextInput:
    """A field that offers the names which are there."""
    return forms.TextInput(attrs={"list": VALUES_ID, "autocomplete": "off"})


def names() -> list[str]:
    """What a variant can be called: models, providers, policies and cost tiers."""
    policies = Policy.objects.filter(is_active=True).values_list("name", flat=True)
    return [*compiler.model_ids(), *compiler.provider_names(), *sorted(policies), *COST_TIERS]


class ValuesForm(forms.Form):
    """What may be changed while a test is under way."""

    name = forms.CharField(label=_("Name"), max_length=100)
    question = forms.CharField(
        label=_("Question"), max_length=300, required=False, help_text=_("What is to be found out.")
    )
    share_b = forms.IntegerField(label=_("Share of B"), min_value=1, max_value=99, initial=50, help_text=_("percent"))
    exposure = forms.IntegerField(
        label=_("Takes part"), min_value=1, max_value=100, initial=100, help_text=_("percent of all units")
    )
    main = forms.ChoiceField(label=_("Main measure"), choices=MeasureChoice.choices, initial="cost")
    guard_success = forms.FloatField(required=False, min_value=0.1, max_value=50)
    guard_latency = forms.FloatField(required=False, min_value=1, max_value=1000)
    guard_cost = forms.FloatField(required=False, min_value=1, max_value=1000)
    budget_usd = forms.DecimalField(
        label=_("Budget of the test"), required=False, min_value=0, max_digits=18, decimal_places=9,
        help_text=_("USD that B may cost in all"),
    )  # fmt: skip
    planned_days = forms.IntegerField(label=_("Planned days"), min_value=1, max_value=365, initial=14)
    allocation = forms.ChoiceField(label=_("Allocation"), choices=Allocation.choices, initial="fixed")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for field, label, unit in GUARDED.values():
            self.fields[field].label, self.fields[field].help_text = label, unit

    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields as they stand together, with a heading each; the reason stands alone."""
        shown = [(title, [self[name] for name in names if name in self.fields]) for title, names in GROUPS]
        return [(title, fields) for title, fields in shown if fields]

    def values(self, before: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """As lifecycle takes them. `before`: the guardrails that are there, of which those that no field asks for stay."""
        given = dict(self.cleaned_data)
        margins = {measure: given.pop(field) for measure, (field, _label, _unit) in GUARDED.items()}
        given.pop("reason", None)
        rails = [
            {"measure": name, "margin": round(each / 100, 8)} for name, each in margins.items() if each is not None
        ]
        return {**given, "guardrails": [*rails, *(each for each in before if each["measure"] not in GUARDED)]}


class DraftForm(ValuesForm):
    """All that a draft says but whose it is."""

    a_kind = forms.ChoiceField(label=_("Variant A"), choices=TreatmentKind.choices, initial="same")
    a_value = forms.CharField(label=_("which"), required=False, max_length=160, help_text=EXAMPLES, widget=named())
    b_kind = forms.ChoiceField(label=_("Variant B"), choices=TreatmentKind.choices, initial="model")
    b_value = forms.CharField(label=_("which"), required=False, max_length=160, help_text=EXAMPLES, widget=named())
    unit = forms.ChoiceField(
        label=_("Assigned by"),
        choices=Unit.choices,
        required=False,
        help_text=_("A test for one person assigns by session."),
    )
    field_order = ("name", "question", "a_kind", "a_value", "b_kind", "b_value", "unit")

    def values(self, before: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        given = super().values(before)
        for arm in "ab":
            kind, value = given.pop(f"{arm}_kind"), given.pop(f"{arm}_value")
            given[arm] = {"kind": kind} if kind in WITHOUT_VALUE and not value else {"kind": kind, "value": value}
        return given


def initial(test: Experiment) -> dict[str, Any]:
    """What stands in the form of a test that is there."""
    margins = {each["measure"]: round(100 * each["margin"], 6) for each in test.guardrails}
    arms = {f"{arm}_{part}": getattr(test, arm).get(part, "") for arm in "ab" for part in ("kind", "value")}
    fields = ("name", "question", "unit", "share_b", "exposure", "main", "budget_usd", "planned_days", "allocation")
    return {
        **{name: getattr(test, name) for name in fields}, **arms,
        **{field: margins.get(measure) for measure, (field, _label, _unit) in GUARDED.items()},
    }  # fmt: skip
