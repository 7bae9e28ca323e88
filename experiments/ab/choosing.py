"""What variants can be chosen from by name, on a page: everything that the router can be told for those whom a test is about."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from autorouter.models import Preferences
from autorouter.types import COST_TIERS
from experiments.ab.types import Treatment
from routerhub.releases import live

BETWEEN = " "
"""Between the kind and the value, in what a field sends."""
Group = tuple[str, list[tuple[str, str]]]


def choices(user: Any, account: Any) -> list[Group]:
    """Groups of what can be told, each with what a field sends and what people read. Raises DatabaseError."""
    return [(title, found) for title, found in _groups(user, account) if found]


def _groups(user: Any, account: Any) -> Iterator[Group]:
    lines = live.current().lines
    catalogue, router = lines["catalogue"].stable, lines["router"].stable
    chat = sorted(
        name for name, model in catalogue.models.items() if model.kind == "chat" and not model.is_internal_only
    )
    yield _("As it is"), [("same", _("As it is: nothing is told"))]
    yield _("A model first"), _pairs("model", chat)
    yield (
        _("The models of a provider first"),
        [
            (written(Treatment(kind="provider", value=each.name)), each.title)
            for each in sorted(catalogue.providers.values(), key=lambda each: each.title)
        ],
    )
    yield _("A policy"), _pairs("policy", sorted(router.policies))
    yield _("Preferences of {account}").format(account=account), _sets(Preferences.objects.filter(account=account))
    yield _("Preferences of mine"), _sets(Preferences.objects.filter(user=user))
    yield (
        _("To compare with"),
        [
            *(
                (written(Treatment(kind="tier", value=each)), _("One tier: {tier}").format(tier=each))
                for each in COST_TIERS
            ),
            ("shuffle", _("Models at random, at the same cost")),
        ],
    )


def names(treatments: Iterable[Treatment]) -> dict[str, str]:
    """What sets of preferences are called, by the value that names them."""
    numbers = [each.value for each in treatments if each.kind == "preferences"]
    found = Preferences.objects.filter(pk__in=numbers) if numbers else ()
    return {f"{each.pk}": each.name for each in found}


def _sets(rows: Iterable[Preferences]) -> list[tuple[str, str]]:
    return [(written(Treatment(kind="preferences", value=f"{each.pk}")), each.name) for each in rows]


def written(treatment: Treatment) -> str:
    """As a field sends it."""
    return f"{treatment.kind}{BETWEEN}{treatment.value}".strip()


def read(text: str) -> dict[str, str]:
    """As a test keeps it."""
    kind, _space, value = text.partition(BETWEEN)
    return {"kind": kind, **({"value": value} if value else {})}


def _pairs(kind: Any, names: Sequence[str]) -> list[tuple[str, str]]:
    return [(written(Treatment(kind=kind, value=name)), name) for name in names]
