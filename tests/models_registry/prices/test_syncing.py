"""Price lists against the catalogue: what differs, what is applied, what waits, and what is never applied."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import tables as catalogue_tables
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Price
from models_registry.models import Price as PriceRow
from models_registry.prices import lists, rows, syncing
from models_registry.prices.pricing import cost, price_at
from models_registry.prices.sources import genai
from models_registry.prices.sources.offers import Offer
from models_registry.types import Price as PriceValue
from models_registry.types import Rates, Tier, Usage
from routerhub.releases import rollout, store
from routerhub.releases.models import Release
from tests import seeds
from tests.cast import Cast, because
from tests.models_registry.catalogue.facts import (
    ONE,
    SLIP,
    TWO,
    a_bundle,
    a_model,
    a_place,
    a_price,
    a_provider,
    count_versions,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JANUARY, TODAY, DECEMBER = (datetime(2026, *day, tzinfo=UTC) for day in ((1, 1), (11, 21), (12, 1)))
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def a_value(effective_from: datetime = JANUARY, tiers: tuple[Tier, ...] = (), **rates: str) -> PriceValue:
    known = {"input": "2", "output": "10", **rates}
    return PriceValue(
        effective_from=effective_from,
        rates=Rates(**{name: Decimal(rate) for name, rate in known.items()}),
        tiers=tiers,
        source="the acme list",
        dated=NOW.date(),
    )


def an_offer(name: str, *values: PriceValue, provider: str = "acme", **others: Any) -> Offer:
    facts = {"identifier": f"{provider}:{name}", "context_window": 64_000, "source": "the acme list", **others}
    return Offer(provider=provider, upstream_model=name, name=name.title(), prices=values, **facts)


def offers(*one: PriceValue) -> list[Offer]:
    """The list of acme: one at these prices, two as it is here."""
    return [an_offer("one", *one), an_offer("two", a_value())]


def kinds(changes: Iterable[syncing.PriceChange]) -> list[tuple[str, str]]:
    return [(change.kind, change.place) for change in changes]


def apply_all(listed: list[Offer], now: datetime = NOW, author: Any = None) -> list[syncing.PriceChange]:
    return syncing.apply(
        listed, {change.key for change in syncing.compare(listed, now)}, now, because("synchronised", author)
    )


def live() -> Any:
    number = rollout.pointers()["catalogue"].stable
    return catalogue_bundles.read(store.bundle("catalogue", number), number)


def live_prices(identifier: str = ONE) -> list[PriceValue]:
    return list(live().models[identifier].deployments[0].prices)


@pytest.fixture
def acme(db: None) -> None:
    """Two models of acme at 2 in and 10 out, published as release 1."""
    catalogue_tables.write(a_bundle(), because("first"), trusts_prices=True)
    assert store.publish("catalogue", because("first")) == 1


# --- against the package that the shipped prices are from


def test_after_seeding_no_price_differs_from_the_package(db: None) -> None:
    seeds.catalogue()
    changes = syncing.compare(genai.offers(online=False, today=NOW.date()), NOW)
    assert [change for change in changes if change.kind != "new"] == []
    deployments = {place.id for model in STATIC.models.values() for place in model.deployments}
    assert len(changes) == 2_330 - len(deployments)


def test_the_day_on_which_an_announced_price_begins_changes_nothing(db: None) -> None:
    seeds.catalogue()
    listed = genai.offers(online=False, today=NOW.date())
    for moment in (DECEMBER - timedelta(seconds=1), DECEMBER, NEXT_YEAR):
        assert [change for change in syncing.compare(listed, moment) if change.kind != "new"] == []


# --- compare


def test_the_same_prices_are_no_difference(acme: None) -> None:
    assert syncing.compare(offers(a_value()), NOW) == []


def test_a_price_that_changed_says_from_what_to_what_and_from_when(acme: None) -> None:
    (change,) = syncing.compare(offers(a_value(), a_value(TODAY, input="1.5")), NOW)
    assert (change.kind, change.model, change.place, change.obstacle) == ("changed", ONE, "acme/one", "")
    assert change.before is not None
    assert change.after is not None
    assert (change.before.rates.input, change.after.rates.input) == (Decimal(2), Decimal("1.5"))
    assert change.after.effective_from == TODAY
    assert change.doubts == ()
    assert change.key == "changed acme/one 2026-11-21"
    assert lists.line(change).split() == [
        "changed",
        "acme:one",
        "acme/one",
        "input",
        "2",
        "->",
        "1.5",
        "from",
        "2026-11-21",
    ]


def test_a_list_that_rewrites_the_past_changes_the_price_from_now_on(acme: None) -> None:
    (change,) = syncing.compare(offers(a_value(input="1.5")), NOW + timedelta(microseconds=5))
    assert change.after is not None
    assert change.after.effective_from == NOW


def test_a_tier_that_changed_is_a_difference(acme: None) -> None:
    tier = Tier(above_input_tokens=200_000, rates=Rates(input=Decimal(4), output=Decimal(15)))
    (change,) = syncing.compare(offers(a_value(tiers=(tier,))), NOW)
    assert lists.difference(change.before, change.after) == "tiers changed"


def test_what_is_announced_for_later_is_a_change_of_its_own_day(acme: None) -> None:
    listed = offers(a_value(), a_value(DECEMBER, input="3"), a_value(NEXT_YEAR, input="4"))
    first, second = syncing.compare(listed, NOW)
    assert [change.key for change in (first, second)] == ["changed acme/one 2026-12-01", "changed acme/one 2027-01-01"]
    assert second.before == a_value(DECEMBER, input="3")


def test_todays_change_and_a_later_one_are_two(acme: None) -> None:
    listed = offers(a_value(), a_value(TODAY, input="3"), a_value(DECEMBER, input="14"))
    changes = syncing.compare(listed, NOW)
    assert [change.after.effective_from for change in changes if change.after] == [TODAY, DECEMBER]
    assert [change.doubts for change in changes] == [(), ()]


def test_a_jump_is_doubted_in_the_preview(acme: None) -> None:
    (change,) = syncing.compare(offers(a_value(TODAY, input="0.000002")), NOW)
    assert change.doubts == (SLIP,)
    assert f"WAITS: {SLIP}" in lists.line(change)


def test_a_model_that_the_list_no_longer_has_vanished_and_cannot_be_applied(acme: None) -> None:
    (change,) = syncing.compare([an_offer("one", a_value())], NOW)
    assert (change.kind, change.model, change.place, change.after) == ("vanished", TWO, "acme/two", None)
    assert change.obstacle == "it is no longer listed: deprecate the model where it is gone for good"
    assert change.key == "vanished acme/two"


def test_a_list_says_nothing_of_providers_that_it_does_not_cover(acme: None) -> None:
    changes = syncing.compare([an_offer("z", a_value(), provider="zeta")], NOW)
    assert kinds(changes) == [("new", "zeta/z")]


def test_changed_comes_before_vanished_before_new(acme: None) -> None:
    listed = [an_offer("aaa", a_value()), an_offer("one", a_value(TODAY, input="3"))]
    assert kinds(syncing.compare(listed, NOW)) == [
        ("changed", "acme/one"), ("vanished", "acme/two"), ("new", "acme/aaa"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("offer", "obstacle"),
    [
        (an_offer("three", a_value()), ""),
        (an_offer("three"), "it has no price"),
        (an_offer("three", note="its price depends on the hour"), "its price depends on the hour"),
        (an_offer("three", a_value(), context_window=None), "its context window is not known"),
        (
            an_offer("z", a_value(), provider="zeta"),
            "there is no provider zeta with an address in the catalogue",
        ),
        (an_offer("three", a_value(), identifier="Acme:three"), "'Acme:three' cannot be an id"),
        (
            an_offer("uno", a_value(), identifier=ONE),
            "acme:one is in the catalogue already: add acme/uno to it as a deployment",
        ),
    ],
)
def test_what_stands_in_the_way_of_a_new_model_is_said(acme: None, offer: Offer, obstacle: str) -> None:
    (change,) = syncing.compare([*offers(a_value()), offer], NOW)
    assert (change.kind, change.obstacle) == ("new", obstacle)


# --- apply


def test_an_applied_change_is_a_new_row_and_a_release_and_the_old_row_stays(acme: None, cast: Cast) -> None:
    listed = offers(a_value(), a_value(TODAY, input="1.5", cache_read="0.15"))
    (applied,) = apply_all(listed, author=cast.staff)
    assert applied.key == "changed acme/one 2026-11-21"
    old, new = live_prices()
    assert (old.rates.input, old.source) == (Decimal(2), "a list")
    assert (new.rates.input, new.rates.cache_read, new.source) == (Decimal("1.5"), Decimal("0.15"), "the acme list")
    assert new.effective_from == TODAY
    release = Release.objects.get(number=2)
    assert (release.author, release.reason) == (cast.staff, "synchronised")
    version = PriceRow.history.latest()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "synchronised")
    assert syncing.compare(listed, NOW) == []


def test_only_what_was_chosen_is_applied(acme: None) -> None:
    listed = [an_offer("one", a_value(TODAY, input="3")), an_offer("two", a_value(TODAY, input="3"))]
    (applied,) = syncing.apply(listed, {"changed acme/two 2026-11-21"}, NOW, because("one of two"))
    assert applied.model == TWO
    assert len(live_prices(ONE)) == 1
    assert len(live_prices(TWO)) == 2


def test_choosing_nothing_or_what_is_no_longer_so_writes_nothing(acme: None) -> None:
    before = count_versions()
    assert syncing.apply(offers(a_value()), {"changed acme/one 2026-11-21"}, NOW, because("stale")) == []
    assert syncing.apply(offers(a_value(input="3")), set(), NOW, because("none")) == []
    assert count_versions() == before
    assert Release.objects.count() == 1


def test_an_announced_price_counts_from_its_day_and_not_before(acme: None) -> None:
    listed = offers(a_value(), a_value(DECEMBER, input="3"))
    apply_all(listed)
    assert price_at(live_prices(), DECEMBER - timedelta(seconds=1)).rates.input == 2
    assert price_at(live_prices(), DECEMBER).rates.input == 3
    assert [syncing.compare(listed, moment) for moment in (NOW, DECEMBER, NEXT_YEAR)] == [[], [], []]


def test_todays_and_later_prices_are_applied_together(acme: None) -> None:
    listed = offers(a_value(input="3"), a_value(DECEMBER, input="4"), a_value(NEXT_YEAR, input="5"))
    assert len(apply_all(listed)) == 3
    assert [(price.effective_from, price.rates.input) for price in live_prices()] == [
        (JANUARY, Decimal(2)), (NOW, Decimal(3)), (DECEMBER, Decimal(4)), (NEXT_YEAR, Decimal(5)),
    ]  # fmt: skip
    assert syncing.compare(listed, NOW) == []


def test_todays_price_changes_though_another_is_announced_already(acme: None) -> None:
    apply_all(offers(a_value(), a_value(DECEMBER, input="4")))
    apply_all(offers(a_value(input="3"), a_value(DECEMBER, input="4")))
    assert [(price.effective_from, price.rates.input) for price in live_prices()] == [
        (JANUARY, Decimal(2)), (NOW, Decimal(3)), (DECEMBER, Decimal(4)),
    ]  # fmt: skip


def test_an_announced_price_that_is_announced_otherwise_now_is_a_difference(acme: None) -> None:
    apply_all(offers(a_value(), a_value(DECEMBER, input="4")))
    assert kinds(syncing.compare(offers(a_value(), a_value(DECEMBER, input="3")), NOW)) == [("changed", "acme/one")]


def test_a_month_old_record_costs_the_same_after_three_synchronisations(acme: None) -> None:
    usage, then = Usage(input_tokens=12_345, output_tokens=678), NOW - timedelta(days=30)
    before = cost(price_at(live_prices(), then), usage)
    assert before == Decimal("0.03147")
    for days, rate in enumerate(("3", "2.041666666666666664", "4")):
        assert len(apply_all(offers(a_value(input=rate)), NOW + timedelta(days=days))) == 1
    assert len(live_prices()) == 4
    assert cost(price_at(live_prices(), then), usage) == before


def test_a_doubtful_price_waits_and_is_not_proposed_again(acme: None) -> None:
    listed = offers(a_value(), a_value(TODAY, input="0.000002"))
    (applied,) = apply_all(listed)
    assert applied.doubts == (SLIP,)
    assert Price.objects.exclude(waits_because="").get().waits_because == SLIP
    assert len(live_prices()) == 1
    assert Release.objects.count() == 1
    assert syncing.compare(listed, NOW) == []
    assert syncing.compare(listed, NOW + timedelta(days=3)) == []


def test_a_doubtful_price_counts_when_it_is_approved_and_is_proposed_anew_when_it_is_rejected(acme: None) -> None:
    listed = offers(a_value(), a_value(TODAY, input="0.2"))
    apply_all(listed)
    rows.reject(Price.objects.exclude(waits_because="").get(), because("not yet"))
    assert kinds(apply_all(listed)) == [("changed", "acme/one")]
    rows.approve(Price.objects.exclude(waits_because="").get(), because("it is so"))
    assert [price.rates.input for price in live_prices()] == [2, Decimal("0.2")]
    assert syncing.compare(listed, NOW) == []


def test_another_price_than_the_one_that_waits_is_proposed(acme: None) -> None:
    apply_all(offers(a_value(TODAY, input="0.000002")))
    (change,) = syncing.compare(offers(a_value(TODAY, input="1.8")), NOW)
    assert change.doubts == ()


def test_a_price_that_was_put_right_on_the_day_of_the_slip_is_applied(acme: None) -> None:
    apply_all(offers(a_value(TODAY, input="0.000002")))
    assert kinds(apply_all(offers(a_value(TODAY, input="1.8")))) == [("changed", "acme/one")]
    assert price_at(live_prices(), NOW).rates.input == Decimal("1.8")


def test_a_tier_that_jumps_is_doubted_too(acme: None) -> None:
    tiers = [Tier(above_input_tokens=100, rates=Rates(input=Decimal(rate), output=Decimal(15))) for rate in (4, 4_000)]
    apply_all(offers(a_value(tiers=(tiers[0],))))
    (change,) = syncing.compare(offers(a_value(tiers=(tiers[1],))), NOW + timedelta(days=1))
    assert change.doubts != ()


def test_what_has_an_obstacle_is_never_applied(acme: None) -> None:
    listed = [
        an_offer("one", a_value()),  # two vanished
        an_offer("three"),
        an_offer("four", a_value(), context_window=None),
        an_offer("uno", a_value(), identifier=ONE),
        an_offer("z", a_value(), provider="zeta"),
    ]
    assert all(change.obstacle for change in syncing.compare(listed, NOW))
    assert apply_all(listed) == []
    assert catalogue_compiler.compile_bundle() == a_bundle()
    assert Release.objects.count() == 1


def test_a_new_model_is_experimental_and_claims_nothing_that_the_list_does_not_say(acme: None) -> None:
    offer = an_offer("three", a_value(), a_value(DECEMBER, input="3"), description="New.", supports_reasoning=True)
    assert kinds(apply_all([*offers(a_value()), offer])) == [("new", "acme/three")]
    model = live().models["acme:three"]
    assert (model.name, model.description, model.is_experimental, model.supports_reasoning) == (
        "Three", "New.", True, True,
    )  # fmt: skip
    assert (model.context_window, model.max_output) == (64_000, 64_000)
    assert model.source == "the acme list; max output not stated, taken to be the window (estimate)"
    assert (model.capabilities, model.is_available) == ({"streaming"}, True)
    assert [price.rates.input for price in model.deployments[0].prices] == [2, 3]


def test_a_stated_output_is_taken_up_to_the_window(acme: None) -> None:
    apply_all([*offers(a_value()), an_offer("a", a_value(), max_output=8), an_offer("b", a_value(), max_output=10**6)])
    assert (live().models["acme:a"].max_output, live().models["acme:b"].max_output) == (8, 64_000)
    assert live().models["acme:a"].source == "the acme list"


def test_a_new_model_of_an_unknown_maker_brings_its_maker_without_an_address(acme: None) -> None:
    offer = an_offer("new-lab/x", a_value(), identifier="new-lab:x")
    apply_all([*offers(a_value()), offer])
    maker = live().providers["new-lab"]
    assert (maker.title, maker.base_url, maker.credential_env) == ("New Lab", "", "")
    assert live().models["new-lab:x"].deployments[0].id == "acme/new-lab/x"


def test_two_new_models_of_the_same_id_do_not_swallow_one_another(acme: None) -> None:
    listed = [an_offer(f"{lab}/x", a_value(), identifier="acme:x") for lab in ("a", "b")]
    applied = apply_all([*offers(a_value()), *listed])
    assert len(applied) == len(live().models["acme:x"].deployments)


def test_prices_of_two_places_of_one_model_are_kept_apart(acme: None) -> None:
    bundle = a_bundle()
    bundle["providers"]["zeta"] = a_provider("Zeta")
    deployments = [a_place(a_price()), a_place(a_price(), provider="zeta", upstream_model="acme-one")]
    bundle["models"][ONE] = a_model(deployments=deployments)
    catalogue_tables.write(bundle, because("two places"), trusts_prices=True)
    offer = an_offer("acme-one", a_value(TODAY, input="3"), provider="zeta")
    assert kinds(apply_all([offer])) == [("changed", "zeta/acme-one")]
    first, second = live().models[ONE].deployments
    assert (len(first.prices), [price.rates.input for price in second.prices]) == (1, [2, 3])
