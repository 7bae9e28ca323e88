"""Who turned a switch, when and why, stands in the history like every other change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import OperationalError

from routerhub.audit import versions
from routerhub.releases import rollout, switch_history, switches
from routerhub.releases.models import Rollout
from routerhub.releases.tasks import enter_switches
from tests.cast import Cast, because

NOON = datetime(2020, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def pointers(db: None, file: Path) -> None:
    with time_machine.travel(NOON - timedelta(hours=1), tick=False):
        for line in ("catalogue", "router"):
            rollout.locked(line, because("seed"))


def turns(line: str = "router") -> list[tuple[Any, ...]]:
    """What the history tells of a line's turns, the newest first."""
    return [
        (each.author, each.reason, *((change.field, change.before, change.after) for change in each.changes))
        for each in versions.versions("rollout", line, kind="changed")
    ]


def test_a_turn_tells_who_when_and_why(cast: Cast) -> None:
    with time_machine.travel(NOON, tick=False):
        switch_history.turn("router", False, because("it decides badly", cast.ada.user))
    assert turns() == [
        ("ada", "it decides badly", ("switch", None, False), ("switch turned at", None, NOON)),
    ]  # fmt: skip
    assert turns("catalogue") == []
    assert rollout.pointer("router").stable == 0, "the pointer stays where it was"


def test_a_turn_by_command_is_entered_by_the_worker_with_the_name_of_who_was_there() -> None:
    call_command("switch", "USE_DB_ROUTER_CONFIG", "off", reason="it decides badly")
    assert turns() == []
    enter_switches()
    name = switches.last_turned("router")["author"]
    ((author, reason, *_),) = turns()
    assert (author, reason) == ("", f"it decides badly (by {name}, at the command line)")


def test_while_the_database_is_away_a_turn_counts_and_is_entered_when_it_is_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("it is away")

    with monkeypatch.context() as outage:
        outage.setattr(switch_history, "enter", away)
        switch_history.turn("router", False, because("one", cast.ada.user))
    assert switches.is_on("router") is False
    assert turns() == []
    switch_history.turn("router", True, because("two", cast.ben.user))
    assert [(author, reason) for author, reason, *_ in turns()] == [("ben", "two"), ("ada", "one")]


def test_each_is_entered_once(django_capture_on_commit_callbacks: Any) -> None:
    switches.turn("router", False, because("one"))
    for _ in range(2):
        switch_history.enter()
    assert len(turns()) == 1
    assert len(switches.unentered()) == 1, "nothing is forgotten before it is committed"
    with django_capture_on_commit_callbacks(execute=True):
        switch_history.enter()
    assert switches.unentered() == []
    assert switches.is_on("router") is False
    assert len(turns()) == 1


def test_on_a_line_where_nobody_ever_published_it_waits() -> None:
    Rollout.objects.filter(line="router").delete()
    switch_history.turn("router", False, because("one"))
    assert not Rollout.objects.filter(line="router").exists()
    rollout.locked("router", because("first"))
    switch_history.enter()
    assert len(turns()) == 1
