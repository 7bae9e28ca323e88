"""A bundle written to the tables: only what differs, with a version of each row, or nothing at all."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model as Row

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import tables as catalogue_tables
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price, Provider
from routerhub.releases.errors import InvalidRelease
from tests.cast import Cast, because

Facts = dict[str, Any]
KINDS: tuple[Any, ...] = (Provider, Model, Deployment, Price)
JANUARY, MARCH, MAY, JULY = (f"2026-{month}-01T00:00:00+00:00" for month in ("01", "03", "05", "07"))
ONE, TWO = "acme:one", "acme:two"
SLIP = "input falls from 2 to 0.000002, 1000000.0 times; is one of them per token?"


def a_price(effective_from: str = JANUARY, source: str = "a list", tiers: Any = (), **rates: str) -> Facts:
    return {
        "effective_from": effective_from,
        "rates": {"input": "2", "output": "10", **rates},
        "tiers": list(tiers),
        "source": source,
        "dated": "2026-01-01",
    }


def a_place(*prices: Facts, upstream_model: str = "one", provider: str = "acme", status: str = "available") -> Facts:
    return {"provider": provider, "upstream_model": upstream_model, "status": status, "prices": list(prices)}


def a_model(name: str = "One", **facts: Any) -> Facts:
    return {
        "kind": "chat", "name": name, "aliases": [], "provider": "acme", "description": "", "user_description": "",
        "best_for": "",
        "context_window": 100_000, "max_output": 4_000, "capabilities": ["streaming", "tools"],
        "supports_reasoning": False, "knowledge_cutoff": "2026-01", "benchmarks": {}, "speed_tier": "standard",
        "is_pro": False, "is_internal_only": False, "is_experimental": False, "is_available": True,
        "deprecated_from": None, "successor": "", "source": "a list", "deployments": [a_place(a_price())], **facts,
    }  # fmt: skip


def a_provider(title: str = "Acme", **facts: Any) -> Facts:
    blank = {
        "protocol": "openai", "credential_env": "ACME_API_KEY", "output_limit_field": "max_tokens", "is_local": False,
        "is_zero_retention": False,
    }  # fmt: skip
    return {"title": title, "base_url": "https://acme.example/v1", **blank, **facts}


def a_bundle() -> Facts:
    """Two models of one maker, each with one price, in the spelling of the tables."""
    two = a_model("Two", deployments=[a_place(a_price(), upstream_model="two")])
    return {"providers": {"acme": a_provider()}, "models": {ONE: a_model(), TWO: two}}


def count_versions() -> dict[str, int]:
    return {kind.__name__: kind.history.count() for kind in KINDS}


def added_versions(before: dict[str, int]) -> dict[str, int]:
    """How many versions each table got since; tables without are left out."""
    return {name: count - before[name] for name, count in count_versions().items() if count != before[name]}


def prices_of(bundle: Facts, identifier: str = ONE) -> list[Facts]:
    found: list[Facts] = bundle["models"][identifier]["deployments"][0]["prices"]
    return found


@pytest.fixture
def written(db: None) -> Facts:
    """The two models, in the tables; the bundle is yours to change."""
    catalogue_tables.write(a_bundle(), because("first"), trusts_prices=True)
    return a_bundle()


# --- identity


def test_the_shipped_bundle_comes_back_as_it_was_written(db: None) -> None:
    shipped = catalogue_bundles.to_bundle(STATIC)
    catalogue_tables.write(shipped, because("first"), trusts_prices=True)
    assert catalogue_compiler.compile_bundle() == shipped
    assert catalogue_bundles.read(catalogue_compiler.compile_bundle(), number=0) == STATIC


def test_writing_what_is_there_adds_no_version_and_few_queries(db: None, django_assert_max_num_queries: Any) -> None:
    shipped = catalogue_bundles.to_bundle(STATIC)
    catalogue_tables.write(shipped, because("first"), trusts_prices=True)
    before = count_versions()
    with django_assert_max_num_queries(20):
        catalogue_tables.write(shipped, because("again"), trusts_prices=True)
    assert count_versions() == before


def test_writing_the_whole_catalogue_takes_few_queries(db: None, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(60):
        catalogue_tables.write(catalogue_bundles.to_bundle(STATIC), because("first"), trusts_prices=True)


def test_every_field_of_a_model_and_a_provider_is_written(written: Facts) -> None:
    written["providers"]["acme"] = a_provider(
        "Acme Inc.", protocol="anthropic", base_url="http://127.0.0.1:9/v1", credential_env="", is_local=True,
        is_zero_retention=True, output_limit_field="max_completion_tokens",
    )  # fmt: skip
    written["models"][ONE] = a_model(
        "Uno", description="long", user_description="short", best_for="sums", context_window=9, max_output=8,
        capabilities=["audio", "vision"], supports_reasoning=True, knowledge_cutoff="2025", speed_tier="fast",
        benchmarks={"mmlu": {"value": 1.5, "source": "a board", "dated": "2026-01-01"}}, is_pro=True, is_internal_only=True,
        is_experimental=True, is_available=False, deprecated_from="2027-01-31", successor=TWO, source="another list",
        deployments=[a_place(a_price(), status="down"), a_place(upstream_model="uno")],
    )  # fmt: skip
    catalogue_tables.write(written, because("all of it"))
    assert catalogue_compiler.compile_bundle() == written


# --- versions


def test_each_new_row_gets_a_version_with_author_and_reason(cast: Cast) -> None:
    catalogue_tables.write(a_bundle(), because("a fresh start", cast.ada.user), trusts_prices=True)
    assert count_versions() == {"Provider": 1, "Model": 2, "Deployment": 2, "Price": 2}
    for kind in KINDS:
        for version in kind.history.all():
            assert (version.history_type, version.history_user) == ("+", cast.ada.user)
            assert (version.history_change_reason, version.ip) == ("a fresh start", None)


def test_a_changed_field_gives_its_row_alone_a_version(written: Facts, cast: Cast) -> None:
    before = count_versions()
    written["models"][ONE]["description"] = "Adds numbers."
    catalogue_tables.write(written, because("say what it does", cast.ben.user))
    assert added_versions(before) == {"Model": 1}
    version = Model.history.latest()
    assert (version.identifier, version.history_type, version.description) == (ONE, "~", "Adds numbers.")
    assert (version.history_user, version.history_change_reason) == (cast.ben.user, "say what it does")
    assert version.ip is None
    assert version.prev_record.description == ""


def test_a_changed_provider_gets_the_only_version(written: Facts) -> None:
    before = count_versions()
    written["providers"]["acme"]["title"] = "Acme Inc."
    catalogue_tables.write(written, because("renamed"))
    assert added_versions(before) == {"Provider": 1}
    assert Provider.history.latest().title == "Acme Inc."


@pytest.mark.parametrize("change", ["price", "status"])
def test_a_change_below_a_model_gives_the_model_no_version(written: Facts, change: str) -> None:
    before = count_versions()
    if change == "price":
        prices_of(written).append(a_price(MARCH, input="3"))
    else:
        written["models"][ONE]["deployments"][0]["status"] = "down"
    catalogue_tables.write(written, because("below"))
    assert added_versions(before) == {"Price" if change == "price" else "Deployment": 1}


def test_the_order_of_deployments_is_kept_and_only_the_moved_get_versions(written: Facts) -> None:
    deployments = [a_place(a_price()), a_place(upstream_model="uno"), a_place(upstream_model="eins")]
    written["models"][ONE]["deployments"] = deployments
    catalogue_tables.write(written, because("three places"))
    before = count_versions()
    written["models"][ONE]["deployments"] = [deployments[1], deployments[0], deployments[2]]
    catalogue_tables.write(written, because("the second first"))
    assert catalogue_compiler.compile_bundle() == written
    assert added_versions(before)["Deployment"] == 2
    assert [row.upstream_model for row in Deployment.objects.filter(model__identifier=ONE)] == ["uno", "one", "eins"]


# --- taking away


def test_a_model_that_is_gone_takes_its_deployments_and_prices_along(written: Facts, cast: Cast) -> None:
    del written["models"][ONE]
    catalogue_tables.write(written, because("no longer made", cast.ada.user))
    assert list(Model.objects.values_list("identifier", flat=True)) == [TWO]
    assert [row.upstream_model for row in Deployment.objects.all()] == ["two"]
    assert Price.objects.count() == 1
    last = Model.history.filter(identifier=ONE).latest()
    assert (last.history_type, last.history_user, last.history_change_reason) == ("-", cast.ada.user, "no longer made")
    for kind in (Deployment, Price):
        assert kind.history.filter(history_type="-").count() == 1


def test_what_goes_with_a_model_keeps_author_and_reason_too(written: Facts, cast: Cast) -> None:
    del written["models"][ONE]
    catalogue_tables.write(written, because("no longer made", cast.ada.user))
    for kind in (Deployment, Price):
        last = kind.history.get(history_type="-")
        assert (last.history_user, last.history_change_reason) == (cast.ada.user, "no longer made")


def test_a_provider_that_nobody_needs_any_more_goes_with_its_last_model(written: Facts) -> None:
    written["providers"]["zeta"] = a_provider("Zeta")
    written["models"]["zeta:z"] = a_model("Z", provider="zeta", deployments=[a_place(provider="zeta")])
    catalogue_tables.write(written, because("another maker"))
    catalogue_tables.write(a_bundle(), because("and back"))
    assert catalogue_compiler.compile_bundle() == a_bundle()
    assert Provider.history.filter(name="zeta", history_type="-").count() == 1


def test_a_deployment_and_a_price_that_the_bundle_lacks_are_taken_away(written: Facts) -> None:
    richer = a_bundle()
    prices_of(richer).append(a_price(MARCH, input="3"))
    richer["models"][ONE]["deployments"].append(a_place(a_price(), upstream_model="uno"))
    catalogue_tables.write(richer, because("more"))
    assert (Deployment.objects.count(), Price.objects.count()) == (3, 4)
    catalogue_tables.write(written, because("back again"))
    assert catalogue_compiler.compile_bundle() == a_bundle()
    assert (Deployment.objects.count(), Price.objects.count()) == (2, 2)


# --- successors


def test_successors_in_a_circle_are_fine(db: None) -> None:
    bundle = a_bundle()
    bundle["models"][ONE]["successor"], bundle["models"][TWO]["successor"] = TWO, ONE
    catalogue_tables.write(bundle, because("a circle"), trusts_prices=True)
    assert catalogue_compiler.compile_bundle() == bundle


def test_a_model_may_be_followed_by_one_that_comes_later_in_the_bundle_or_is_there(written: Facts) -> None:
    written["models"]["acme:a"] = a_model("A", successor="acme:b", deployments=[a_place(upstream_model="a")])
    written["models"]["acme:b"] = a_model("B", successor=ONE, deployments=[a_place(upstream_model="b")])
    written["models"][ONE]["successor"] = "acme:a"
    catalogue_tables.write(written, because("a longer circle"))
    assert catalogue_compiler.compile_bundle() == written


def test_a_successor_can_be_taken_back(written: Facts) -> None:
    followed = a_bundle()
    followed["models"][ONE]["successor"] = TWO
    catalogue_tables.write(followed, because("followed"))
    catalogue_tables.write(written, because("not after all"))
    assert catalogue_compiler.compile_bundle() == a_bundle()


# --- prices


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
    names = ("input", "output", "cache_read", "cache_write", "audio_input", "audio_output", "reasoning", "requests")
    prices_of(written).append(a_price(MARCH, **dict.fromkeys(names, "0.041666666666666664")))
    prices_of(written).append(a_price(MAY, **dict.fromkeys(names, "41.66666666666666666")))
    catalogue_tables.write(written, because("all off by the unit"))
    assert len(Price.objects.latest().waits_because) <= 500


# --- what a column cannot hold


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("models.acme:one.name", "x" * 129, "at most 128 characters"),
        ("models.acme:one.name", "", "cannot be blank"),
        ("models.acme:one.best_for", "x" * 256, "at most 255 characters"),
        ("models.acme:one.source", "x" * 256, "at most 255 characters"),
        ("models.acme:one.knowledge_cutoff", "spring", "Write 2025, 2025-06 or 2025-06-30."),
        ("models.acme:one.capabilities", ["reasoning"], "Unknown: reasoning."),
        ("models.acme:one.context_window", 2**31, "less than or equal to 2147483647"),
        ("providers.acme.title", "x" * 101, "at most 100 characters"),
        ("providers.acme.base_url", "acme.example", "Enter a valid URL"),
        ("providers.acme.credential_env", "X" * 65, "at most 64 characters"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_told_by_field(
    written: Facts, path: str, value: object, problem: str
) -> None:
    before = count_versions()
    kind, name, field = path.split(".")
    written[kind][name][field] = value
    written["models"][TWO]["description"] = "is not written either"
    with pytest.raises(InvalidRelease) as refused:
        catalogue_tables.write(written, because("too much"))
    assert list(refused.value.problems) == [path]
    assert problem in refused.value.problems[path]
    assert count_versions() == before
    assert catalogue_compiler.compile_bundle() == a_bundle()


def test_an_id_or_a_name_that_its_column_cannot_hold_is_told_by_field(written: Facts) -> None:
    long = f"acme:{'x' * 124}"
    written["models"][long] = a_model("Long")
    written["providers"]["Acme Inc"] = a_provider()
    with pytest.raises(InvalidRelease) as refused:
        catalogue_tables.write(written, because("too long"))
    assert list(refused.value.problems) == ["providers.Acme Inc.name", f"models.{long}.id"]
    assert catalogue_compiler.compile_bundle() == a_bundle()


def test_the_name_of_a_model_at_its_provider_fits_its_column(written: Facts) -> None:
    written["models"][ONE]["deployments"].append(a_place(upstream_model="x" * 161))
    with pytest.raises(InvalidRelease, match="upstream_model"):
        catalogue_tables.write(written, because("too long"))


def test_the_source_of_a_price_fits_its_column(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, source="x" * 256))
    with pytest.raises(InvalidRelease, match="source"):
        catalogue_tables.write(written, because("too long"))


def test_a_rate_beyond_the_most_that_a_price_may_be_is_refused(written: Facts) -> None:
    prices_of(written).append(a_price(MARCH, input="1000000.01"))
    with pytest.raises(InvalidRelease, match=r"1,000,000"):
        catalogue_tables.write(written, because("too dear"), trusts_prices=True)


def test_a_model_of_a_maker_that_nobody_knows_is_refused(written: Facts) -> None:
    written["models"]["nobody:one"] = a_model("Nobody's", provider="nobody")

    def write_and_commit() -> None:
        catalogue_tables.write(written, because("whose?"))
        connection.check_constraints()

    with pytest.raises(InvalidRelease, match="there is no provider 'nobody'"):
        write_and_commit()


def test_a_bundle_that_breaks_a_rule_writes_nothing(written: Facts) -> None:
    before = count_versions()
    written["models"][ONE]["max_output"] = 100_001
    written["models"][TWO]["successor"] = "acme:three"
    with pytest.raises(InvalidRelease) as refused:
        catalogue_tables.write(written, because("nonsense"))
    assert list(refused.value.problems) == ["models.acme:one.max_output", "models.acme:two.successor"]
    assert count_versions() == before


def test_two_places_of_the_same_name_are_refused(written: Facts) -> None:
    written["models"][ONE]["deployments"].append(a_place())
    with pytest.raises(InvalidRelease, match="acme/one"):
        catalogue_tables.write(written, because("twice"))


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
