"""A bundle written to the tables: only what differs, with a version of each row, or nothing at all."""

from typing import Any

import pytest
from django.db import connection

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import tables as catalogue_tables
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price, Provider
from routerhub.releases.errors import InvalidRelease
from tests.cast import Cast, because
from tests.models_registry.catalogue.facts import (
    KINDS,
    MARCH,
    ONE,
    TWO,
    Facts,
    a_bundle,
    a_model,
    a_place,
    a_price,
    a_provider,
    added_versions,
    count_versions,
    prices_of,
)

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
        deployments=[{**a_place(a_price(), status="down"), "regions": ["eu", "us"]}, a_place(upstream_model="uno")],
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
    with pytest.raises(InvalidRelease, match="acme:one, deployment 2, upstream model"):
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
