"""A selection that is kept, and completed once with what came of it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from analytics.models import Record, Selection
from analytics.tasks import forget_selections
from autorouter.decision.ordering import Measured
from budgets.models import LedgerEntry
from experiments.learning import adjusting
from experiments.replay import decisions
from tests.cast import Cast, Member

GPT = "openai:gpt-5"
TASK = {"category": "coding", "complexity": "complex", "input_tokens": 1_200}
DONE = {"success": True, "latency_ms": 2_300, "ttft_ms": 400, "input_tokens": 1_200, "output_tokens": 400}


@pytest.fixture
def seeded(both_seeded: None, cast: Cast) -> Cast:
    return cast


def client(who: Member) -> Client:
    return Client(headers=who.auth)


def select(who: Member, **more: Any) -> Any:
    body = {"task": TASK, "candidates": [GPT], "record": True, **more}
    return client(who).post("/api/routing/select", body, "application/json")


def tell(who: Member, selection: object, **outcome: Any) -> Any:
    path = f"/api/routing/selections/{selection}/outcome"
    return client(who).post(path, {**DONE, **outcome}, "application/json")


def test_what_is_selected_is_kept_where_that_is_asked_for_and_nowhere_else(seeded: Cast) -> None:
    assert "id" not in select(seeded.ada, record=False).json()
    assert not Selection.objects.exists()
    named = {"policy": "code", "session": "s", "task_id": "t", "worker": "w", "tags": ["x"], "metadata": {"a": [1]}}
    answer = select(seeded.ada, candidates=None, **named).json()
    row = Selection.objects.get(pk=answer["id"])
    assert (row.account_id, row.key_id, row.model) == (seeded.ada.account.pk, seeded.ada.key.pk, answer["model"])
    assert (row.policy, row.session, row.task_id, row.worker, row.tags, row.metadata) == (
        "code", "s", "t", "w", ["x"], {"a": [1]},
    )  # fmt: skip
    assert (row.category, row.catalogue_release, row.router_release) == ("coding", 1, 1)
    listed = client(seeded.ben).get("/api/routing/selections", {"is_completed": "false"}).json()["results"]
    assert [(each["id"], each["is_completed"], each["cost_usd"]) for each in listed] == [(answer["id"], False, None)]


def test_how_sure_a_selections_category_is_goes_into_its_record(seeded: Cast) -> None:
    likely = {"coding": 0.41, "analysis": 0.4}
    selection = select(seeded.ada, task={**TASK, "likely": likely}).json()["id"]
    tell(seeded.ada, selection)
    for row in (Selection.objects.get(), Record.objects.get()):
        assert (row.confidence, row.second, row.read_by) == (0.41, "analysis", "")


def test_an_outcome_makes_a_record_that_is_marked_and_reckoned_by_the_price_list(seeded: Cast) -> None:
    selection = select(seeded.ada, metadata={"project": "x"}).json()["id"]
    answer = tell(seeded.ada, selection, deployment="openai/gpt-5", cache_read_tokens=200)
    assert answer.status_code == 201
    cost = (1_000 * 1_250 + 200 * 125 + 400 * 10_000) / 1e9
    assert float(answer.json()["cost_usd"]) == pytest.approx(cost)
    row = Record.objects.get(operation_id=selection)
    assert (row.is_reported, row.is_sandbox, row.outcome, row.model, row.deployment) == (
        True, False, "success", GPT, "openai/gpt-5",
    )  # fmt: skip
    assert (row.cost_nano, row.latency_ms, row.ttft_ms, row.output_tokens) == (round(cost * 1e9), 2_300, 400, 400)
    assert (row.created_at, row.account_id) == (Selection.objects.get().created_at, seeded.ada.account.pk)
    assert row.metadata == {"project": "x"}
    assert not LedgerEntry.objects.exists(), "limits count what the gateway spends"


def test_it_counts_in_learning_and_its_decision_is_made_again(seeded: Cast) -> None:
    for success in (True, False):
        tell(seeded.ada, select(seeded.ada, policy="code", candidates=None).json()["id"], success=success)
    (model,) = {row.model for row in Record.objects.all()}
    assert adjusting.measured("code")[model] == Measured(requests=2, successes=1)
    assert all(decisions.explained(row).is_same for row in Record.objects.all())


def test_the_same_outcome_again_is_answered_alike_and_another_one_refused(seeded: Cast) -> None:
    selection = select(seeded.ada).json()["id"]
    first = tell(seeded.ada, selection, cost_usd="0.5")
    again = tell(seeded.ben, selection, cost_usd="0.50")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for other in ({"cost_usd": "0.6"}, {}, {"cost_usd": "0.5", "success": False}):
        refused = tell(seeded.ada, selection, **other)
        assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert Record.objects.get().cost_nano == 500_000_000


def test_another_accounts_selection_is_not_there(seeded: Cast) -> None:
    selection = select(seeded.ada).json()["id"]
    assert tell(seeded.cy, selection).status_code == 404
    assert client(seeded.cy).get(f"/api/routing/selections/{selection}").status_code == 404
    assert client(seeded.cy).get("/api/routing/selections").json()["results"] == []
    assert tell(seeded.ada, uuid.uuid4()).status_code == 404
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "field"),
    [
        ({"success": "maybe"}, "success"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"ttft_ms": 2_301}, "ttft_ms"),
        ({"cache_read_tokens": 1_201}, "cache_read_tokens"),
        ({"reasoning_tokens": 401}, "reasoning_tokens"),
        ({"cost_usd": -1}, "cost_usd"),
        ({"deployment": "nowhere/x"}, "deployment"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_bad_outcome_is_named_and_completes_nothing(seeded: Cast, outcome: Any, field: str) -> None:
    selection = select(seeded.ada).json()["id"]
    answer = tell(seeded.ada, selection, **outcome)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, [field])
    assert Selection.objects.get().outcome is None
    assert tell(seeded.ada, selection).status_code == 201


@pytest.mark.parametrize("metadata", [[], "x", {"a": "x" * 20_000}, {"a": "b\0"}])
def test_metadata_is_an_object_of_a_bounded_size(seeded: Cast, metadata: Any) -> None:
    answer = select(seeded.ada, metadata=metadata)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "metadata")


def test_a_login_has_no_account_to_keep_it_for(seeded: Cast) -> None:
    staff = Client()
    staff.force_login(seeded.staff)
    answer = staff.post("/api/routing/select", {"task": TASK, "record": True}, "application/json")
    assert answer.json()["errors"][0]["field"] == "record"


def test_selections_are_forgotten_in_time_and_records_stay(seeded: Cast, settings: Any) -> None:
    settings.SELECTION_RETENTION_S = 60
    kept, done = (select(seeded.ada).json()["id"] for _ in range(2))
    tell(seeded.ada, done)
    old = select(seeded.ada).json()["id"]
    Selection.objects.filter(pk__in=[old, done]).update(created_at=now() - timedelta(seconds=61))
    assert forget_selections() == 2
    assert str(Selection.objects.get().pk) == kept
    assert Record.objects.count() == 1
