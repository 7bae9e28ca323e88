"""Prices of a bundle as rows: added and never edited, doubted, exact."""

from copy import deepcopy
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Model as Row

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import tables as catalogue_tables
from models_registry.models import Deployment, Price
from models_registry.types import Rates
from routerhub.releases.errors import InvalidRelease
from tests.cast import because
from tests.models_registry.catalogue.facts import (
    JULY,
    MARCH,
    MAY,
    ONE,
    SLIP,
    TWO,
    Facts,
    a_bundle,
    a_model,
    a_place,
    a_price,
    count_versions,
    prices_of,
)


@pytest.mark.parametrize(
    "edit",
    [
        {"rates": {"input": "3", "output": "10"}},
        {"rates": {"input": "2", "output": "10", "cache_read": "0.2"}},
        {"tiers": [{"above_input_tokens": 1_000, "rates": {"input": "4", "output": "20"}}]},
        {"source": "another list"},
        {"dated": "2026-01-02"},
    ],
)
def test_an_edited_price_is_refused_by_name_and_nothing_is_written(written: Facts, edit: Facts) -> None:
    before = count_versions()
    prices_of(written)[0].update(edit)
    written["models"][TWO]["description"] = "is not written either"
    with pytest.raises(InvalidRelease) as refused:
        catalogue_tables.write(written, because("edit the past"))
    assert refused.value.problems == {
        "models.acme:one.deployments.acme/one.prices": (
            "the price of 2026-01-01 00:00 is never edited: add one that is effective from a later moment."
        )
    }
    assert count_versions() == before
    assert catalogue_compiler.compile_bundle() == a_bundle()


def test_a_price_that_is_only_spelled_otherwise_is_the_same_price(written: Facts) -> None:
    prices_of(written)[0].update(rates={"input": "2.00", "output": 10, "cache_read": None})
    catalogue_tables.write(written, because("the same"))
    assert catalogue_compiler.compile_bundle() == a_bundle()
    assert Price.history.count() == 2


def test_a_tier_that_is_only_spelled_otherwise_is_the_same_price(written: Facts) -> None:
    tier = {"above_input_tokens": 1_000, "rates": {"input": "4", "output": "20"}}
    prices_of(written).append(a_price(MARCH, tiers=[tier]))
    catalogue_tables.write(written, because("a tier"))
    again = deepcopy(written)
    prices_of(again)[1]["tiers"][0]["rates"] = {"input": "4.0", "output": "20.0"}
    catalogue_tables.write(again, because("the same tier"))
    assert catalogue_compiler.compile_bundle() == written


def test_every_digit_of_a_rate_is_kept(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, input="0.541666666666666664", cache_read="1.1"))
    catalogue_tables.write(written, because("many digits"))
    assert Price.objects.latest().input == Decimal("0.541666666666666664")
    assert catalogue_compiler.compile_bundle() == written


def test_a_doubtful_price_waits_and_is_not_in_the_bundle(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, input="0.000002"))
    catalogue_tables.write(written, because("from a list"))
    assert catalogue_compiler.compile_bundle() == a_bundle()
    row = Price.objects.exclude(waits_because="").get()
    assert (row.waits_because, row.input) == (SLIP, Decimal("0.000002"))


def test_a_trusted_price_counts_whatever_it_is(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, input="0.000002"))
    catalogue_tables.write(written, because("as staff say"), trusts_prices=True)
    assert catalogue_compiler.compile_bundle() == written
    assert not Price.objects.exclude(waits_because="").exists()


def test_an_ordinary_price_counts_though_nobody_vouches_for_it(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, input="1.9"))
    catalogue_tables.write(written, because("from a list"))
    assert catalogue_compiler.compile_bundle() == written


def test_each_price_is_doubted_against_the_one_before_it(written: Facts) -> None:
    steps = [a_price(MARCH, input="8"), a_price(MAY, input="30"), a_price(JULY, input="1")]
    prices_of(written).extend(steps)
    catalogue_tables.write(written, because("three steps"))
    in_force = Price.objects.filter(waits_because="", deployment__upstream_model="one")
    assert [price.input for price in in_force] == [2, 8, 30]
    assert Price.objects.exclude(waits_because="").get().waits_because == "input falls from 30 to 1, 30.0 times"


def test_the_first_price_of_a_new_model_is_doubted_too(written: Facts) -> None:
    written["models"]["acme:free"] = a_model("Free", deployments=[a_place(a_price(input="0"), upstream_model="free")])
    catalogue_tables.write(written, because("free?"))
    assert prices_of(catalogue_compiler.compile_bundle(), "acme:free") == []
    assert Price.objects.exclude(waits_because="").get().waits_because == "input is zero"


def test_a_price_that_waits_is_left_alone_by_later_writes(written: Facts) -> None:
    doubtful = deepcopy(written)
    prices_of(doubtful).append(a_price(MARCH, input="0.000002"))
    catalogue_tables.write(doubtful, because("from a list"))
    waiting = Price.objects.exclude(waits_because="").get()
    written["models"][ONE]["description"] = "something else"
    for bundle in (written, doubtful):
        catalogue_tables.write(bundle, because("once more"))
        row = Price.objects.exclude(waits_because="").get()
        assert (row.pk, row.waits_because, row.history.count()) == (waiting.pk, SLIP, 1)


def test_doubts_about_every_rate_at_once_fit_their_column(written: Facts) -> None:
    names = tuple(field.name for field in fields(Rates))
    prices_of(written).append(a_price(MARCH, **dict.fromkeys(names, "0.041666666666666664")))
    prices_of(written).append(a_price(MAY, **dict.fromkeys(names, "41.66666666666666666")))
    catalogue_tables.write(written, because("all off by the unit"))
    assert len(Price.objects.latest().waits_because) <= 500


# --- one price of a bundle as a row


def test_a_price_of_a_bundle_becomes_a_row_with_flat_tiers(db: None) -> None:
    tier = {"above_input_tokens": 200_000, "rates": {"input": "4", "output": "15"}}
    row = catalogue_tables.price_row(Deployment(), a_price("2026-03-01", tiers=[tier], cache_read="0.20"))
    assert row.effective_from.isoformat() == MARCH
    assert row.tiers == [{"above_input_tokens": 200_000, "input": "4", "output": "15"}]
    assert (row.input, row.output, row.cache_read, row.cache_write) == (2, 10, Decimal("0.2"), None)
    assert (row.source, row.dated) == ("a list", date(2026, 1, 1))
    assert isinstance(row, Row)
    assert row.pk is None
