"""What a test may be: its variants, its guardrails, and whose requests it is about."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError

from autorouter.models import Policy, Preferences
from autorouter.types import COST_TIERS
from experiments.ab.types import Guardrail, Treatment
from experiments.choices import Allocation, Measure, TreatmentKind, Unit
from models_registry.catalogue import compiler
from routerhub.releases import store

ROUTER = "router"
WITHOUT_VALUE = frozenset({"same", "shuffle"})
MAX_MARGINS: Mapping[str, float] = {
    "success": 0.5, "fallback": 0.5, "satisfaction": 0.5, "latency": 10, "latency_p95": 10, "ttft": 10, "cost": 10,
}  # fmt: skip
"""What a guardrail may watch, and the most that it may let pass: points as a share, or times and costs by those of A."""


def check(test: Any) -> None:
    """That a test can be run as it stands. Raises ValidationError with every problem, by field."""
    problems: dict[str, str] = {}
    for field, problem in _problems(test):
        problems.setdefault(field, problem)
    if problems:
        raise ValidationError(problems)


def treatment(given: Any) -> Treatment:
    """A variant as JSON. Raises ValueError with what is wrong."""
    if not isinstance(given, Mapping) or not {"kind"} <= given.keys() <= {"kind", "value"}:
        raise ValueError('Write the kind and the value, e.g. {"kind": "provider", "value": "openai"}.')
    kind, value = given["kind"], given.get("value", "")
    if kind not in TreatmentKind.values:
        raise ValueError(f"{kind!r} is none of {', '.join(TreatmentKind.values)}.")
    if not isinstance(value, str) or (value == "") != (kind in WITHOUT_VALUE):
        wanted = "no value" if kind in WITHOUT_VALUE else "a value, a text,"
        raise ValueError(f"{kind} takes {wanted} and {value!r} was given.")
    return Treatment(kind=kind, value=value)


def guardrails(given: Any) -> tuple[Guardrail, ...]:
    """Guardrails as JSON. Raises ValueError with what is wrong."""
    if not isinstance(given, list):
        raise ValueError('Write a list, e.g. [{"measure": "success", "margin": 0.02}].')
    found = tuple(map(_guardrail, given))
    if len({each.measure for each in found}) < len(found):
        raise ValueError("A measure is in the list twice.")
    return found


def _guardrail(given: Any) -> Guardrail:
    if not isinstance(given, Mapping) or given.keys() != {"measure", "margin"}:
        raise ValueError(f'Write {{"measure": "success", "margin": 0.02}}; {given!r} was given.')
    measure, margin = given["measure"], given["margin"]
    if measure not in MAX_MARGINS:
        raise ValueError(f"{measure!r} is none of {', '.join(MAX_MARGINS)}.")
    most = MAX_MARGINS[measure]
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 < margin <= most:
        raise ValueError(f"A margin of {measure} is above 0 and at most {most:g}; {margin!r} was given.")
    return Guardrail(measure=measure, margin=float(margin))


def _problems(test: Any) -> Iterator[tuple[str, str]]:
    yield from _problems_of_scope(test)
    found = {}
    for arm in ("a", "b"):
        try:
            found[arm] = treatment(getattr(test, arm))
        except ValueError as wrong:
            yield arm, str(wrong)
        else:
            known = KNOWN.get(found[arm].kind)
            if known and (problem := known(test, found[arm].value)):
                yield arm, problem
    if len(found) == 2 and found["a"] == found["b"] and found["a"].kind != "same":
        yield "b", 'It is the same as A. To test the test itself, write {"kind": "same"} for both.'
    try:
        guardrails(test.guardrails)
    except ValueError as wrong:
        yield "guardrails", str(wrong)
    if test.allocation == Allocation.ADAPTIVE and test.unit != Unit.SESSION:
        yield (
            "allocation",
            "Shares that follow what is seen take a test by session: only a session remembers what it got.",
        )
    if test.main not in Measure.values:
        yield "main", f"{test.main!r} is none of {', '.join(Measure.values)}."


def _problems_of_scope(test: Any) -> Iterator[tuple[str, str]]:
    if test.user_id is None:
        return
    if test.account_id is None:
        yield "account", "A test for one person is of an account of theirs: name it."
        return
    if not test.account.memberships.filter(user=test.user_id, is_active=True).exists():
        yield "user", f"{test.user} is no member of {test.account}."
    if test.unit != Unit.SESSION:
        yield "unit", "A test for one person assigns by session: their requests are all of one user."


def _provider(_test: Any, name: str) -> str:
    known = compiler.provider_names()
    return "" if name in known else f"There is no provider {name!r} in the catalogue."


def _model(_test: Any, name: str) -> str:
    return "" if name in compiler.model_ids() else f"There is no model {name!r} in the catalogue."


def _policy(_test: Any, name: str) -> str:
    known = Policy.objects.filter(is_active=True).values_list("name", flat=True)
    return "" if name in known else f"There is no active policy {name!r}. There are {', '.join(sorted(known))}."


def _preferences(test: Any, number: str) -> str:
    if test.account_id is None:
        return "Preferences are a user's or an account's: test them there."
    rows = Preferences.objects.filter(pk=int(number)) if number.isdecimal() else Preferences.objects.none()
    owned = rows.filter(user=test.user_id) if test.user_id else rows.filter(account=test.account_id)
    return "" if owned.exists() else f"There are no preferences {number!r} of those whom the test is about."


def _release(_test: Any, number: str) -> str:
    is_there = number == "0" or (number.isdecimal() and store.find(ROUTER, int(number)) is not None)
    return "" if is_there else f"There is no router release {number!r}."


def _tier(_test: Any, name: str) -> str:
    return "" if name in COST_TIERS else f"{name!r} is none of {', '.join(COST_TIERS)}."


KNOWN: Mapping[str, Callable[[Any, str], str]] = {
    "provider": _provider, "model": _model, "policy": _policy, "preferences": _preferences, "release": _release,
    "tier": _tier,
}  # fmt: skip
"""What says of a kind's value that there is no such thing; empty where there is."""
