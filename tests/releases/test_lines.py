"""Both lines are drafted, rolled out, promoted and rolled back in one way, and the tables follow what is pointed at."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from autorouter.configuration import compiler, save
from autorouter.configuration import release0 as router_static
from autorouter.models import RouterConfiguration
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import editing
from models_registry.catalogue.release0 import STATIC
from models_registry.models import Deployment, Model, Price
from models_registry.prices import rows
from routerhub.embedded.processes import free_port
from routerhub.releases import rollout, store, switches
from routerhub.releases.differences import ABSENT, Difference
from routerhub.releases.errors import InvalidRelease, NoRollout, UnknownRelease
from routerhub.releases.models import Release, Rollout
from routerhub.releases.types import Pointer
from tests.cast import because

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("both_seeded")]
ROOT = Path(__file__).resolve().parents[2]
GPT = "openai:gpt-5"


def live(line: str) -> Pointer:
    return rollout.pointers()[line]


def rename(name: str) -> None:
    editing.update(GPT, {"name": name}, because(name))


def name() -> str:
    return Model.objects.get(identifier=GPT).name


def stick(points: int) -> int:
    row = RouterConfiguration.objects.get()
    row.stickiness_bonus = points
    return save.change_row(row, because(f"{points} points"))


def points() -> Any:
    return RouterConfiguration.objects.get().stickiness_bonus


def released(line: str, number: int) -> Any:
    bundle = store.bundle(line, number)
    return bundle["models"][GPT]["name"] if line == "catalogue" else bundle["config"]["stickiness_bonus"]


# --- drafts


def test_a_draft_changes_neither_the_tables_nor_what_is_live() -> None:
    def change() -> None:
        Model.objects.filter(identifier=GPT).update(name="Drafted")

    versions = Model.history.count()
    assert store.draft("catalogue", change, because("an idea")) == 2
    assert (name(), released("catalogue", 2)) == ("GPT-5", "Drafted")
    assert live("catalogue") == Pointer(line="catalogue", stable=1)
    assert Model.history.count() == versions
    assert Release.objects.get(line="catalogue", number=2).reason == "an idea"


def test_a_draft_may_be_made_with_what_publishes_and_is_still_live_for_nobody() -> None:
    assert store.draft("catalogue", lambda: rename("Drafted"), because("an idea")) == 2
    assert (name(), live("catalogue").stable) == ("GPT-5", 1)
    assert store.draft("router", lambda: stick(3) and None, because("an idea")) == 2
    assert (points(), live("router").stable) == (25, 1)
    assert released("router", 2) == 3


def test_a_draft_that_breaks_a_rule_is_refused_and_leaves_nothing() -> None:
    def nowhere() -> None:
        Deployment.objects.filter(model__identifier=GPT).delete()

    with pytest.raises(InvalidRelease, match="at least one deployment"):
        store.draft("catalogue", nowhere, because("an idea"))
    with pytest.raises(InvalidRelease):
        store.draft("router", lambda: RouterConfiguration.objects.update(stickiness_bonus=101) and None, because("x"))
    assert Deployment.objects.filter(model__identifier=GPT).count() == 2
    assert points() == 25
    assert Release.objects.count() == 2


# --- roll out and promote


def test_a_draft_is_rolled_out_to_a_tenth_and_then_promoted_to_all() -> None:
    draft = store.draft("catalogue", lambda: rename("Drafted"), because("an idea"))
    rollout.roll_out("catalogue", draft, 10, because("try it"))
    assert live("catalogue") == Pointer(line="catalogue", stable=1, candidate=2, percent=10)
    assert name() == "Drafted", "the tables say what the newest release in use says"
    rollout.roll_out("catalogue", draft, 50, because("it is good"))
    assert live("catalogue").percent == 50
    assert rollout.promote("catalogue", because("it is very good")) == 2
    assert live("catalogue") == Pointer(line="catalogue", stable=2)
    assert name() == "Drafted"
    reasons = [each.history_change_reason for each in Rollout.history.filter(line="catalogue")]
    assert reasons[:4] == ["it is very good", "it is good", "try it", "seed"]


def test_every_version_of_a_pointer_says_why() -> None:
    assert all(each.history_change_reason for each in Rollout.history.all())


def test_a_release_for_all_is_live_at_once_and_its_tables_too() -> None:
    stick(3), stick(4)
    rollout.roll_out("router", 2, 100, because("three was better"))
    assert live("router") == Pointer(line="router", stable=2)
    assert points() == 3
    assert RouterConfiguration.history.first().history_change_reason == "release 2: three was better"


def test_a_save_while_a_release_is_tried_out_goes_to_those_who_try_it() -> None:
    draft = store.draft("router", lambda: stick(3) and None, because("an idea"))
    rollout.roll_out("router", draft, 10, because("try it"))
    row = RouterConfiguration.objects.get()
    row.reasoning_bonus = 1
    save.change_row(row, because("beside it"))
    assert live("router") == Pointer(line="router", stable=1, candidate=3, percent=10)
    assert store.compared("router", 2, 3) == [Difference(path="config.reasoning_bonus", before=15, after=1)]
    assert store.compared("router", 1, 3) == [
        Difference(path="config.reasoning_bonus", before=15, after=1),
        Difference(path="config.stickiness_bonus", before=25, after=3),
    ]


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_share_that_is_none_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match=f"percent: {percent} is not from 1 to 100"):
        rollout.roll_out("router", 1, percent, because("x"))
    assert live("router") == Pointer(line="router", stable=1)


def test_a_release_that_is_not_there_is_named_and_nothing_moves() -> None:
    with pytest.raises(UnknownRelease, match="Line catalogue has no release 9"):
        rollout.roll_out("catalogue", 9, 10, because("x"))
    with pytest.raises(UnknownRelease, match="Line router has no release 9"):
        rollout.rollback("router", 9, because("x"))
    with pytest.raises(UnknownRelease, match="Line router has no release 9"):
        store.compared("router", 9, 1)
    with pytest.raises(NoRollout, match="Line router has no candidate"):
        rollout.promote("router", because("x"))
    assert rollout.pointers() == {
        "catalogue": Pointer(line="catalogue", stable=1), "router": Pointer(line="router", stable=1),
    }  # fmt: skip


# --- roll back


def test_without_a_number_the_candidate_is_withdrawn() -> None:
    draft = store.draft("catalogue", lambda: rename("Drafted"), because("an idea"))
    rollout.roll_out("catalogue", draft, 10, because("try it"))
    assert rollout.rollback("catalogue", None, because("bad")) == 1
    assert live("catalogue") == Pointer(line="catalogue", stable=1)
    assert name() == "GPT-5"


def test_without_a_number_and_a_candidate_it_is_the_release_before() -> None:
    stick(3), stick(4)
    assert rollout.rollback("router", None, because("bad")) == 2
    assert (live("router").stable, points()) == (2, 3)


def test_a_number_says_which_release() -> None:
    rename("One")
    rename("Two")
    rename("Three")
    assert rollout.rollback("catalogue", 2, because("one was right")) == 2
    assert (live("catalogue").stable, name()) == (2, "One")
    assert Model.history.first().history_change_reason == "release 2: one was right"


def test_zero_is_the_release_in_the_code() -> None:
    rename("One")
    stick(3)
    editing.remove("openai:gpt-5-mini", because("gone"))
    editing.add("openai:ours", editing_facts(), because("new"))
    for line in ("catalogue", "router"):
        assert rollout.rollback(line, 0, because("to the one in the code")) == 0
        assert live(line) == Pointer(line=line, stable=0)
    assert catalogue_bundles.read(catalogue_compiler.compile_bundle(), number=0) == STATIC
    assert compiler.compile_bundle() == router_static.BUNDLE


def editing_facts() -> dict[str, Any]:
    place = {"provider": "openai", "upstream_model": "ours", "status": "available", "prices": []}
    return {"name": "Ours", "context_window": 1000, "max_output": 100, "deployments": [place]}


@pytest.mark.parametrize("line", ["catalogue", "router"])
def test_the_save_after_a_rollback_does_not_bring_back_what_was_rolled_back(line: str) -> None:
    rename("Bad")
    stick(99)
    rollout.rollback(line, None, because("bad"))
    if line == "catalogue":
        editing.update("openai:gpt-5-mini", {"name": "Mini"}, because("beside it"))
    else:
        row = RouterConfiguration.objects.get()
        row.reasoning_bonus = 1
        save.change_row(row, because("beside it"))
    assert live(line).stable == 3
    assert released(line, 3) == released(line, 1) != released(line, 2)


def test_a_model_that_was_added_is_gone_after_a_rollback_and_there_again_after_the_next() -> None:
    editing.add("openai:ours", editing_facts(), because("new"))
    rollout.rollback("catalogue", 1, because("not yet"))
    assert not Model.objects.filter(identifier="openai:ours").exists()
    rollout.rollback("catalogue", 2, because("now"))
    assert Model.objects.get(identifier="openai:ours").deployments.get().upstream_model == "ours"
    assert store.digest(catalogue_compiler.compile_bundle()) == Release.objects.get(line="catalogue", number=2).digest


def test_a_price_that_was_added_is_taken_away_by_a_rollback_and_one_that_waits_is_left_alone() -> None:
    place = Deployment.objects.get(model__identifier=GPT, provider_id="openai")
    found = {"source": "list", "dated": date(2026, 11, 20)}
    rows.add(
        place, {"effective_from": datetime(2026, 11, 20, tzinfo=UTC), "input": 2, "output": 9, **found}, because("x")
    )
    waits = {"effective_from": datetime(2026, 11, 21, tzinfo=UTC), "input": 2000, "output": 9, **found}
    rows.add(place, waits, because("a jump"))
    assert rollout.rollback("catalogue", None, because("bad")) == 1
    assert [row.input for row in place.prices.filter(waits_because="")] == [STATIC_PRICE]
    assert place.prices.exclude(waits_because="").get().input == 2000


STATIC_PRICE = STATIC.models[GPT].deployments[0].prices[-1].rates.input


def test_a_rollback_goes_through_even_where_a_later_release_has_another_price_for_the_same_moment() -> None:
    place = Deployment.objects.get(model__identifier=GPT, provider_id="openai")
    moment: dict[str, Any] = {
        "effective_from": datetime(2026, 11, 20, tzinfo=UTC),
        "source": "list",
        "dated": date(2026, 11, 20),
    }
    rows.add(place, {"input": 2, "output": 9, **moment}, because("release 2"))
    rollout.rollback("catalogue", 1, because("not yet"))
    rows.add(place, {"input": 3, "output": 9, **moment}, because("release 3"))
    assert rollout.rollback("catalogue", 2, because("two after all")) == 2
    assert Price.objects.get(deployment=place, effective_from=moment["effective_from"]).input == 2


# --- differences


def test_two_releases_differ_by_path_and_value() -> None:
    editing.update(GPT, {"name": "Ours", "capabilities": ["streaming"]}, because("1"))
    editing.remove("openai:gpt-5-mini", because("2"))
    assert store.compared("catalogue", 1, 2) == [
        Difference(
            path=f"models.{GPT}.capabilities", before=sorted(STATIC.models[GPT].capabilities), after=["streaming"]
        ),
        Difference(path=f"models.{GPT}.name", before="GPT-5", after="Ours"),
    ]
    (gone,) = (each for each in store.compared("catalogue", 2, 3) if each.path == "models.openai:gpt-5-mini")
    assert (gone.before["name"], gone.after) == ("GPT-5 mini", ABSENT)
    assert store.compared("catalogue", 0, 1) == []
    assert store.compared("router", 0, 1) == []


# --- commands


def found(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_rolls_out_shows_and_promotes() -> None:
    draft = store.draft("router", lambda: stick(3) and None, because("an idea"))
    shown = found("rollout", "router", str(draft), "--percent=10", "--reason=try it")
    assert shown.splitlines() == ["catalogue: release 1 is live", "router: release 1 is live, 2 for 10 %"]
    assert found("rollout") == shown
    assert "router: release 2 is live\n" in found("rollout", "router", "--promote", "--reason=good")
    assert live("router") == Pointer(line="router", stable=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["router", "1"], "Give a --reason"),
        (["router", "--promote"], "Give a --reason"),
        (["router", "--promote", "--reason=x"], "Line router has no candidate"),
        (["router", "7", "--reason=x"], "Line router has no release 7"),
        (["router", "1", "--percent=101", "--reason=x"], "percent: 101 is not from 1 to 100"),
        (["router", "1", "--percent=0", "--reason=x"], "percent: 0 is not from 1 to 100"),
        (["horses", "1", "--reason=x"], "invalid choice: 'horses'"),
    ],
)
def test_a_bad_rollout_is_an_error_that_says_so(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        found("rollout", *arguments)
    assert live("router") == Pointer(line="router", stable=1)


def test_the_command_rolls_back_one_line_or_both() -> None:
    rename("One")
    rename("Two")
    stick(3)
    assert "catalogue: release 2 is live" in found("rollback", "catalogue")
    assert (live("catalogue").stable, live("router").stable) == (2, 2)
    assert "router: release 1 is live" in found("rollback", "router", "--to=1", "--reason=one was right")
    assert Rollout.history.filter(line="router").first().history_change_reason == "one was right"
    shown = found("rollback", "all", "--to-static")
    assert shown.splitlines() == ["catalogue: release 0 is live", "router: release 0 is live"]
    assert (name(), points()) == ("GPT-5", 25)
    with pytest.raises(CommandError, match="Line catalogue has no release 9"):
        found("rollback", "catalogue", "--to=9")


def without_database(file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    env = {
        **os.environ, "DATABASE_URL": f"postgresql://nobody:x@127.0.0.1:{free_port()}/nothing",
        "SWITCHES_FILE": str(file), "DJANGO_SETTINGS_MODULE": "routerhub.settings", "SECRET_KEY": "for a test",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "rollback", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_without_the_database_to_static_turns_the_switch(tmp_path: Path) -> None:
    file = tmp_path / "shared" / "switches.json"
    done = without_database(file, "router", "--to-static")
    assert done.returncode == 0, done.stderr
    assert "router: the database does not answer, so USE_DB_ROUTER_CONFIG was turned off" in done.stdout
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False}
    assert without_database(file, "all", "--to-static").returncode == 0
    assert switches.read(file) == {"USE_DB_ROUTER_CONFIG": False, "USE_DB_MODELS": False}
    note = json.loads(file.read_text())["last"]["USE_DB_MODELS"]
    assert (note["on"], note["reason"]) == (False, "rollback --to-static without the database")


def test_without_the_database_any_other_rollback_says_what_still_works(tmp_path: Path) -> None:
    file = tmp_path / "switches.json"
    done = without_database(file, "router", "--to=1")
    assert done.returncode == 1
    assert "--to-static works without it" in done.stderr
    assert not file.exists()
