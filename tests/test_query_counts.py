"""How many queries each list costs, in the admin and in the API. A list that asks once more for each row shows here."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from budgets.alerts import outbox
from budgets.alerts.raising import raise_alert
from budgets.models import AlertRule, Limit
from budgets.people.keys import create_key
from tests import lists
from tests.analytics.rows import insert_many
from tests.budgets.alerts.findings import channel, of
from tests.cast import Cast

ADMIN = {
    "analytics.pruning": 7,
    "analytics.body": 6,
    "analytics.dashboard": 7,
    "analytics.policyband": 6,
    "analytics.record": 9,
    "analytics.feedback": 6,
    "analytics.selection": 6,
    "auth.group": 6,
    "auth.user": 7,
    "autorouter.policy": 6,
    "autorouter.policyshift": 7,
    "autorouter.preferences": 6,
    "autorouter.profile": 7,
    "autorouter.session": 7,
    "autorouter.tasktype": 6,
    "batches.batch": 6,
    "budgets.account": 6,
    "budgets.alert": 6,
    "budgets.alertchannel": 7,
    "budgets.alertrule": 7,
    "budgets.apikey": 11,
    "budgets.billingrecord": 6,
    "budgets.counter": 7,
    "budgets.delivery": 6,
    "budgets.hold": 6,
    "budgets.invitation": 7,
    "budgets.ledgerentry": 6,
    "budgets.limit": 9,
    "budgets.membership": 7,
    "experiments.importedoutcome": 6,
    "experiments.learninground": 6,
    "experiments.proposal": 6,
    "models_registry.circuit": 6,
    "models_registry.deployment": 7,
    "models_registry.model": 13,
    "models_registry.price": 7,
    "models_registry.provider": 10,
    "models_registry.providerkey": 7,
    "storage.file": 6,
    "storage.item": 6,
}
"""Two of them on every page: how much waits in the inbox, and which rollouts run. Where a list tells how its
rows did of late, two more for real traffic, and two for the sandbox's where there was none."""
API = {
    "/api/accounts": 4,
    "/api/alerts": 4,
    "/api/alerts/channels": 4,
    "/api/alerts/deliveries": 5,
    "/api/alerts/rules": 5,
    "/api/audit/chain": 4,
    "/api/audit/export": 3,
    "/api/batches": 3,
    "/api/billing": 3,
    "/api/budgets": 7,
    "/api/experiments": 3,
    "/api/experiments/sample-size": 3,
    "/api/exports": 3,
    "/api/dashboards": 3,
    "/api/dashboards/kinds": 2,
    "/api/feedback": 3,
    "/api/circuits": 3,
    "/api/gradual-rollouts": 3,
    "/api/imports": 3,
    "/api/keys": 4,
    "/api/learning/outcomes": 3,
    "/api/learning/proposals": 3,
    "/api/ledger": 3,
    "/api/ledger/reconciliation": 3,
    "/api/learning/rounds": 3,
    "/api/models": 7,
    "/api/preferences": 3,
    "/api/preferences/rules/effects": 8,
    "/api/preferences/sets": 3,
    "/api/prices": 4,
    "/api/prices/sync": 7,
    "/api/profiles": 5,
    "/api/provider-keys": 3,
    "/api/providers": 4,
    "/api/requests": 4,
    "/api/prunings": 3,
    "/api/requests/export": 6,
    "/api/releases": 8,
    "/api/router/configuration": 3,
    "/api/routing/classification": 11,
    "/api/routing/costs": 6,
    "/api/routing/dearest": 8,
    "/api/routing/opportunities": 4,
    "/api/routing/performance": 4,
    "/api/routing/policies": 5,
    "/api/routing/savings": 4,
    "/api/routing/targets": 9,
    "/api/routing/targets/policies": 3,
    "/api/routing/selections": 3,
    "/api/routing/task-types": 4,
    "/api/saved-views": 4,
    "/api/sessions": 3,
    "/api/shares": 4,
    "/api/switches": 2,
}
MIXED = {"/api/audit", "/api/changes"}
"""Which tables are among its newest rows varies; of one table it is tried below."""


@pytest.fixture
def staff(both_seeded: None, cast: Cast) -> Client:
    """Logged in, with several rows of what the seeds leave empty."""
    insert_many(3)
    for period in ("minute", "hour", "day"):
        Limit.objects.create(kind="site", measure="money", period=period, amount=5 * 10**9)
        AlertRule.objects.create(account=cast.ada.account, user=cast.ada.user, amount_usd=5, window="7d")
        channel(cast.ada, url="http://hooks.invalid/", name=period)
        raise_alert(of(cast.ada, subject=period))
    outbox.send_due()
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
    assert {label: queries(staff, address) for label, address in lists.of_the_admin().items()} == ADMIN


def test_lists_of_the_api(staff: Client) -> None:
    assert {path: queries(staff, path) for path in lists.of_the_api() if path not in MIXED} == API


@pytest.mark.parametrize(
    "address",
    [
        "/api/requests",
        "/api/audit?kind=request",
        "/admin/analytics/record/",
        "/api/changes?table=limit",
        "/admin/budgets/limit/",
        "/admin/budgets/apikey/",
    ],
)
def test_ten_times_the_rows_cost_the_same(cast: Cast, staff: Client, address: str) -> None:
    few = queries(staff, address)
    insert_many(30)
    for kind in ("account", "key", "user"):
        for subject in range(10):
            Limit.objects.create(kind=kind, subject=str(subject), measure="money", period="day", amount=1)
    for number in range(10):
        create_key(cast.ada.account, f"key {number}", cast.ada.user)
    assert queries(staff, address) == few
