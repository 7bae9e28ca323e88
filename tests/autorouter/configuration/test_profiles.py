"""Scores are changed one at a time or many at once: published together, or nothing is written."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from autorouter.configuration import bundles, profiles, save
from autorouter.configuration.release0 import BUNDLE, STATIC
from autorouter.models import Profile, ProfileScore
from routerhub.releases import rollout, store
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from tests import seeds
from tests.cast import Cast, because

GPT, MINI = "openai:gpt-5", "openai:gpt-5-mini"


@pytest.fixture(autouse=True)
def seeded(db: None) -> None:
    seeds.router()


def facts(value: float, **changes: Any) -> dict[str, Any]:
    return {"value": value, "source": "our own runs", "dated": "2026-11-20", "is_estimated": False, **changes}


def score(model: str, dimension: str) -> ProfileScore:
    return ProfileScore.objects.get(profile__model=model, dimension=dimension)


def everything() -> tuple[Any, ...]:
    return (
        list(ProfileScore.objects.values_list("profile__model", "dimension", "value", "source")),
        ProfileScore.history.count(), Profile.history.count(), Release.objects.count(), rollout.pointers(),
    )  # fmt: skip


def test_one_score_is_an_estimate_and_live_at_once(cast: Cast) -> None:
    assert (
        profiles.set_score(GPT, "coding", Decimal("91.25"), "a guess", date(2026, 11, 20), because("tried", cast.staff))
        == 2
    )
    row = score(GPT, "coding")
    assert (row.value, row.source, row.dated, row.is_estimated) == (
        Decimal("91.25"), "a guess", date(2026, 11, 20), True,
    )  # fmt: skip
    live = bundles.read(store.bundle("router", rollout.pointers()["router"].stable), 2)
    assert live.profiles[GPT].categories["coding"].value == Decimal("91.25")
    version = row.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "tried")


def test_many_scores_make_one_release_and_change_nothing_else() -> None:
    before = store.bundle("router", 1)
    assert (
        profiles.set_scores(
            {GPT: {"coding": facts(50), "quality": facts(51)}, MINI: {"coding": facts(52)}}, because("x")
        )
        == 2
    )
    assert [(each.path, each.after) for each in store.compared("router", 1, 2) if each.path.endswith(".value")] == [
        (f"profiles.{GPT}.coding.value", 50), (f"profiles.{GPT}.quality.value", 51), (f"profiles.{MINI}.coding.value", 52),
    ]  # fmt: skip
    after = store.bundle("router", 2)
    assert after["profiles"][GPT].keys() == before["profiles"][GPT].keys()
    assert {name: part for name, part in after.items() if name != "profiles"} == {
        name: part for name, part in before.items() if name != "profiles"
    }


def test_a_model_without_a_profile_gets_one() -> None:
    profiles.set_scores({"acme:new": {"factual": facts(77.5)}}, because("x"))
    assert score("acme:new", "factual").value == Decimal("77.50")


def test_the_same_again_makes_no_release() -> None:
    profiles.set_scores({GPT: {"coding": facts(50)}}, because("x"))
    assert profiles.set_scores({GPT: {"coding": facts(50)}}, because("x")) == 2
    assert Release.objects.filter(line="router").count() == 2


@pytest.mark.parametrize(
    ("bad", "paths"),
    [
        ({MINI: {"cooking": facts(1)}}, [f"profiles.{MINI}.cooking"]),
        ({MINI: {"coding": facts(101)}}, [f"profiles.{MINI}.coding.value"]),
        ({MINI: {"coding": facts(-0.01)}}, [f"profiles.{MINI}.coding.value"]),
        ({MINI: {"coding": facts(True)}}, [f"profiles.{MINI}.coding.value"]),
        ({MINI: {"coding": facts(float("nan"))}}, [f"profiles.{MINI}.coding.value"]),
        ({MINI: {"coding": facts(5, source=" ")}}, [f"profiles.{MINI}.coding.source"]),
        ({MINI: {"coding": {}}}, [f"profiles.{MINI}.coding.{part}" for part in ("value", "source", "dated")]),
        ({"a": {"coding": facts(200)}, "b": {"flying": facts(1)}}, ["profiles.b.flying"]),
        (
            {"a": {"coding": facts(200)}, "b": {"coding": facts(300)}},
            ["profiles.a.coding.value", "profiles.b.coding.value"],
        ),
    ],
)
def test_one_bad_score_among_good_ones_writes_nothing(bad: Any, paths: list[str]) -> None:
    before = everything()
    with pytest.raises(InvalidRelease) as caught:
        profiles.set_scores({GPT: {"coding": facts(50)}, **bad}, because("x"))
    assert list(caught.value.problems) == paths
    assert everything() == before


@pytest.mark.parametrize("dated", ["yesterday", "2026-13-01", "20.11.2026"])
def test_a_day_that_is_none_is_a_problem_by_its_path_and_writes_nothing(dated: str) -> None:
    before = everything()
    with pytest.raises(InvalidRelease) as caught:
        profiles.set_scores({GPT: {"coding": facts(50, dated=dated)}}, because("x"))
    assert list(caught.value.problems) == [f"profiles.{GPT}.coding.dated"]
    assert everything() == before


def test_a_score_with_more_digits_than_are_kept_is_refused_or_rounded_alike_everywhere() -> None:
    profiles.set_scores({GPT: {"coding": facts(50.123456)}}, because("x"))
    live = store.bundle("router", rollout.pointers()["router"].stable)
    assert Decimal(str(live["profiles"][GPT]["coding"]["value"])) == score(GPT, "coding").value


def test_a_source_longer_than_is_kept_is_a_problem_and_writes_nothing() -> None:
    before = everything()
    with pytest.raises(InvalidRelease) as caught:
        profiles.set_scores({GPT: {"coding": facts(50, source="x" * 256)}}, because("x"))
    assert list(caught.value.problems) == [f"profiles.{GPT}.coding.source"]
    assert everything() == before


def test_what_the_tables_lack_is_release_0s_and_the_release_says_which() -> None:
    Profile.objects.get(model=GPT).delete()
    score(MINI, "coding").delete()
    number = save.publish(because("fewer of our own"))
    bundle = store.bundle("router", number)
    assert bundle["profiles"][GPT] == {
        name: {**each, "is_static": True} for name, each in BUNDLE["profiles"][GPT].items()
    }
    assert [name for name, each in bundle["profiles"][MINI].items() if each.get("is_static")] == ["coding"]
    assert bundles.read(bundle, number).profiles == STATIC.profiles


def test_what_was_taken_from_release_0_is_never_written_into_the_tables() -> None:
    Profile.objects.get(model=GPT).delete()
    number = save.publish(because("fewer of our own"))
    profiles.set_score(MINI, "coding", Decimal(50), "a guess", date(2026, 11, 20), because("tried"))
    rollout.rollback("router", 1, because("all of our own"))
    assert Profile.objects.filter(model=GPT).exists()
    rollout.rollback("router", number, because("fewer again"))
    assert not Profile.objects.filter(model=GPT).exists()
    profiles.set_score(GPT, "coding", Decimal(50), "a guess", date(2026, 11, 20), because("our own"))
    assert list(ProfileScore.objects.filter(profile__model=GPT).values_list("dimension", flat=True)) == ["coding"]


def test_nobody_says_of_a_score_that_it_is_release_0s() -> None:
    before = everything()
    with pytest.raises(InvalidRelease) as caught:
        profiles.set_scores({GPT: {"coding": facts(50, is_static=True)}}, because("x"))
    assert list(caught.value.problems) == [f"profiles.{GPT}.coding.is_static"]
    assert everything() == before
