"""With the application's own filters taken away, the database still shows Cy nothing of Ada's: by API, page and Celery task."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.db.models import Q
from django.test import Client

from budgets.models import Account, ApiKey, Limit, Membership
from budgets.people.keys import create_key
from budgets.people.ownership import OwnedQuerySet
from budgets.viewsets.accounts import AccountViewSet
from budgets.viewsets.keys import ApiKeyViewSet
from routerhub.audit.permissions import TablePermissions
from routerhub.celery import app
from routerhub.tenancy.scope import NOBODY, current, within
from routerhub.tenancy.tasks import AcrossAccounts, OfAccount
from tests import lists
from tests.access.test_accounts import used
from tests.access.test_api import DOORS
from tests.cast import Cast


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every filter by account that the code has lets all through, and everybody may do everything."""
    monkeypatch.setattr(OwnedQuerySet, "for_caller", lambda rows, _user: rows.all())
    monkeypatch.setattr(AccountViewSet, "get_queryset", lambda _: Account.objects.all())
    monkeypatch.setattr(ApiKeyViewSet, "get_queryset", lambda _: ApiKey.objects.select_related("account", "user"))
    monkeypatch.setattr(TablePermissions, "has_permission", lambda *_: True)
    for table in (Account, ApiKey, Limit, Membership):
        monkeypatch.setattr(table, "of_account", lambda _account_id: Q())


@pytest.fixture
def marks(cast: Cast) -> set[str]:
    """What would tell that something of Ada's is there."""
    operation = used(cast.ada)
    return {str(operation), "ada's", cast.ada.key.prefix, '"acme"', "Acme", "acme"}


LISTS = [
    place.removeprefix("GET ")
    for place in DOORS
    if place.startswith("GET ") and "{" not in place and "sync" not in place
]
SOME = ["/api/accounts", "/api/keys", "/api/requests"]


def told(client: Client, marks: set[str], addresses: Sequence[str]) -> dict[str, set[str]]:
    """By address, what each list of the API tells of Ada."""
    pages = {address: client.get(f"{address}?source=none").getvalue().decode() for address in addresses}
    found = {address: {mark for mark in marks if mark in page} for address, page in pages.items()}
    return {address: each for address, each in found.items() if each}


@pytest.mark.usefixtures("unfiltered")
def test_no_list_of_the_api_tells_cys_key_of_ada(cast: Cast, marks: set[str]) -> None:
    _, text = create_key(cast.cy.account, "admin", cast.staff, ["admin"])
    assert len(LISTS) > 15
    assert told(Client(headers={"Authorization": f"Bearer {text}"}), marks, LISTS) == {}
    assert told(Client(headers=cast.ada.auth), marks, SOME).keys() == set(SOME)


@pytest.mark.usefixtures("unfiltered")
def test_nor_cys_login_nor_anybody_who_is_not_known(cast: Cast, marks: set[str]) -> None:
    login = Client()
    assert told(login, marks, SOME) == {}
    login.force_login(cast.cy.user)
    assert told(login, marks, SOME) == {}
    assert '"other"' in login.get("/api/accounts").content.decode(), "what is their own they see"


def test_no_page_tells_staff_without_a_right_of_ada(
    cast: Cast, marks: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("has_view_permission", "has_module_permission"):
        monkeypatch.setattr(ModelAdmin, name, lambda *_: True)
    cast.cy.user.is_staff = True
    cast.cy.user.save()
    login = Client()
    login.force_login(cast.cy.user)
    pages = {
        label: login.get(address).content.decode()
        for label, address in lists.of_the_admin().items()
        if hasattr(apps.get_model(label), "owned_by")
    }
    assert len(pages) > 8
    assert {label: mark for label, page in pages.items() for mark in marks if mark in page} == {}
    login.force_login(cast.staff)
    assert "acme" in login.get("/admin/budgets/account/").content.decode()


def test_a_task_sees_what_it_is_declared_for(cast: Cast) -> None:
    def slugs(**_: Any) -> list[str]:
        return sorted(Account.objects.values_list("slug", flat=True))

    of_account = app.task(name="slugs of an account", base=OfAccount)(slugs)
    of_all = app.task(name="slugs of all", base=AcrossAccounts)(slugs)
    of_nobody = app.task(name="slugs of nobody")(slugs)
    before = current()
    assert of_account.apply(kwargs={"account_id": cast.cy.account.pk}).get() == ["other"]
    assert of_all.apply().get() == ["acme", "other"]
    assert of_nobody.apply().get() == []
    assert of_nobody() == []
    assert current() == before
    with pytest.raises(KeyError, match="account_id"):
        of_account()


def test_a_key_is_found_by_its_digest_before_anything_else_of_its_account_may_be_seen(cast: Cast) -> None:
    with within(NOBODY):
        assert Client(headers=cast.cy.auth).get("/api/requests").status_code == 200
        assert Client(headers={"Authorization": "Bearer rh_unknown"}).get("/api/requests").status_code == 401
        assert ApiKey.objects.count() == 0
