"""Seeding fills empty tables from release 0, changes nothing that is there, and publishes."""

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from autorouter.configuration import compiler, policies, save
from autorouter.configuration.bundles import read as read_router
from autorouter.configuration.release0 import STATIC as ROUTER
from autorouter.models import Policy, Profile, ProfileScore, RouterConfiguration, TaskType
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue.release0 import STATIC as CATALOGUE
from models_registry.models import Deployment, Model, Price, Provider
from routerhub.releases import rollout, store
from routerhub.releases.models import Release, Rollout
from routerhub.releases.types import Pointer
from tests import seeds
from tests.cast import because

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_catalog", stdout=out)
    return out.getvalue()


def test_the_tables_then_hold_release_0_to_the_last_digit() -> None:
    seed()
    assert catalogue_bundles.read(catalogue_compiler.compile_bundle(), number=0) == CATALOGUE
    assert store.digest(catalogue_compiler.compile_bundle()) == store.digest(catalogue_bundles.to_bundle(CATALOGUE))
    assert read_router(compiler.compile_bundle(), number=0) == ROUTER


def test_both_lines_get_release_1_with_the_reason_seed() -> None:
    counts = seed()
    assert f"{len(CATALOGUE.models)} models" in counts
    assert f"{len(ROUTER.profiles)} profiles" in counts
    assert counts.count("release 1 is live") == 2
    assert {(each.line, each.number, each.author, each.reason) for each in Release.objects.all()} == {
        ("catalogue", 1, None, "seed"),
        ("router", 1, None, "seed"),
    }
    assert catalogue_bundles.read(store.bundle("catalogue", 1), number=1).models == CATALOGUE.models


def test_seeding_again_adds_nothing_and_publishes_nothing() -> None:
    seed()
    assert seed().count("added nothing; release 1 is live") == 2
    assert Release.objects.count() == 2


def test_what_staff_changed_stays() -> None:
    seeds.both()
    Model.objects.filter(identifier="openai:gpt-5").update(name="Ours")
    RouterConfiguration.objects.update(stickiness_bonus=Decimal(30))
    Policy.objects.filter(name="ops").update(title="Ours too")
    ProfileScore.objects.filter(profile__model="openai:gpt-5", dimension="coding").update(value=Decimal(11))
    seed()
    assert Model.objects.get(identifier="openai:gpt-5").name == "Ours"
    assert RouterConfiguration.objects.get().stickiness_bonus == Decimal(30)
    assert Policy.objects.get(name="ops").title == "Ours too"
    assert ProfileScore.objects.get(profile__model="openai:gpt-5", dimension="coding").value == Decimal(11)


def test_what_staff_deleted_stays_deleted() -> None:
    seeds.both()
    Model.objects.get(identifier="openai:gpt-oss-20b").delete()
    TaskType.objects.get(name="fix_bug").delete()
    Profile.objects.get(model="openai:gpt-4").delete()
    Model.objects.filter(identifier="openai:gpt-5").update(successor=None)
    assert seed().count("added nothing") == 2
    assert not Model.objects.filter(identifier="openai:gpt-oss-20b").exists()
    assert not TaskType.objects.filter(name="fix_bug").exists()
    assert not Profile.objects.filter(model="openai:gpt-4").exists()
    assert Model.objects.get(identifier="openai:gpt-5").successor is None


def test_what_a_newer_version_of_the_code_brings_is_added_and_published() -> None:
    seeds.both()
    forget(Model, identifier="openai:gpt-oss-20b")
    store.publish("catalogue", because("as an older version of the code had it"))
    assert "added 1 models; release 3 is live" in seed()
    assert catalogue_bundles.read(store.bundle("catalogue", 3), number=0) == CATALOGUE


def test_what_a_newer_version_of_the_code_brings_changes_nothing_else() -> None:
    seeds.both()
    Model.objects.filter(identifier="openai:gpt-5").update(benchmarks={}, knowledge_cutoff="2020", source="us")
    Price.objects.filter(deployment__model__identifier="openai:gpt-4o").update(input=Decimal(7), source="our contract")
    forget(Model, identifier="openai:gpt-3.5-turbo")
    changed = catalogue_compiler.compile_bundle()["models"]
    seed()
    now = catalogue_compiler.compile_bundle()["models"]
    assert now.pop("openai:gpt-3.5-turbo")["successor"] == "openai:gpt-4o-mini"
    assert now == changed


def test_a_new_task_type_whose_policy_staff_switched_off_is_left_out() -> None:
    seeds.both()
    forget(TaskType, policy="ops")
    policies.deactivate("ops", because("nobody uses it"))
    assert "task types" not in seed()
    assert not TaskType.objects.filter(policy="ops").exists()


@pytest.mark.parametrize("line", ["catalogue", "router"])
def test_a_rollback_and_a_rollout_outlive_the_next_start(line: str) -> None:
    seeds.both()
    RouterConfiguration.objects.update(stickiness_bonus=Decimal(30))
    Model.objects.filter(identifier="openai:gpt-5").update(name="Ours")
    store.publish("catalogue", because("name")), save.publish(because("stickiness"))
    rollout.rollback(line, 1, because("back"))
    seed()
    assert rollout.pointers()[line] == Pointer(line=line, stable=1)
    Rollout.objects.filter(line=line).update(candidate=2, percent=10)
    seed()
    assert rollout.pointers()[line] == Pointer(line=line, stable=1, candidate=2, percent=10)
    assert Release.objects.filter(line=line).count() == 2


@pytest.mark.parametrize("line", ["catalogue", "router"])
def test_a_live_release_that_cannot_be_read_does_not_stop_the_start(line: str) -> None:
    seeds.both()
    Release.objects.filter(line=line).update(bundle={"models": 1})
    assert "release 1 is live" in seed()
    assert Release.objects.filter(line=line).count() == 1


def forget(model: Any, **chosen: Any) -> None:
    """As if the rows had never been there."""
    model.objects.filter(**chosen).delete()
    model.history.filter(**chosen).delete()


def test_every_row_begins_its_history_with_the_reason_seed() -> None:
    seed()
    for model in (Provider, Model, Deployment, Price, Profile, ProfileScore, Policy, TaskType, RouterConfiguration):
        reasons = set(model.history.values_list("history_change_reason", "history_user"))
        assert reasons == {("seed", None)}
