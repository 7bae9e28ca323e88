from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from autorouter.decision.candidates import standing_of
from autorouter.decision.standings import standings_of
from autorouter.types import Constraints
from models_registry.types import Availability, Catalogue
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, price

CHANGE = NOW + timedelta(hours=3)
DEARER = replace(price("2", "6"), effective_from=CHANGE)


def two_prices() -> Catalogue:
    known = model("a:b")
    place = replace(known.deployments[0], prices=(*known.deployments[0].prices, DEARER))
    return catalogue(replace(known, deployments=(place,)))


def mean(known: Catalogue, now: datetime) -> Decimal:
    return standings_of(known, Constraints(), SANDBOXED, now)["a:b"].mean_price


def test_a_price_takes_over_at_its_moment_and_the_past_keeps_its_own() -> None:
    known = two_prices()
    moments = [NOW, CHANGE - timedelta(microseconds=1), CHANGE, CHANGE + timedelta(days=9), NOW]
    assert [mean(known, moment) for moment in moments] == [2, 2, 4, 4, 2]


def test_a_model_is_deprecated_from_the_first_moment_of_its_day() -> None:
    known = catalogue(model("a:b", deprecated_from=date(2026, 11, 22)))
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    before, after = (
        standings_of(known, Constraints(), SANDBOXED, at)["a:b"] for at in (midnight - timedelta(seconds=1), midnight)
    )
    assert (before.status_reasons, after.status_reasons[0][0]) == ((), "deprecated")


@pytest.mark.parametrize(
    ("constraints", "availability"),
    [
        (Constraints(), SANDBOXED),
        (Constraints(blocked_providers=frozenset({"a"})), SANDBOXED),
        (Constraints(priority="privacy"), SANDBOXED),
        (Constraints(allow_internal=True), SANDBOXED),
        (Constraints(), Availability(providers=frozenset(), sandbox=False)),
        (Constraints(), Availability(providers=frozenset({"a"}), sandbox=False)),
        (Constraints(), Availability(providers=frozenset({"a"}), sandbox=False, open_circuits=frozenset({"a/b"}))),
    ],
)
def test_what_is_remembered_for_one_caller_is_never_told_another(constraints: Any, availability: Availability) -> None:
    known = catalogue(model("a:b", is_internal_only=True))
    standings_of(known, Constraints(), SANDBOXED, NOW)
    for _ in range(2):
        assert standings_of(known, constraints, availability, NOW)["a:b"] == standing_of(
            known.models["a:b"], known, constraints, availability, NOW
        )


def test_another_catalogue_is_looked_at_anew() -> None:
    assert mean(catalogue(model("a:b", ("1", "3"))), NOW) == 2
    assert mean(catalogue(model("a:b", ("10", "30"))), NOW) == 20
