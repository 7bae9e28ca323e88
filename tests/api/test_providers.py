"""Providers in the REST API: added and changed by staff with a reason, live at once."""

from typing import Any

import pytest
from django.test import Client

from models_registry.models import Provider
from routerhub.releases import store
from tests.api.answers import problem

pytestmark = pytest.mark.usefixtures("catalogue_seeded")


def send(client: Client, method: str, path: str, **body: Any) -> Any:
    return getattr(client, method.lower())(f"/api/{path}", body, "application/json")


def test_a_provider_is_added_and_changed(staff: Client) -> None:
    body = {"name": "own", "title": "Own", "base_url": "http://127.0.0.1:9/v1", "is_local": True}
    assert send(staff, "POST", "providers", **body, reason="ours").status_code == 201
    assert send(staff, "PATCH", "providers/own", title="Our own", reason="better").json()["title"] == "Our own"
    assert Provider.history.first().history_change_reason == "better"
    assert store.bundle("catalogue", 3)["providers"]["own"]["title"] == "Our own"
    assert problem(send(staff, "PATCH", "providers/own", base_url="nowhere", reason="x")) == (400, ["base_url"])
    assert staff.get("/api/providers/own").json()["is_local"] is True


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "10.0.0.5"])
def test_a_provider_is_not_put_where_only_this_machine_reaches(staff: Client, host: str) -> None:
    answer = send(staff, "PATCH", "providers/openai", base_url=f"http://{host}/v1", reason="x")
    assert problem(answer) == (400, ["base_url"])
    assert host.strip("[]") in answer.content.decode()


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "STORAGE_KEYS", "OTHER_API_KEY_", "x_API_KEY"])
def test_no_variable_but_that_of_a_key_can_be_named_as_what_a_provider_is_sent(staff: Client, name: str) -> None:
    """J1: else whoever edits providers could have any secret of the environment sent to an address of theirs."""
    answer = send(staff, "PATCH", "providers/openai", credential_env=name, reason="x")
    assert problem(answer) == (400, ["credential_env"])
    assert "ends with _API_KEY" in answer.content.decode()


def test_a_provider_says_under_which_name_it_takes_the_output_limit(staff: Client) -> None:
    assert staff.get("/api/providers/openai").json()["output_limit_field"] == "max_completion_tokens"
    assert send(staff, "PATCH", "providers/openai", output_limit_field="max_tokens", reason="ours").status_code == 200
    assert store.bundle("catalogue", 2)["providers"]["openai"]["output_limit_field"] == "max_tokens"
    refused = send(staff, "PATCH", "providers/openai", output_limit_field="most", reason="x")
    assert problem(refused) == (400, ["output_limit_field"])


def test_a_provider_that_models_need_keeps_its_address(staff: Client) -> None:
    answer = send(staff, "PATCH", "providers/openai", base_url="", reason="x")
    assert problem(answer)[0] == 400
    assert "has no base_url to call" in answer.json()["detail"]
    assert Provider.objects.get(name="openai").base_url == "https://api.openai.com/v1"
