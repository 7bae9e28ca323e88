"""Price rows: added, doubted, approved, rejected, never edited; and old requests at their old price."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import tables as catalogue_tables
from models_registry.models import Deployment, Price
from models_registry.prices import rows
from models_registry.prices.pricing import cost, price_at
from models_registry.types import Usage
from routerhub.releases import rollout, store
from routerhub.releases.models import Release
from tests.cast import Cast, because
from tests.models_registry.catalogue.facts import ONE, a_bundle

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def deployment(db: None) -> Deployment:
    """acme/one at 2 in and 10 out since January, published as release 1."""
    catalogue_tables.write(a_bundle(), because("first"), trusts_prices=True)
    assert store.publish("catalogue", because("first")) == 1
    return Deployment.objects.get(upstream_model="one")


def values(effective_from: datetime = MARCH, **others: Any) -> dict[str, Any]:
    rates = {"input": Decimal("1.9"), "output": Decimal("9.5")}
    return {"effective_from": effective_from, **rates, "source": "a list", "dated": date(2026, 3, 1), **others}


def live() -> Any:
    number = rollout.pointers()["catalogue"].stable
    return catalogue_bundles.read(store.bundle("catalogue", number), number)


def live_inputs() -> list[Decimal | None]:
    return [price.rates.input for price in live().models[ONE].deployments[0].prices]


# --- add


def test_an_added_price_is_live_with_author_and_reason(deployment: Deployment, cast: Cast) -> None:
    row = rows.add(deployment, values(), because("cheaper", cast.ada.user))
    assert row.waits_because == ""
    assert live_inputs() == [2, Decimal("1.9")]
    release = Release.objects.get(number=2)
    assert (release.author, release.reason) == (cast.ada.user, "cheaper")
    (version,) = row.history.all()
    assert (version.history_user, version.history_change_reason) == (cast.ada.user, "cheaper")


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"input": Decimal("10.01")}, "input rises from 2 to 10.01, 5.0 times"),
        ({"output": Decimal(0)}, "output falls from 10 to zero"),
        ({"source": ""}, "it has no source"),
    ],
)
def test_a_doubtful_price_waits_and_nothing_is_published(
    deployment: Deployment, others: dict[str, Any], why: str
) -> None:
    row = rows.add(deployment, values(**others), because("strange"))
    assert row.waits_because == why
    assert live_inputs() == [2]
    assert Release.objects.count() == 1


def test_a_price_is_doubted_against_the_one_in_force_before_its_moment(deployment: Deployment) -> None:
    rows.add(deployment, values(JULY, input=Decimal(9)), because("later"))
    between = rows.add(deployment, values(MAY, input=Decimal(10)), because("between"))
    assert between.waits_because == ""
    after = rows.add(deployment, values(datetime(2026, 8, 1, tzinfo=UTC), input=Decimal(46)), because("after"))
    assert after.waits_because == "input rises from 9 to 46, 5.1 times"


def test_a_price_that_waits_is_no_measure_for_the_next(deployment: Deployment) -> None:
    rows.add(deployment, values(MARCH, input=Decimal(2_000)), because("a slip"))
    assert rows.add(deployment, values(MAY, input=Decimal(3)), because("news")).waits_because == ""


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"input": Decimal(-1)}, "input"),
        ({"output": Decimal("1000000.01")}, "output"),
        ({"tiers": [{"above_input_tokens": 0, "input": "1"}]}, "tiers"),
        ({"tiers": [{"above_input_tokens": 5, "prompt": "1"}]}, "tiers"),
        ({"dated": None}, "dated"),
        ({"source": "x" * 256}, "source"),
        ({"effective_from": JANUARY}, "__all__"),
    ],
)
def test_a_price_that_cannot_be_is_refused_by_field(deployment: Deployment, others: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        rows.add(deployment, values(**others), because("wrong"))
    assert list(refused.value.message_dict) == [field]
    assert Price.objects.count() == 2
    assert Release.objects.count() == 1


# --- approve and reject


def test_an_approved_price_is_live(deployment: Deployment, cast: Cast) -> None:
    row = rows.add(deployment, values(input=Decimal(20)), because("a jump"))
    rows.approve(row, because("the list says so", cast.staff))
    assert live_inputs() == [2, 20]
    assert Price.objects.get(pk=row.pk).source == "a list"
    assert Release.objects.get(number=2).author == cast.staff
    version = row.history.latest()
    assert (version.history_type, version.history_user) == ("~", cast.staff)
    assert (version.history_change_reason, version.waits_because) == ("the list says so", "")


@pytest.mark.parametrize(("by", "source"), [("staff", "staff"), (None, "a command")])
def test_the_approval_of_a_price_without_a_source_becomes_its_source(
    deployment: Deployment, cast: Cast, by: str | None, source: str
) -> None:
    row = rows.add(deployment, values(source=""), because("by hand"))
    rows.approve(row, because("our contract", cast.staff if by else None))
    assert Price.objects.get(pk=row.pk).source == f"approved by {source}: our contract"
    assert live_inputs() == [2, Decimal("1.9")]


def test_a_long_reason_is_cut_to_what_a_source_holds(deployment: Deployment) -> None:
    row = rows.add(deployment, values(source=""), because("by hand"))
    rows.approve(row, because("x" * 300))
    assert len(Price.objects.get(pk=row.pk).source) == 255


def test_a_rejected_price_is_gone_but_in_the_history(deployment: Deployment, cast: Cast) -> None:
    row = rows.add(deployment, values(input=Decimal(20)), because("a jump"))
    number = row.pk
    rows.reject(row, because("a slip", cast.staff))
    assert not Price.objects.filter(pk=number).exists()
    last = Price.history.filter(id=number).latest()
    assert (last.history_type, last.history_user, last.history_change_reason) == ("-", cast.staff, "a slip")
    assert (last.input, last.waits_because) == (20, "input rises from 2 to 20, 10.0 times")
    assert Release.objects.count() == 1


@pytest.mark.parametrize("verdict", [rows.approve, rows.reject])
def test_what_is_in_force_can_be_neither_approved_nor_rejected(deployment: Deployment, verdict: Any) -> None:
    row = rows.add(deployment, values(), because("cheaper"))
    with pytest.raises(ValidationError, match="does not wait for approval: it is in force"):
        verdict(row, because("?"))
    assert live_inputs() == [2, Decimal("1.9")]
    assert row.history.count() == 1


@pytest.mark.parametrize("verdict", [rows.approve, rows.reject])
def test_a_second_verdict_on_a_row_that_was_read_before_the_first_is_refused(
    deployment: Deployment, verdict: Any
) -> None:
    row = rows.add(deployment, values(input=Decimal(20)), because("a jump"))
    stale = Price.objects.get(pk=row.pk)
    rows.approve(row, because("the list says so"))
    with pytest.raises(ValidationError):
        verdict(stale, because("too late"))
    assert live_inputs() == [2, 20]


# --- never edited


@pytest.mark.parametrize(
    "edit",
    [
        {"input": Decimal("1.8")},
        {"cache_read": Decimal("0.1")},
        {"output": None},
        {"effective_from": MAY},
        {"tiers": [{"above_input_tokens": 100, "input": "1"}]},
    ],
)
def test_what_an_old_request_cost_does_not_change_with_its_row(deployment: Deployment, edit: dict[str, Any]) -> None:
    row = rows.add(deployment, values(), because("cheaper"))
    for name, value in edit.items():
        setattr(row, name, value)
    with pytest.raises(ValidationError, match="A price is never edited: add a row that is effective from a later"):
        row.full_clean()


def test_a_price_does_not_move_to_another_deployment(deployment: Deployment) -> None:
    row = rows.add(deployment, values(), because("cheaper"))
    row.deployment = Deployment.objects.get(upstream_model="two")
    with pytest.raises(ValidationError, match="never edited"):
        row.full_clean()


def test_a_better_word_for_the_source_is_no_edit_of_the_price(deployment: Deployment) -> None:
    row = rows.add(deployment, values(), because("cheaper"))
    row.source = "the maker's own list"
    row.full_clean()


# --- old requests


def test_a_month_old_request_costs_the_same_after_three_changes_of_price(deployment: Deployment) -> None:
    rates = {"input": Decimal("1.041666666666666664"), "cache_read": Decimal("0.3125")}
    tiers = [{"above_input_tokens": 200_000, "input": "2.5", "output": "14.25", "cache_read": "0.625"}]
    rows.add(deployment, values(MARCH, **rates, tiers=tiers), because("the price of then"))
    usages = (
        Usage(input_tokens=12_345, output_tokens=678, cache_read_tokens=5_000),
        Usage(input_tokens=200_001, output_tokens=678, cache_read_tokens=5_000),
    )
    then = datetime(2026, 4, 15, tzinfo=UTC)

    def figures() -> list[Decimal]:
        price = price_at(live().models[ONE].deployments[0].prices, then)
        return [cost(price, usage) for usage in usages]

    # 7,345 x 1.041666666666666664 + 5,000 x 0.3125 + 678 x 9.5; and 195,001 x 2.5 + 5,000 x 0.625 + 678 x 14.25
    expected = [Decimal("0.01565454166666666664708"), Decimal("0.500289")]
    assert figures() == expected
    rows.add(deployment, values(MAY, input=Decimal(3)), because("one"))
    rows.add(deployment, values(datetime(2026, 6, 1, tzinfo=UTC), input=Decimal(4)), because("two"))
    rows.add(deployment, values(JULY, input=Decimal(5), tiers=tiers), because("three"))
    assert rollout.pointers()["catalogue"].stable == 5
    assert figures() == expected
