"""How many queries each list costs, in the admin and in the API. A list that asks once more for each row shows here."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from budgets.models import Limit
from tests import seeds
from tests.analytics.rows import insert_many
from tests.cast import Cast

ADMIN = {
    "analytics.record": 8,
    "auth.group": 5,
    "auth.user": 6,
    "autorouter.policy": 5,
    "autorouter.policyshift": 6,
    "autorouter.preferences": 5,
    "autorouter.profile": 6,
    "autorouter.session": 7,
    "autorouter.tasktype": 5,
    "budgets.account": 5,
    "budgets.apikey": 9,
    "budgets.counter": 5,
    "budgets.hold": 5,
    "budgets.ledgerentry": 5,
    "budgets.limit": 8,
    "experiments.learninground": 5,
    "experiments.proposal": 5,
    "models_registry.circuit": 5,
    "models_registry.deployment": 6,
    "models_registry.model": 8,
    "models_registry.price": 6,
    "models_registry.provider": 5,
    "models_registry.providerkey": 6,
}
API = {
    "/api/accounts": 4,
    "/api/feedback": 3,
    "/api/circuits": 3,
    "/api/imports": 3,
    "/api/learning/proposals": 3,
    "/api/learning/rounds": 3,
    "/api/models": 7,
    "/api/preferences": 3,
    "/api/preferences/rules/effects": 8,
    "/api/prices": 4,
    "/api/prices/sync": 7,
    "/api/profiles": 5,
    "/api/provider-keys": 3,
    "/api/providers": 4,
    "/api/requests": 4,
    "/api/releases": 4,
    "/api/router/configuration": 3,
    "/api/routing/policies": 5,
    "/api/routing/task-types": 4,
    "/api/sessions": 3,
    "/api/switches": 2,
}
ONE_ROW = {"autorouter.routerconfiguration"}
MIXED = {"/api/changes"}
"""Which tables are among its newest rows varies; of one table it is tried below."""


@pytest.fixture
def staff(cast: Cast) -> Client:
    """Logged in, with several rows of what the seeds leave empty."""
    seeds.both()
    insert_many(3)
    for period in ("minute", "hour", "day"):
        Limit.objects.create(kind="site", measure="money", period=period, amount=5 * 10**9)
    client = Client()
    client.force_login(cast.staff)
    client.get("/admin/")
    return client


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200, address
    return len(asked)


def test_lists_of_the_admin(staff: Client) -> None:
    counted = {}
    for model in admin.site._registry:
        if model._meta.label_lower not in ONE_ROW:
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            counted[model._meta.label_lower] = queries(staff, address)
    assert counted == ADMIN


def test_lists_of_the_api(staff: Client) -> None:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    lists = [path for path, verbs in schema["paths"].items() if "get" in verbs and "{" not in path]
    assert {path: queries(staff, path) for path in lists if path not in MIXED} == API


@pytest.mark.parametrize("address", ["/api/requests", "/admin/analytics/record/", "/api/changes?table=limit"])
def test_ten_times_the_rows_cost_the_same(staff: Client, address: str) -> None:
    few = queries(staff, address)
    insert_many(30)
    for kind in ("account", "key", "user"):
        for subject in range(10):
            Limit.objects.create(kind=kind, subject=str(subject), measure="money", period="day", amount=1)
    assert queries(staff, address) == few
