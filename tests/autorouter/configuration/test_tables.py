"""A router bundle is written back to the tables: to the last digit, each row with its history, or not at all."""

import copy
from typing import Any

import pytest

from autorouter.configuration import compiler, seeding, tables
from autorouter.configuration.release0 import BUNDLE
from autorouter.models import Policy, Profile, ProfileScore, RouterConfiguration, TaskType
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.models import Release
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db
TABLES = (RouterConfiguration, Profile, ProfileScore, Policy, TaskType)


def versions() -> list[int]:
    return [table.history.count() for table in TABLES]


def changed(**parts: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BUNDLE), **parts}


def test_the_shipped_bundle_comes_back_as_it_was_written() -> None:
    tables.write(BUNDLE, because("first"))
    assert compiler.compile_bundle() == BUNDLE
    assert Release.objects.count() == 0, "writing publishes nothing"


def test_writing_what_is_there_writes_nothing() -> None:
    seeding.seed()
    before = versions()
    tables.write(compiler.compile_bundle(), because("again"))
    assert versions() == before


def test_only_what_differs_is_written_with_author_and_reason(cast: Cast) -> None:
    seeding.seed()
    before = versions()
    target = changed()
    target["config"] |= {"stickiness_bonus": 7.25, "router_max_retries": 5}
    target["config"]["tier_weights"]["simple"]["cheap"] = 0.125
    target["profiles"]["openai:gpt-5"]["coding"] |= {"value": 61.5, "is_estimated": True}
    target["task_types"]["fix_bug"] = "ops"
    tables.write(target, because("measured", cast.ada.user))
    assert compiler.compile_bundle() == target
    assert [after - count for after, count in zip(versions(), before, strict=True)] == [1, 0, 1, 0, 1]
    for table in (RouterConfiguration, ProfileScore, TaskType):
        version = table.history.first()
        assert (version.history_type, version.history_user, version.history_change_reason) == (
            "~", cast.ada.user, "measured",
        )  # fmt: skip


def test_what_the_bundle_lacks_is_deleted_and_what_it_has_more_is_added() -> None:
    seeding.seed()
    target = changed()
    scores = target["profiles"].pop("openai:gpt-4")
    target["profiles"]["openai:new"] = scores
    del target["profiles"]["openai:gpt-5"]["coding"]
    del target["task_types"]["fix_bug"]
    target["task_types"]["dream"] = "ops"
    tables.write(target, because("turned over"))
    made = compiler.compile_bundle()
    assert {**made, "profiles": compiler.own_profiles(made["profiles"])} == target
    assert Profile.history.filter(model="openai:gpt-4", history_type="-").count() == 1
    tables.write(BUNDLE, because("back"))
    assert compiler.compile_bundle() == BUNDLE


def test_a_policy_version_that_is_there_is_switched_on_again_and_a_new_one_is_the_next() -> None:
    seeding.seed()
    target = changed()
    target["policies"]["code"] |= {
        "models": ["openai:gpt-5"], "version": 2, "max_cost_usd": 0.25, "temperature": 0.5, "hedge_after_ms": 500,
        "orders_by_complexity": True,
    }  # fmt: skip
    tables.write(target, because("cheaper"))
    assert active("code") == [2]
    tables.write(BUNDLE, because("back"))
    assert active("code") == [1]
    tables.write(target, because("cheaper after all"))
    assert active("code") == [2]
    assert list(Policy.objects.filter(name="code").values_list("version", flat=True)) == [2, 1]
    assert compiler.compile_bundle() == target


def active(name: str) -> list[int]:
    return list(Policy.objects.filter(name=name, is_active=True).values_list("version", flat=True))


def test_another_content_under_a_version_that_is_taken_becomes_the_next_version() -> None:
    seeding.seed()
    target = changed()
    target["policies"]["code"] |= {"title": "Other"}
    tables.write(target, because("other"))
    assert active("code") == [2]
    assert Policy.objects.get(name="code", version=1).title == BUNDLE["policies"]["code"]["title"]


def test_a_policy_that_the_bundle_lacks_is_switched_off_and_kept() -> None:
    seeding.seed()
    target = changed(task_types={})
    del target["policies"]["ops"]
    tables.write(target, because("no ops"))
    assert active("ops") == []
    assert Policy.objects.filter(name="ops").count() == 1
    assert compiler.compile_bundle() == target


def test_nothing_is_written_of_a_bundle_that_breaks_a_rule() -> None:
    seeding.seed()
    before = versions()
    target = changed(task_types={"dream": "nowhere"})
    target["config"]["stickiness_bonus"] = 101
    with pytest.raises(InvalidRelease) as refused:
        tables.write(target, because("x"))
    assert set(refused.value.problems) == {"config.stickiness_bonus", "task_types.dream"}
    assert versions() == before
    assert compiler.compile_bundle() == BUNDLE
