"""Rollouts by steps in the REST API and by command, judged by real records."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from budgets.models import Alert
from experiments.tasks import check_rollouts
from routerhub.releases import rollout
from routerhub.releases.types import Pointer
from tests.analytics.rows import insert_many
from tests.api.answers import problem
from tests.cast import Cast

pytestmark = [
    pytest.mark.usefixtures("both_seeded", "file"),
    pytest.mark.parametrize("staff", ["login"], indirect=True),
]
AT = "/api/gradual-rollouts"
STEPS = [{"percent": 25, "minutes": 1, "units": 2, "requests": 20}, {"percent": 100}]
SUCCESS = [{"measure": "success", "margin": 0.05}]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def draft(staff: Client) -> int:
    """A draft of the router."""
    body = {"stickiness_bonus": 4, "label": "less sticky", "reason": "to compare"}
    number: int = staff.patch("/api/router/configuration?as=draft", body, "application/json").json()["release"]
    return number


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def begin(staff: Client, draft: int, **body: Any) -> Any:
    asked = {
        "line": "router",
        "release": draft,
        "steps": STEPS,
        "guardrails": SUCCESS,
        "reason": "step by step",
        **body,
    }
    return staff.post(AT, asked, "application/json")


def move(staff: Client, begun: int, deed: str) -> Any:
    return staff.post(f"{AT}/{begun}/{deed}", {"reason": "because"}, "application/json")


def traffic(successes_of_candidate: int, per_user: int = 20, users: int = 80) -> None:
    """So many requests of each user, by whom the share gives them; of 20 by the candidate's so many succeed."""
    pointer = rollout.pointer("router")
    for user in range(1, users + 1):
        release = rollout.pick(pointer, str(user))
        good = successes_of_candidate if release == pointer.candidate else per_user - user % 2
        common = {"user_id": user, "router_release": release, "created_at": NOON + timedelta(seconds=30)}
        insert_many(good, **common, latency_ms=1_000)
        if good < per_user:
            insert_many(per_user - good, **common, outcome="failure")


def test_a_bad_release_rolls_itself_back_by_what_its_users_got(
    staff: Client, draft: int, clock: Any, cast: Cast
) -> None:
    begun = begin(staff, draft)
    assert begun.status_code == 201, begun.json()
    assert (begun.json()["state"], begun.json()["author"]) == ("running", "staff")
    assert rollout.pointer("router") == Pointer(line="router", stable=1, candidate=draft, percent=25)
    traffic(successes_of_candidate=8)
    clock.move_to(NOON + timedelta(seconds=45))
    check_rollouts()
    shown = staff.get(f"{AT}/{begun.json()['id']}").json()
    assert shown["state"] == "rolled_back"
    assert shown["said"].startswith("By itself at 25 %: Success is 5"), shown["said"]
    assert shown["said"].endswith("; 5 points lower is allowed.")
    assert rollout.pointer("router") == Pointer(line="router", stable=1)
    assert Alert.objects.get().title.startswith(f"Router release {draft} was rolled back at 25 %: Success is 5")
    found = shown["steps"][0]["findings"]
    assert found["requests_a"] + found["requests_b"] == 1_600
    assert (found["ratio"]["fits"], found["jumpers"]) == (True, 0)


def test_a_good_one_goes_on_to_everybody(staff: Client, draft: int, clock: Any) -> None:
    begun = begin(staff, draft, guardrails=[{"measure": "success", "margin": 0.5}]).json()
    check_rollouts()
    assert staff.get(f"{AT}/{begun['id']}").json()["state"] == "waiting"
    traffic(successes_of_candidate=20)
    clock.move_to(NOON + timedelta(minutes=2))
    check_rollouts()
    shown = staff.get(f"{AT}/{begun['id']}").json()
    assert shown["state"] == "done", shown["steps"][0]
    assert rollout.pointer("router") == Pointer(line="router", stable=draft)


def test_people_move_it_and_what_cannot_be_is_refused(staff: Client, draft: int) -> None:
    begun = begin(staff, draft).json()["id"]
    assert problem(begin(staff, draft)) == (400, [""])
    assert move(staff, begun, "pause").json()["state"] == "paused"
    assert problem(move(staff, begun, "pause")) == (400, [""])
    assert move(staff, begun, "resume").json()["state"] == "running"
    assert move(staff, begun, "stop").json()["state"] == "stopped"
    assert problem(move(staff, begun, "advance")) == (400, [""])
    assert rollout.pointer("router").candidate == draft, "where it was"
    again = begin(staff, draft).json()["id"]
    assert move(staff, again, "advance").json()["state"] == "done"
    assert [each["id"] for each in staff.get(AT).json()["results"]] == [again, begun]


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"reason": " "}, 400, ["reason"]),
        ({"steps": [{"percent": 5}, {"percent": 3}, {"percent": 100}]}, 400, ["steps[1].percent"]),
        ({"steps": [{"percent": "x"}, {"percent": 100}]}, 400, ["steps[0].percent"]),
        ({"guardrails": [{"measure": "luck", "margin": 1}]}, 400, ["guardrails"]),
        ({"guardrails": []}, 400, ["guardrails"]),
        ({"release": 1}, 400, ["release"]),
        ({"release": 99}, 404, []),
        ({"line": "horses"}, 404, []),
        ({"speed": 3}, 400, ["speed"]),
    ],
)
def test_a_bad_plan_names_its_field_and_nothing_moves(
    staff: Client, draft: int, body: dict[str, Any], status: int, fields: list[str]
) -> None:
    assert problem(begin(staff, draft, **body)) == (status, fields)
    assert rollout.pointer("router") == Pointer(line="router", stable=1)


def command(*arguments: str) -> str:
    said = StringIO()
    call_command("rollout", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_does_the_same(staff: Client, draft: int) -> None:
    plan = ["--percents", "10,100", "--minutes", "5", "--units", "1", "--requests", "50", "--guardrail", "cost=0.2"]
    said = command("router", str(draft), "--gradually", *plan, "--reason", "step by step")
    assert f"router: release 1 is live, {draft} for 10 %\n  by steps: release {draft} is at 10 %, against 1." in said
    (shown,) = staff.get(AT).json()["results"]
    assert shown["guardrails"] == [{"measure": "cost", "margin": 0.2}]
    assert [each["requests"] for each in shown["steps"]] == [50, 1]
    assert "Held: lunch" in command("router", "--pause", "--reason", "lunch")
    with pytest.raises(CommandError, match="one runs at a time"):
        command("router", str(draft), "--gradually", "--reason", "twice")
    command("router", "--stop", "--reason", "enough")
    with pytest.raises(CommandError, match="Nothing is rolled out by steps on line router"):
        command("router", "--advance", "--reason", "on")
    with pytest.raises(CommandError, match="steps: There are 1 steps"):
        command("router", str(draft), "--gradually", "--percents", "100", "--reason", "x")
