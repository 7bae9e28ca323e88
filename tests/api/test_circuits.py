"""What is not called for a while, by API and in the admin: shown, and closed by staff."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from models_registry.models import Circuit
from tests import seeds
from tests.cast import Cast

GPT, PLACE = "openai:gpt-5", "openai/gpt-5"


@pytest.fixture(autouse=True)
def seeded(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds.catalogue()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-made-up")


def opened(subject: str = PLACE, **changes: Any) -> Circuit:
    values = {
        "since": now(),
        "until": None,
        "reason": "5 of 5 calls failed",
        "times": 1,
        "is_limit": False,
    }
    return Circuit.objects.create(subject=subject, **{**values, **changes})


def told(row: Circuit) -> str:
    return f"since {row.since:%Y-%m-%d %H:%M:%S} UTC: 5 of 5 calls failed"


def test_open_circuits_are_listed_and_closed_by_staff(staff: Client) -> None:
    row = opened()
    opened("openai/gpt-5-mini", is_limit=True, until=now() - timedelta(seconds=1))
    (listed,) = staff.get("/api/circuits").json()["results"]
    assert (listed["subject"], listed["reason"], listed["times"]) == (PLACE, "5 of 5 calls failed", 1)
    assert staff.delete(f"/api/circuits/{row.pk}").status_code == 204
    assert staff.get("/api/circuits").json()["results"] == []


def test_an_application_may_not_close_them(cast: Cast) -> None:
    row = opened()
    reader = Client(headers=cast.ada.auth)
    assert reader.get("/api/circuits").status_code == 403
    assert reader.delete(f"/api/circuits/{row.pk}").status_code == 403


def test_a_deployment_tells_its_circuit_and_that_of_its_key_there(staff: Client) -> None:
    def shown() -> list[str | None]:
        places = staff.get(f"/api/models/{GPT}").json()["deployments"]
        return [each["circuit"] for each in places if each["provider"] == "openai"]

    assert shown() == [None]
    row = opened(f"{PLACE} with openai key OPENAI_API_KEY 00")
    assert shown() == [told(row)]
    row.delete()
    opened("openai/gpt-5-mini")
    assert shown() == [None]


def test_a_decision_says_that_a_circuit_is_open(staff: Client, settings: Any) -> None:
    settings.SANDBOX = "off"
    row = opened()
    task = {"category": "coding", "complexity": "complex", "input_tokens": 100}
    answer = staff.post("/api/routing/select", {"task": task}, "application/json").json()
    reasons = {out["model"]: out["reason"] for out in answer["excluded"]}
    assert f"circuit of {PLACE} open {told(row)}" in reasons[GPT]


def test_the_admin_shows_them_and_deleting_one_closes_it(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    row = opened()
    page = client.get(reverse("admin:models_registry_deployment_changelist") + "?q=gpt-5").content.decode()
    assert f"open {told(row)}" in page
    assert "5 of 5 calls failed" in client.get(reverse("admin:models_registry_circuit_changelist")).content.decode()
    client.post(reverse("admin:models_registry_circuit_delete", args=[row.pk]), {"post": "yes"})
    assert not Circuit.objects.exists()
