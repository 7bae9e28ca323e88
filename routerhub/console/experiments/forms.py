"""What is asked for to begin a test and to end it. What a test may be is checked where the API checks it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from experiments.ab import choosing
from experiments.ab.choosing import Group
from experiments.ab.planning import Asked
from experiments.ab.statistics.measures import POINTS
from experiments.ab.telling import LABELS
from experiments.ab.types import Treatment
from experiments.choices import Allocation, Unit
from routerhub.console.forms import ConsoleForm, ReasonedConsoleForm

WHOSE = [("user", _("My requests alone")), ("account", _("All requests of the account"))]
UNITS = [
    (Unit.SESSION, _("Session: a conversation keeps its variant")),
    (Unit.USER, _("User: all that somebody asks has one")),
]
ALLOCATIONS = [
    (Allocation.FIXED, _("The shares stay as they are")),
    (Allocation.ADAPTIVE, _("New sessions go where it does better; no interval is told then")),
]  # fmt: skip
MARGINS: Mapping[str, str] = {"success_margin": "success", "latency_p95_margin": "latency_p95", "cost_margin": "cost"}
"""The fields of guardrails, with what each watches: in per cent or points."""
STEPS = (
    (_("What to compare"), ("name", "a", "b")),
    (_("For whom"), ("whose", "unit", "exposure")),
    (_("How it is split"), ("share_b", "allocation")),
    (_("What decides"), ("main",)),
    (_("What stops B by itself"), ("success_margin", "latency_p95_margin", "cost_margin", "budget_usd")),
    (_("How long"), ("planned_days", "effect")),
)
"""The fields by step, in the order in which they are asked for."""


def percent(
    label: Any, initial: float | None, most: int, hint: Any = "", least: float = 1, required: bool = True
) -> Any:
    return forms.DecimalField(
        label=label, initial=initial, min_value=Decimal(str(least)), max_value=most, required=required, help_text=hint,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip


class Whole(forms.IntegerField):
    widget = forms.TextInput(attrs={"inputmode": "numeric"})


class PlanForm(ConsoleForm):
    """All that a test is; by itself it works out how long that takes."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What is compared, as you will look for it later.")
    )
    a = forms.ChoiceField(label=_("A, what is there"), initial="same")
    b = forms.ChoiceField(label=_("B, what is tried"))
    whose = forms.ChoiceField(label=_("Whose requests"), choices=WHOSE, widget=forms.RadioSelect, initial="account")
    unit = forms.ChoiceField(
        label=_("What is assigned as a whole"), choices=UNITS, widget=forms.RadioSelect, initial=Unit.SESSION,
        help_text=_("By session, a request that names none takes no part. A test of one person goes by session."),
    )  # fmt: skip
    exposure = Whole(
        label=_("Takes part, in %"), initial=100, min_value=1, max_value=100,
        help_text=_("The others are asked of nothing, and are in no figure."),
    )  # fmt: skip
    share_b = Whole(label=_("Of them get B, in %"), initial=50, min_value=1, max_value=99)
    allocation = forms.ChoiceField(
        label=_("Later on"), choices=ALLOCATIONS, widget=forms.RadioSelect, initial=Allocation.FIXED
    )
    main = forms.ChoiceField(
        label=_("Main measure"), choices=list(LABELS.items()), initial="cost",
        help_text=_("Its interval is the narrowest. All others are shown too, and all hold together at 95 %."),
    )  # fmt: skip
    success_margin = percent(_("Success may be lower by, in points"), 2, 50, _("Empty: it is not watched."), 0.1, False)
    latency_p95_margin = percent(_("The slowest 5 % may be slower by, in %"), 20, 1000, "", 1, False)
    cost_margin = percent(_("A request may cost more by, in %"), None, 1000, "", 1, False)
    budget_usd = forms.DecimalField(
        label=_("B may cost in all, in USD"), required=False, min_value=Decimal("0.000000001"), max_digits=18, decimal_places=9,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), help_text=_("Empty: no more than your limits let it."),
    )  # fmt: skip
    planned_days = Whole(label=_("It ends by itself after, in days"), initial=14, min_value=1, max_value=365)
    effect = percent(
        _("What is to be found, in % or points"), 10, 1000, _("The smallest difference that matters to you."), 0.1
    )

    def __init__(self, *arguments: Any, groups: list[Group], extent: str | None, **options: Any) -> None:
        """`groups`: what can be chosen; `extent`: over whose tests the person's role goes."""
        super().__init__(*arguments, **options)
        for arm in ("a", "b"):
            field: Any = self.fields[arm]
            field.choices = groups if arm == "a" else [("", _("Choose…")), *groups]
        if extent != "account":
            self.fields["whose"] = forms.ChoiceField(
                label=WHOSE[0][1], choices=WHOSE[:1], widget=forms.HiddenInput, initial="user"
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("whose") == "user":
            cleaned["unit"] = Unit.SESSION
        return cleaned

    def steps(self) -> Iterator[dict[str, Any]]:
        """The fields as they are shown, by step."""
        for title, names in STEPS:
            yield {"title": title, "fields": [self[name] for name in names if not self[name].is_hidden]}

    def values(self) -> dict[str, Any]:
        """Columns of the test."""
        cleaned = self.cleaned_data
        same = ("name", "unit", "exposure", "share_b", "allocation", "main", "budget_usd", "planned_days")
        watched = [
            {"measure": measure, "margin": float(cleaned[name]) / 100}
            for name, measure in MARGINS.items() if cleaned[name] is not None
        ]  # fmt: skip
        arms = {arm: choosing.read(cleaned[arm]) for arm in ("a", "b")}
        return {**{name: cleaned[name] for name in same}, **arms, "guardrails": watched}

    def asked(self, account_id: int, user_id: int) -> Asked:
        """What the sample-size calculator is asked."""
        cleaned = self.cleaned_data
        effect = float(cleaned["effect"])
        return Asked(
            account_id=account_id, user_id=user_id if cleaned["whose"] == "user" else None, unit=cleaned["unit"],
            measure=cleaned["main"], effect=effect / 100, share_b=cleaned["share_b"] / 100, exposure=cleaned["exposure"] / 100,
        )  # fmt: skip

    @property
    def is_in_points(self) -> bool:
        """Whether the effect is meant so."""
        return self.cleaned_data["main"] in POINTS


class TestForm(ReasonedConsoleForm, PlanForm):
    """The same, to be kept."""

    __test__ = False


def initial_of(test: Any) -> dict[str, Any]:
    """What the form of a draft says."""
    margins = {each["measure"]: round(100 * each["margin"], 6) for each in test.guardrails}
    same = ("name", "unit", "exposure", "share_b", "allocation", "main", "budget_usd", "planned_days")
    return {
        **{name: getattr(test, name) for name in same}, "whose": "user" if test.user_id else "account",
        **{arm: choosing.written(Treatment(**getattr(test, arm))) for arm in ("a", "b")},
        **{name: margins.get(measure) for name, measure in MARGINS.items()},
    }  # fmt: skip
