"""Who may do what in the REST API: every address with every method, so that a new one cannot be forgotten.

Django's permissions decide for logins, and for keys with the permission "admin", which have the rights of their person.
"""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from budgets.people.keys import create_key
from tests.access import routes
from tests.cast import Cast, UserFactory


@dataclass(frozen=True, kw_only=True)
class Door:
    """Who may come in."""

    right: str
    """Django's name of the permission that a person needs; empty: none, it is about one's own."""
    keys: str = ""
    """Which keys may without an administrator's rights: "", "routing" or "all"."""


def door(right: str, keys: str = "") -> Door:
    return Door(right=right, keys=keys)


OWN = door("", "all")
DOORS = {
    "GET /api/accounts": door("budgets.view_account"),
    "POST /api/accounts": door("budgets.add_account"),
    "GET /api/accounts/{slug}": door("budgets.view_account"),
    "PATCH /api/accounts/{slug}": door("budgets.change_account"),
    "GET /api/accounts/{account}/members": door("budgets.view_membership"),
    "POST /api/accounts/{account}/members": door("budgets.add_membership"),
    "GET /api/accounts/{account}/members/{user}": door("budgets.view_membership"),
    "PATCH /api/accounts/{account}/members/{user}": door("budgets.change_membership"),
    "DELETE /api/accounts/{account}/members/{user}": door("budgets.delete_membership"),
    "GET /api/accounts/{account}/invitations": door("budgets.view_invitation"),
    "POST /api/accounts/{account}/invitations": door("budgets.add_invitation"),
    "GET /api/accounts/{account}/invitations/{pk}": door("budgets.view_invitation"),
    "POST /api/accounts/{account}/invitations/{pk}/revoke": door("budgets.change_invitation"),
    "GET /api/alerts": door("budgets.view_alert"),
    "GET /api/alerts/{pk}": door("budgets.view_alert"),
    "POST /api/alerts/{pk}/acknowledge": door("budgets.change_alert"),
    "GET /api/alerts/channels": door("budgets.view_alertchannel"),
    "POST /api/alerts/channels": door("budgets.add_alertchannel"),
    "GET /api/alerts/channels/{pk}": door("budgets.view_alertchannel"),
    "PATCH /api/alerts/channels/{pk}": door("budgets.change_alertchannel"),
    "DELETE /api/alerts/channels/{pk}": door("budgets.delete_alertchannel"),
    "POST /api/alerts/channels/{pk}/rotate": door("budgets.change_alertchannel"),
    "POST /api/alerts/channels/{pk}/test": door("budgets.change_alertchannel"),
    "GET /api/alerts/deliveries": door("budgets.view_delivery"),
    "GET /api/alerts/deliveries/{pk}": door("budgets.view_delivery"),
    "GET /api/alerts/rules": door("budgets.view_alertrule"),
    "POST /api/alerts/rules": door("budgets.add_alertrule"),
    "GET /api/alerts/rules/{pk}": door("budgets.view_alertrule"),
    "PATCH /api/alerts/rules/{pk}": door("budgets.change_alertrule"),
    "DELETE /api/alerts/rules/{pk}": door("budgets.delete_alertrule"),
    "POST /api/backtests": door("releases.view_release"),
    "GET /api/batches": door("batches.view_batch", "routing"),
    "GET /api/batches/{pk}": door("batches.view_batch", "routing"),
    "POST /api/batches/{pk}/cancel": door("batches.change_batch"),
    "GET /api/billing": door("budgets.view_billingrecord", "routing"),
    "POST /api/billing": door("budgets.add_billingrecord"),
    "GET /api/billing/{pk}": door("budgets.view_billingrecord", "routing"),
    "GET /api/billing/{pk}/csv": door("budgets.view_billingrecord", "routing"),
    "GET /api/billing/{pk}/pdf": door("budgets.view_billingrecord", "routing"),
    "GET /api/budgets": door("budgets.view_limit"),
    "POST /api/budgets": door("budgets.add_limit"),
    "GET /api/budgets/{pk}": door("budgets.view_limit"),
    "PATCH /api/budgets/{pk}": door("budgets.change_limit"),
    "DELETE /api/budgets/{pk}": door("budgets.delete_limit"),
    "GET /api/budgets/{pk}/forecast": door("budgets.view_limit", "routing"),
    "GET /api/changes": door("models_registry.view_model"),
    "GET /api/changes/{table}/{number}": door("models_registry.view_model"),
    "POST /api/changes/{table}/{number}/restore": door("models_registry.change_model"),
    "GET /api/dashboards": door("analytics.view_dashboard"),
    "POST /api/dashboards": door("analytics.add_dashboard"),
    "GET /api/dashboards/kinds": door("analytics.view_dashboard"),
    "GET /api/dashboards/{pk}": door("analytics.view_dashboard"),
    "PATCH /api/dashboards/{pk}": door("analytics.change_dashboard"),
    "DELETE /api/dashboards/{pk}": door("analytics.delete_dashboard"),
    "GET /api/dashboards/{pk}/figures": door("analytics.view_dashboard"),
    "GET /api/decisions/{operation_id}": door("analytics.view_record", "routing"),
    "GET /api/exports": door("analytics.view_record", "routing"),
    "POST /api/exports": door("analytics.view_record", "routing"),
    "GET /api/exports/{export_id}": door("analytics.view_record", "routing"),
    "DELETE /api/exports/{export_id}": door("analytics.view_record", "routing"),
    "GET /api/exports/{export_id}/file": door("analytics.view_record", "routing"),
    "GET /api/saved-views": door("analytics.view_record", "routing"),
    "POST /api/saved-views": door("analytics.view_record", "routing"),
    "DELETE /api/saved-views/{pk}": door("analytics.view_record", "routing"),
    "GET /api/exports/{table}": door("models_registry.view_model"),
    "GET /api/feedback": door("analytics.view_feedback", "all"),
    "POST /api/feedback": door("analytics.add_feedback", "all"),
    "GET /api/imports": door("models_registry.change_model"),
    "POST /api/imports": door("models_registry.change_model"),
    "GET /api/imports/{pk}": door("models_registry.change_model"),
    "POST /api/imports/{pk}/apply": door("models_registry.change_model"),
    "GET /api/keys": door("budgets.view_apikey"),
    "POST /api/keys": door("budgets.add_apikey"),
    "GET /api/keys/{pk}": door("budgets.view_apikey"),
    "PATCH /api/keys/{pk}": door("budgets.change_apikey"),
    "POST /api/keys/{pk}/rotate": door("budgets.change_apikey"),
    "POST /api/keys/{pk}/revoke": door("budgets.change_apikey"),
    "GET /api/shares": door("budgets.view_limit"),
    "GET /api/shares/{pk}": door("budgets.view_limit"),
    "PUT /api/shares/{pk}": door("budgets.change_limit"),
    "DELETE /api/shares/{pk}": door("budgets.change_limit"),
    "GET /api/gradual-rollouts": door("releases.view_rollout", "routing"),
    "POST /api/gradual-rollouts": door("releases.change_rollout"),
    "GET /api/gradual-rollouts/{pk}": door("releases.view_rollout", "routing"),
    "POST /api/gradual-rollouts/{pk}/advance": door("releases.change_rollout"),
    "POST /api/gradual-rollouts/{pk}/pause": door("releases.change_rollout"),
    "POST /api/gradual-rollouts/{pk}/resume": door("releases.change_rollout"),
    "POST /api/gradual-rollouts/{pk}/roll_back": door("releases.change_rollout"),
    "POST /api/gradual-rollouts/{pk}/stop": door("releases.change_rollout"),
    "GET /api/learning/outcomes": door("experiments.view_importedoutcome"),
    "POST /api/learning/outcomes": door("experiments.add_importedoutcome"),
    "GET /api/learning/outcomes/{pk}": door("experiments.view_importedoutcome"),
    "DELETE /api/learning/outcomes/sources/{source}": door("experiments.delete_importedoutcome"),
    "GET /api/learning/proposals": door("experiments.view_proposal", "routing"),
    "GET /api/learning/proposals/{pk}": door("experiments.view_proposal", "routing"),
    "POST /api/learning/proposals/{pk}/accept": door("experiments.change_proposal"),
    "POST /api/learning/proposals/{pk}/reject": door("experiments.change_proposal"),
    "GET /api/experiments": door("experiments.view_experiment"),
    "POST /api/experiments": door("experiments.add_experiment"),
    "GET /api/experiments/sample-size": door("experiments.view_experiment"),
    "GET /api/experiments/{pk}": door("experiments.view_experiment"),
    "PATCH /api/experiments/{pk}": door("experiments.change_experiment"),
    "DELETE /api/experiments/{pk}": door("experiments.delete_experiment"),
    "GET /api/experiments/{pk}/history": door("experiments.view_experiment"),
    "POST /api/experiments/{pk}/start": door("experiments.change_experiment"),
    "POST /api/experiments/{pk}/stop": door("experiments.change_experiment"),
    "POST /api/experiments/{pk}/end": door("experiments.change_experiment"),
    "POST /api/experiments/{pk}/declare": door("experiments.change_experiment"),
    "POST /api/experiments/{pk}/undo": door("experiments.change_experiment"),
    "GET /api/learning/rounds": door("experiments.view_learninground"),
    "POST /api/learning/rounds": door("experiments.add_learninground"),
    "GET /api/learning/rounds/{pk}": door("experiments.view_learninground"),
    "GET /api/ledger": door("budgets.view_ledgerentry", "routing"),
    "POST /api/ledger": door("budgets.add_ledgerentry"),
    "GET /api/ledger/{pk}": door("budgets.view_ledgerentry", "routing"),
    "GET /api/ledger/reconciliation": door("budgets.view_reconciliation"),
    "POST /api/ledger/reconciliation": door("budgets.add_reconciliation"),
    "GET /api/models": door("models_registry.view_model", "all"),
    "POST /api/models": door("models_registry.add_model"),
    "GET /api/models/{identifier}": door("models_registry.view_model", "all"),
    "PATCH /api/models/{identifier}": door("models_registry.change_model"),
    "DELETE /api/models/{identifier}": door("models_registry.delete_model"),
    "POST /api/models/{identifier}/deprecate": door("models_registry.change_model"),
    "POST /api/models/{identifier}/duplicate": door("models_registry.add_model"),
    "GET /api/preferences": OWN,
    "PATCH /api/preferences": OWN,
    "GET /api/preferences/rules/effects": OWN,
    "POST /api/preferences/trial": OWN,
    "GET /api/preferences/sets": OWN,
    "POST /api/preferences/sets": OWN,
    "GET /api/preferences/sets/{pk}": OWN,
    "PATCH /api/preferences/sets/{pk}": OWN,
    "DELETE /api/preferences/sets/{pk}": OWN,
    "POST /api/preferences/sets/{pk}/activate": OWN,
    "POST /api/preferences/sets/{pk}/copy": OWN,
    "GET /api/circuits": door("models_registry.view_circuit"),
    "GET /api/circuits/{pk}": door("models_registry.view_circuit"),
    "DELETE /api/circuits/{pk}": door("models_registry.delete_circuit"),
    "GET /api/provider-keys": door("models_registry.view_providerkey"),
    "POST /api/provider-keys": door("models_registry.add_providerkey"),
    "GET /api/provider-keys/{pk}": door("models_registry.view_providerkey"),
    "PATCH /api/provider-keys/{pk}": door("models_registry.change_providerkey"),
    "DELETE /api/provider-keys/{pk}": door("models_registry.delete_providerkey"),
    "GET /api/prices": door("models_registry.view_price"),
    "POST /api/prices": door("models_registry.add_price"),
    "GET /api/prices/{pk}": door("models_registry.view_price"),
    "POST /api/prices/{pk}/approve": door("models_registry.change_price"),
    "POST /api/prices/{pk}/reject": door("models_registry.change_price"),
    "GET /api/prices/sync": door("models_registry.change_model"),
    "POST /api/prices/sync": door("models_registry.change_model"),
    "GET /api/profiles": door("autorouter.view_profile", "routing"),
    "PATCH /api/profiles": door("autorouter.change_profile"),
    "GET /api/profiles/{model}": door("autorouter.view_profile", "routing"),
    "GET /api/providers": door("models_registry.view_provider", "all"),
    "POST /api/providers": door("models_registry.add_provider"),
    "GET /api/providers/{name}": door("models_registry.view_provider", "all"),
    "PATCH /api/providers/{name}": door("models_registry.change_provider"),
    "GET /api/releases": door("releases.view_release", "all"),
    "GET /api/releases/{pk}": door("releases.view_release", "all"),
    "GET /api/releases/{line}/difference": door("releases.view_release", "routing"),
    "GET /api/releases/{line}/{number}": door("releases.view_release", "routing"),
    "GET /api/releases/{line}/{number}/file": door("releases.view_release", "routing"),
    "PATCH /api/releases/{line}/{number}": door("releases.change_release"),
    "POST /api/releases": door("releases.add_release"),
    "GET /api/audit": door("audit.view_event"),
    "GET /api/audit/export": door("audit.view_event"),
    "GET /api/audit/chain": door("audit.view_event"),
    "GET /api/prunings": door("analytics.view_pruning"),
    "GET /api/prunings/{pk}": door("analytics.view_pruning"),
    "GET /api/requests": door("analytics.view_record", "routing"),
    "GET /api/requests/export": door("analytics.view_record", "routing"),
    "GET /api/requests/{pk}": door("analytics.view_record", "routing"),
    "GET /api/requests/{operation_id}/body": door("analytics.view_body"),
    "DELETE /api/requests/{operation_id}/body": door("analytics.delete_body"),
    "GET /api/rollouts/{line}": door("releases.view_rollout", "routing"),
    "POST /api/rollouts/{line}": door("releases.change_rollout"),
    "GET /api/router/configuration": door("autorouter.view_routerconfiguration", "routing"),
    "PATCH /api/router/configuration": door("autorouter.change_routerconfiguration"),
    "POST /api/router/preview": door("autorouter.view_routerconfiguration"),
    "GET /api/routing/classification": door("analytics.view_record", "routing"),
    "GET /api/routing/costs": door("budgets.view_ledgerentry", "routing"),
    "GET /api/routing/dearest": door("analytics.view_record", "routing"),
    "GET /api/routing/opportunities": door("analytics.view_record", "routing"),
    "GET /api/routing/performance": door("analytics.view_record", "routing"),
    "GET /api/routing/savings": door("analytics.view_record", "routing"),
    "GET /api/routing/targets": door("analytics.view_record", "routing"),
    "GET /api/routing/targets/policies": door("analytics.view_policyband", "routing"),
    "POST /api/routing/targets/policies": door("analytics.add_policyband"),
    "GET /api/routing/targets/policies/{policy}": door("analytics.view_policyband", "routing"),
    "PATCH /api/routing/targets/policies/{policy}": door("analytics.change_policyband"),
    "DELETE /api/routing/targets/policies/{policy}": door("analytics.delete_policyband"),
    "GET /api/routing/policies": door("autorouter.view_policy", "routing"),
    "POST /api/routing/policies": door("autorouter.add_policy"),
    "GET /api/routing/policies/{name}": door("autorouter.view_policy", "routing"),
    "POST /api/routing/policies/{name}/activate": door("autorouter.change_policy"),
    "POST /api/routing/policies/{name}/deactivate": door("autorouter.change_policy"),
    "GET /api/routing/selections": door("analytics.view_selection", "all"),
    "GET /api/routing/selections/{pk}": door("analytics.view_selection", "all"),
    "POST /api/routing/selections/{pk}/outcome": door("analytics.change_selection", "all"),
    "POST /api/routing/select": door("autorouter.view_routerconfiguration", "routing"),
    "GET /api/routing/task-types": door("autorouter.view_tasktype", "routing"),
    "POST /api/routing/task-types": door("autorouter.add_tasktype"),
    "GET /api/routing/task-types/{name}": door("autorouter.view_tasktype", "routing"),
    "PATCH /api/routing/task-types/{name}": door("autorouter.change_tasktype"),
    "DELETE /api/routing/task-types/{name}": door("autorouter.delete_tasktype"),
    "GET /api/sessions": door("autorouter.view_session", "all"),
    "GET /api/sessions/{name}": door("autorouter.view_session", "all"),
    "DELETE /api/sessions/{name}": door("autorouter.delete_session", "all"),
    "GET /api/switches": door("releases.view_rollout", "routing"),
    "PATCH /api/switches": door("releases.change_rollout"),
}
NAMES = {
    "{table}": "model", "{number}": "1", "{pk}": "1", "{operation_id}": "00000000-0000-0000-0000-000000000001",
    "{export_id}": "00000000-0000-0000-0000-000000000001",
    "{identifier}": "openai:none", "{model}": "openai:none", "{line}": "router", "{name}": "none",
    "{slug}": "none", "{policy}": "none", "{account}": "none", "{user}": "none",
}  # fmt: skip


def knock(client: Client, place: str) -> int:
    """The status of a request that makes no sense, about something that is not there."""
    method, _, address = place.partition(" ")
    for name, value in NAMES.items():
        address = address.replace(name, value)
    client.raise_request_exception = False
    return client.generic(method, f"{address}?source=none", '{"nothing": 1}', "application/json").status_code


def is_open(client: Client, place: str) -> bool:
    """Whether one is let in, whatever comes of it."""
    status = knock(client, place)
    assert status < 500, place
    return status not in {401, 403}


def with_rights(user: User, *names: str) -> User:
    """With just these of Django's permissions."""
    user.user_permissions.set(
        [
            Permission.objects.get(content_type__app_label=app, codename=code)
            for app, code in (name.split(".") for name in names)
        ]
    )
    return User.objects.get(pk=user.pk)


def login(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def key(cast: Cast, user: User | None, *permissions: str) -> Client:
    _, text = create_key(cast.ada.account, "a key", user, permissions)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def clerk(db: None) -> User:
    """Staff without any permission."""
    return UserFactory.create(username="clerk", is_staff=True)


def test_every_address_and_method_has_its_door() -> None:
    assert {f"{method} {path}" for method, path in routes.of_the_api()} - {
        "GET /api/schema",
        "GET /api/docs",
    } == DOORS.keys()
    assert routes.plain_views() == {"renamed", "not_found"}


@pytest.mark.django_db
def test_who_is_not_known_comes_in_nowhere() -> None:
    assert [place for place in DOORS if is_open(Client(), place)] == []


def test_staff_without_a_permission_come_to_their_own_alone(clerk: User) -> None:
    client = login(clerk)
    assert [place for place in DOORS if is_open(client, place)] == [
        place for place, each in DOORS.items() if each == OWN
    ]


def test_a_key_opens_what_keys_may_and_an_admin_key_of_somebody_without_rights_no_more(cast: Cast, clerk: User) -> None:
    plain, routing = key(cast, clerk, "inference"), key(cast, clerk, "routing")
    for client, kinds in (
        (plain, {"all"}),
        (routing, {"all", "routing"}),
        (key(cast, clerk, "admin"), {"all", "routing"}),
    ):
        assert [place for place in DOORS if is_open(client, place)] == [
            place for place, each in DOORS.items() if each.keys in kinds
        ]


def test_the_one_permission_opens_it_to_a_login_and_to_an_admin_key_of_the_same_person(cast: Cast, clerk: User) -> None:
    admin, shut = key(cast, clerk, "admin"), []
    for place, each in DOORS.items():
        person = with_rights(clerk, *filter(None, [each.right]))
        shut += [place for client in (login(person), admin) if not is_open(client, place)]
    assert shut == []


def test_every_other_permission_together_does_not(clerk: User) -> None:
    """Who may change may view; and the history is open to who may see any of its tables."""
    known = Permission.objects.select_related("content_type")
    every = {f"{each.content_type.app_label}.{each.codename}": each for each in known}
    clerk.user_permissions.set(every.values())
    client = login(clerk)
    for place, each in DOORS.items():
        taken = [every[name] for name in {each.right, each.right.replace(".view_", ".change_")} if name in every]
        clerk.user_permissions.remove(*taken)
        assert is_open(client, place) == (each == OWN or place == "GET /api/changes"), place
        clerk.user_permissions.add(*taken)
