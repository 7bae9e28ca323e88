"""Batches by API: each account's for itself, cancelled by who may."""

from django.test import Client

from routerhub.batches.models import Batch
from tests.api.answers import problem
from tests.batches.rows import batch
from tests.cast import Cast


def test_a_batch_is_told_with_its_progress_and_cost(staff: Client, cast: Cast) -> None:
    batch(cast.ada.account.pk)
    (listed,) = staff.get("/api/batches?status=in_progress").json()["results"]
    told = {
        name: listed[name]
        for name in ("id", "status", "total", "completed", "failed", "cost_usd", "groups", "metadata")
    }
    assert told == {
        "id": "batch_1", "status": "in_progress", "total": 10, "completed": 4, "failed": 1, "cost_usd": "0.0015",
        "groups": {"auto, coding, simple": "openai:gpt-5-mini"}, "metadata": {"for": "tests"},
    }  # fmt: skip
    assert staff.get("/api/batches/batch_1").json() == listed
    assert staff.get("/api/batches?status=failed").json()["results"] == []


def test_a_key_sees_the_batches_of_its_own_account_alone(cast: Cast) -> None:
    batch(cast.ada.account.pk)
    batch(cast.cy.account.pk, id="batch_cy")
    answer = Client(headers=cast.ada.auth).get("/api/batches").json()
    assert [each["id"] for each in answer["results"]] == ["batch_1"]
    assert Client(headers=cast.ada.auth).get("/api/batches/batch_cy").status_code == 404


def test_cancelling_is_for_staff_and_only_before_the_end(staff: Client, cast: Cast) -> None:
    batch(cast.ada.account.pk)
    assert Client(headers=cast.ada.auth).post("/api/batches/batch_1/cancel").status_code == 403
    answer = staff.post("/api/batches/batch_1/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelling")
    Batch.objects.update(status="completed")
    refused = staff.post("/api/batches/batch_1/cancel")
    assert problem(refused)[0] == 400
    assert "cannot be cancelled: it is completed" in refused.content.decode()
