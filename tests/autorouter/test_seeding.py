"""Seeding fills empty tables from release 0, changes nothing that is there, and publishes."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from autorouter import configuration
from autorouter.bundles import read as read_router
from autorouter.models import Policy, ProfileScore, RouterConfiguration
from autorouter.static import STATIC as ROUTER
from models_registry import bundles, catalogue, releases
from models_registry.models import Model, Price, Release
from models_registry.static import STATIC as CATALOGUE

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_catalog", stdout=out)
    return out.getvalue()


def test_the_tables_then_hold_release_0_to_the_last_digit() -> None:
    seed()
    assert bundles.read(catalogue.compile_bundle(), number=0) == CATALOGUE
    assert releases.digest(catalogue.compile_bundle()) == releases.digest(bundles.to_bundle(CATALOGUE))
    assert read_router(configuration.compile_bundle(), number=0) == ROUTER


def test_both_lines_get_release_1_with_the_reason_seed() -> None:
    told = seed()
    assert f"{len(CATALOGUE.models)} models" in told
    assert f"{len(ROUTER.profiles)} profiles" in told
    assert told.count("release 1 is live") == 2
    assert {(each.line, each.number, each.author, each.reason) for each in Release.objects.all()} == {
        ("catalogue", 1, None, "seed"),
        ("router", 1, None, "seed"),
    }
    assert bundles.read(releases.bundle("catalogue", 1), number=1).models == CATALOGUE.models


def test_seeding_again_adds_nothing_and_publishes_nothing() -> None:
    seed()
    assert seed().count("added nothing; release 1 is live") == 2
    assert Release.objects.count() == 2


def test_what_staff_changed_stays() -> None:
    seed()
    Model.objects.filter(identifier="openai:gpt-5").update(name="Ours")
    RouterConfiguration.objects.update(stickiness_bonus=Decimal(30))
    Policy.objects.filter(name="ops").update(is_active=False)
    ProfileScore.objects.filter(profile__model="openai:gpt-5", dimension="coding").update(value=Decimal(11))
    seed()
    assert Model.objects.get(identifier="openai:gpt-5").name == "Ours"
    assert RouterConfiguration.objects.get().stickiness_bonus == Decimal(30)
    assert not Policy.objects.get(name="ops").is_active
    assert ProfileScore.objects.get(profile__model="openai:gpt-5", dimension="coding").value == Decimal(11)


def test_what_staff_removed_comes_back_whole() -> None:
    seed()
    Model.objects.get(identifier="openai:gpt-oss-20b").delete()
    assert "added 1 models" in seed()
    assert bundles.read(catalogue.compile_bundle(), number=0) == CATALOGUE


def test_every_row_begins_its_history_with_the_reason_seed() -> None:
    seed()
    for model in (Model, Price, ProfileScore, Policy, RouterConfiguration):
        reasons = set(model.history.values_list("history_change_reason", "history_user"))
        assert reasons == {("seed", None)}
