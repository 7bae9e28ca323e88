"""What routing is compared with, and what it saved."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from analytics.models import Baseline
from analytics.reports.savings import savings
from analytics.windows import baselines
from analytics.windows.reference import Reference, references
from analytics.windows.types import Question
from models_registry.types import Rates
from tests.analytics.rows import insert, rolled_up
from tests.autorouter.fakes import NOW, catalogue, model

SCORES = {"coding": {"a:best": Decimal(95), "a:good": Decimal(85), "a:poor": Decimal("84.9"), "a:pro": Decimal(99)}}
SHOP = catalogue(
    model("a:best", ("10", "30"), aliases=("best-latest",)),
    model("a:good", ("1", "3")),
    model("a:poor", ("0.1", "0.3")),
    model("a:pro", ("1", "1"), is_pro=True),
    model("a:old", ("1", "1"), deprecated_from=date(2026, 1, 1)),
    model("a:free", None),
)


def told(**success: tuple[int, int]) -> dict[tuple[str, str], str]:
    measured = {f"a:{name}": figures for name, figures in success.items()}
    return {(each.kind, each.asked): each.model for each in references(SHOP, SCORES, measured, NOW)}


def test_the_best_one_is_open_to_all_and_the_good_one_is_near_it_and_cheaper() -> None:
    assert told() == {
        ("best", ""): "a:best", ("good", ""): "a:good", ("asked", "a:best"): "a:best", ("asked", "best-latest"): "a:best",
        ("asked", "a:good"): "a:good", ("asked", "a:poor"): "a:poor", ("asked", "a:pro"): "a:pro", ("asked", "a:old"): "a:old",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("success", "good"), [((880, 1_000), "a:best"), ((940, 1_000), "a:good"), ((9, 10), "a:good"), ((0, 0), "a:good")]
)
def test_who_is_measured_to_succeed_less_often_is_not_good_enough(success: tuple[int, int], good: str) -> None:
    assert told(best=(950, 1_000), good=success)["good", ""] == good


def test_rates_are_nano_dollars_a_token_and_those_of_a_cache_fall_back_to_input() -> None:
    shop = catalogue(model("a:one", ("0.25", "2")))
    found = next(each for each in references(shop, {"coding": {}}, {}, NOW) if each.kind == "best")
    assert found == Reference(
        kind="best", category="coding", asked="", model="a:one", input_rate=Decimal(250), output_rate=Decimal(2_000),
        cache_read_rate=Decimal(250), cache_write_rate=Decimal(250),
    )  # fmt: skip
    (deployment,) = shop.models["a:one"].deployments
    price = replace(deployment.prices[0], rates=Rates(input=Decimal(1), output=Decimal(2), cache_read=Decimal("0.1")))
    cached = replace(shop.models["a:one"], deployments=(replace(deployment, prices=(price,)),))
    found = next(iter(references(catalogue(cached), {"coding": {}}, {}, NOW)))
    assert [found.cache_read_rate, found.cache_write_rate] == [100, 1_000]


@pytest.mark.django_db
def test_savings_price_the_same_tokens_elsewhere() -> None:
    """Release 0 of both lines knows what is best for coding, and cheap; a release that is gone is not compared."""
    baselines.ensure([(0, 0), (77, 0)])
    best, good = (Baseline.objects.get(kind=kind, category="coding", asked="") for kind in ("best", "good"))
    asked = Baseline.objects.get(kind="asked", asked="openai:gpt-5")
    day = datetime(2026, 11, 27, tzinfo=UTC)
    usual = {"created_at": day, "model": "x:y", "input_tokens": 1_000, "output_tokens": 500, "cost_nano": 1_000_000}
    insert(**usual)
    insert(**usual, requested_model="openai:gpt-5")
    insert(**usual, catalogue_release=77)
    insert(created_at=day, saved_nano=40)
    rolled_up()
    found = savings(Question(since=day, until=day + timedelta(days=1)))
    at = [2 * (1_000 * each.input_rate + 500 * each.output_rate) for each in (best, good)]
    by_name = 1_000_000 + 1_000 * asked.input_rate + 500 * asked.output_rate
    assert [each.would_have_cost_nano for each in found.savings] == [*at, by_name]
    assert {each.cost_nano for each in found.savings} == {2_000_000}
    assert (found.cache_saved_nano, round(found.coverage or 0, 6)) == (40, 0.666667)
    assert found.savings[0].saved_nano == at[0] - 2_000_000
    assert best.input_rate > good.input_rate
    assert Baseline.objects.filter(catalogue_release=77).count() == 0
