"""Adding, altering, copying, deprecating and deleting a model: what each does, publishes and refuses."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue import tables as catalogue_tables
from models_registry.models import Deployment, Model, Price, Provider
from models_registry.prices import rows
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from routerhub.releases.types import Pointer
from tests.cast import Cast, because
from tests.models_registry.catalogue.facts import MARCH, ONE, TWO, a_bundle, a_model, a_place, a_price, a_provider

THREE = "acme:three"
NEW: dict[str, Any] = {
    "name": "Three",
    "context_window": 9_000,
    "max_output": 900,
    "deployments": [a_place(a_price(), upstream_model="three")],
}


@pytest.fixture(autouse=True)
def _release_one(db: None) -> None:
    """Two models, published as release 1."""
    catalogue_tables.write(a_bundle(), because("first"), trusts_prices=True)
    assert store.publish("catalogue", because("first")) == 1


def live() -> Any:
    """The bundle that decides now."""
    return store.bundle("catalogue", rollout.pointers()["catalogue"].stable)


def refused(change: Callable[[], object]) -> dict[str, str]:
    """The problems of an edit, which must have written and published nothing."""
    before = [kind.history.count() for kind in (Provider, Model, Deployment, Price)]
    with pytest.raises(InvalidRelease) as problem:
        change()
    assert [kind.history.count() for kind in (Provider, Model, Deployment, Price)] == before
    assert catalogue_compiler.compile_bundle() == a_bundle() == live()
    assert Release.objects.count() == 1
    return problem.value.problems


def test_a_change_of_the_bundle_is_written_and_published_with_its_author(cast: Cast) -> None:
    def change(bundle: Any) -> None:
        bundle["providers"]["acme"]["title"] = "Acme Inc."

    assert editing.edit(change, because("renamed", cast.ada.user)) == 2
    assert Provider.objects.get().title == "Acme Inc."
    assert live()["providers"]["acme"]["title"] == "Acme Inc."
    assert rollout.pointers()["catalogue"] == Pointer(line="catalogue", stable=2)
    release = Release.objects.get(number=2)
    assert (release.author, release.reason) == (cast.ada.user, "renamed")
    version = Provider.history.latest()
    assert (version.history_user, version.history_change_reason) == (cast.ada.user, "renamed")


def test_an_edit_that_changes_nothing_publishes_nothing() -> None:
    assert editing.edit(lambda bundle: None, because("nothing")) == 1
    assert Release.objects.count() == 1


# --- add


def test_a_new_model_is_live_with_what_was_given_and_modest_defaults() -> None:
    assert editing.add(THREE, NEW, because("a third")) == 2
    model = catalogue_bundles.read(live(), number=2).models[THREE]
    assert (model.name, model.provider, model.context_window, model.max_output) == ("Three", "acme", 9_000, 900)
    assert (model.capabilities, model.speed_tier) == (frozenset({"streaming"}), "standard")
    assert (model.is_available, model.is_experimental, model.is_pro, model.supports_reasoning) == (
        True, False, False, False,
    )  # fmt: skip
    (place,) = model.deployments
    assert (place.id, place.prices[0].rates.input) == ("acme/three", Decimal(2))
    assert list(catalogue_compiler.compile_bundle()["models"]) == [ONE, THREE, TWO]


def test_a_doubtful_price_of_a_new_model_waits_and_the_model_is_live_without() -> None:
    free = {**NEW, "deployments": [a_place(a_price(input="0"), upstream_model="three")]}
    assert editing.add(THREE, free, because("for nothing?")) == 2
    assert catalogue_bundles.read(live(), number=2).models[THREE].deployments[0].prices == ()
    assert Price.objects.exclude(waits_because="").get().waits_because == "input is zero"


def test_a_model_that_is_there_already_cannot_be_added() -> None:
    assert refused(lambda: editing.add(ONE, NEW, because("again"))) == {"id": "there is a model 'acme:one' already."}


def test_every_field_that_a_new_model_needs_is_named() -> None:
    facts = {"deployments": NEW["deployments"], "name": ""}
    assert refused(lambda: editing.add(THREE, facts, because("too little"))) == dict.fromkeys(
        ("name", "context_window", "max_output"), "this field is required."
    )


def test_every_unknown_field_is_named_with_those_that_there_are() -> None:
    problems = refused(lambda: editing.add(THREE, {**NEW, "window": 1, "price": 2}, because("other words")))
    assert list(problems) == ["price", "window"]
    assert problems["window"].startswith("unknown field. Allowed: aliases, benchmarks, best_for, capabilities, ")
    assert "deprecated_from" in problems["window"]


@pytest.mark.parametrize(
    ("identifier", "facts", "path", "problem"),
    [
        ("Acme:Three!", {}, "id", "write provider:name, e.g. openai:gpt-5."),
        (THREE, {"provider": "zeta"}, "provider", "'zeta' is not the part of the id before the colon."),
        (THREE, {"max_output": 9_001}, "max_output", "9001 is not from 1 to the context window, 9000."),
        (THREE, {"successor": "acme:x"}, "successor", "there is no model 'acme:x'."),
        (THREE, {"capabilities": ["smell"]}, "capabilities", "unknown: smell."),
        (THREE, {"deployments": []}, "deployments", "a model needs at least one deployment."),
        (
            THREE,
            {"deployments": [a_place(provider="zeta")]},
            "deployments[0].provider",
            "there is no provider 'zeta'.",
        ),
        (
            THREE,
            {"deployments": [a_place(a_price(source=""))]},
            "deployments[0].prices.source",
            "a price needs its source.",
        ),
        (
            THREE,
            {"deployments": [a_place(a_price(MARCH), a_price())]},
            "deployments[0].prices",
            "2026-01-01 does not come after the price before it.",
        ),
        (
            THREE,
            {"deployments": [a_place(a_price(input="-1"))]},
            "deployments[0].prices.input",
            "-1 is not a price: write zero or more USD per 1M tokens.",
        ),
    ],
)
def test_a_new_model_that_breaks_a_rule_is_refused_by_field(
    identifier: str, facts: dict[str, Any], path: str, problem: str
) -> None:
    assert refused(lambda: editing.add(identifier, {**NEW, **facts}, because("wrong")))[path] == problem


@pytest.mark.parametrize("facts", [{"context_window": "many"}, {"deployments": [{"provider": "acme"}]}])
def test_a_new_model_that_cannot_be_read_is_refused_by_name(facts: dict[str, Any]) -> None:
    (problem,) = refused(lambda: editing.add(THREE, {**NEW, **facts}, because("wrong"))).items()
    assert problem[0] == f"models.{THREE}"
    assert problem[1].startswith("cannot be read: ")


def test_a_name_that_is_too_long_is_refused_by_field() -> None:
    problems = refused(lambda: editing.add(THREE, {**NEW, "name": "x" * 129}, because("wrong")))
    assert list(problems) == ["name"]


# --- alter


def test_altering_changes_the_named_fields_alone() -> None:
    assert editing.update(ONE, {"description": "Adds.", "max_output": 5_000}, because("more")) == 2
    expected = a_bundle()
    expected["models"][ONE].update(description="Adds.", max_output=5_000)
    assert live() == catalogue_compiler.compile_bundle() == expected


def test_altered_deployments_are_all_that_the_model_then_has() -> None:
    deployments = [a_place(a_price(), upstream_model="uno"), a_place(a_price(MARCH), upstream_model="eins")]
    editing.update(ONE, {"deployments": deployments}, because("elsewhere"))
    assert catalogue_compiler.compile_bundle()["models"][ONE]["deployments"] == deployments
    assert not Deployment.objects.filter(upstream_model="one").exists()


def test_a_price_is_added_by_altering_and_the_old_one_cannot_be_edited() -> None:
    edited = {"deployments": [a_place(a_price(input="1.9"))]}
    assert list(refused(lambda: editing.update(ONE, edited, because("wrong")))) == ["deployments.acme/one.prices"]
    added = {"deployments": [a_place(a_price(), a_price(MARCH, input="1.9"))]}
    assert editing.update(ONE, added, because("cheaper")) == 2
    assert [price["rates"]["input"] for price in live()["models"][ONE]["deployments"][0]["prices"]] == ["2", "1.9"]


def test_altering_a_model_that_is_not_there_or_a_field_that_is_none_is_refused() -> None:
    assert refused(lambda: editing.update(THREE, {"name": "x"}, because("?"))) == {
        "id": "there is no model 'acme:three'."
    }  # fmt: skip
    assert list(refused(lambda: editing.update(ONE, {"id": "acme:uno"}, because("?")))) == ["id"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"knowledge_cutoff": "spring"}, "knowledge_cutoff"),
        ({"speed_tier": "warp"}, "speed_tier"),
        ({"context_window": 10}, "max_output"),
        ({"provider": "zeta"}, "provider"),
        ({"benchmarks": {"mmlu": 70}}, "benchmarks.mmlu"),
    ],
)
def test_altering_to_what_cannot_be_is_refused_by_field(facts: dict[str, Any], field: str) -> None:
    assert list(refused(lambda: editing.update(ONE, facts, because("wrong")))) == [field]


# --- duplicate


MMLU = {"value": 1, "source": "a board", "dated": "2026-01-01"}


def test_a_copy_has_everything_but_the_benchmarks() -> None:
    editing.update(ONE, {"benchmarks": {"mmlu": MMLU}, "successor": TWO}, because("measured"))
    original = live()["models"][ONE]
    assert editing.duplicate(ONE, THREE, because("to try")) == 3
    assert live()["models"][THREE] == {**original, "name": "One (copy)", "benchmarks": {}}
    assert live()["models"][ONE] == original


def test_a_copy_of_another_maker_belongs_to_that_maker() -> None:
    editing.edit(lambda bundle: bundle["providers"].update(zeta=a_provider("Zeta")), because("another maker"))
    editing.duplicate(ONE, "zeta:one", because("theirs"))
    assert Model.objects.get(identifier="zeta:one").provider_id == "zeta"
    assert live()["models"]["zeta:one"]["deployments"] == a_model()["deployments"]


def test_a_copy_of_nothing_or_onto_something_is_refused() -> None:
    assert refused(lambda: editing.duplicate(THREE, "acme:four", because("?"))) == {
        "id": "there is no model 'acme:three'."
    }
    assert refused(lambda: editing.duplicate(ONE, TWO, because("?"))) == {"id": "there is a model 'acme:two' already."}
    assert "id" in refused(lambda: editing.duplicate(ONE, "no id", because("?")))


def test_a_copy_whose_name_becomes_too_long_is_refused_by_field() -> None:
    editing.update(ONE, {"name": "x" * 128}, because("the longest"))
    with pytest.raises(InvalidRelease) as problem:
        editing.duplicate(ONE, THREE, because("to try"))
    assert list(problem.value.problems) == ["name"]
    assert not Model.objects.filter(identifier=THREE).exists()


def test_a_copy_costs_what_the_original_costs_also_where_its_price_was_in_doubt_and_approved() -> None:
    place = Deployment.objects.get(model__identifier=ONE)
    jump = Price(
        deployment=place, effective_from=datetime(2026, 5, 1, tzinfo=UTC), input=Decimal(90), output=Decimal(10),
        source="a contract", dated=date(2026, 5, 1),
    )  # fmt: skip
    jump.save()
    rows.approve(jump, because("by contract"))
    editing.duplicate(ONE, THREE, because("to try"))
    assert live()["models"][THREE]["deployments"] == live()["models"][ONE]["deployments"]
    assert not Price.objects.exclude(waits_because="").exists()


# --- deprecate


def test_a_deprecated_model_has_a_last_day_and_a_successor() -> None:
    assert editing.deprecate(ONE, date(2027, 1, 31), TWO, because("old")) == 2
    model = catalogue_bundles.read(live(), number=2).models[ONE]
    assert (model.deprecated_from, model.successor) == (date(2027, 1, 31), TWO)
    assert [model.is_deprecated(date(2027, 1, day)) for day in (30, 31)] == [False, True]


def test_a_model_may_be_deprecated_without_a_successor() -> None:
    editing.deprecate(ONE, date(2027, 1, 31), "", because("old"))
    assert live()["models"][ONE]["successor"] == ""


@pytest.mark.parametrize(
    ("identifier", "successor", "problems"),
    [
        (THREE, TWO, {"id": "there is no model 'acme:three'."}),
        (ONE, ONE, {"successor": "'acme:one' cannot follow itself."}),
        (ONE, THREE, {"successor": "there is no model 'acme:three'."}),
    ],
)
def test_a_deprecation_that_leads_nowhere_is_refused(identifier: str, successor: str, problems: dict[str, str]) -> None:
    assert refused(lambda: editing.deprecate(identifier, date(2027, 1, 31), successor, because("old"))) == problems


# --- remove


def test_a_removed_model_is_gone_and_no_longer_anybodys_successor(cast: Cast) -> None:
    editing.deprecate(ONE, date(2027, 1, 31), TWO, because("old"))
    assert editing.remove(TWO, because("gone", cast.ada.user)) == 3
    assert list(live()["models"]) == [ONE]
    assert (live()["models"][ONE]["successor"], live()["models"][ONE]["deprecated_from"]) == ("", "2027-01-31")
    assert live() == catalogue_compiler.compile_bundle()
    last = Model.history.filter(identifier=TWO).latest()
    assert (last.history_type, last.history_user, last.history_change_reason) == ("-", cast.ada.user, "gone")


def test_what_is_not_there_cannot_be_removed() -> None:
    assert refused(lambda: editing.remove(THREE, because("?"))) == {"id": "there is no model 'acme:three'."}


def test_the_last_model_stays() -> None:
    editing.remove(TWO, because("gone"))
    with pytest.raises(InvalidRelease) as problem:
        editing.remove(ONE, because("gone too"))
    assert problem.value.problems == {"models": "a catalogue needs at least one model."}
    assert Model.objects.count() == 1
    assert rollout.pointers()["catalogue"].stable == 2


def test_an_old_release_brings_a_removed_model_back() -> None:
    editing.remove(TWO, because("gone"))
    catalogue_tables.write(store.bundle("catalogue", 1), because("back"), trusts_prices=True)
    assert store.publish("catalogue", because("back")) == 3
    assert live() == a_bundle()
