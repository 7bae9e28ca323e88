"""Where there is nothing, where one may not go and where something fails, one is told so in the shell that one is in."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from routerhub.releases import rollout
from tests.admin.answers import messages_of
from tests.admin.people import some_staff
from tests.cast import Cast


def told(answer: Any, status: int) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def test_in_the_admin_the_sidebar_stays(cast: Cast) -> None:
    clerk = some_staff("view_model")
    refused = told(clerk.get("/admin/tuning/"), 403)
    assert "This page needs the right “autorouter.view_routerconfiguration”" in refused
    missing = told(clerk.get("/admin/nowhere/"), 404)
    for page in (refused, missing):
        assert 'data-section="Catalogue"' in page
        assert "<main" in page


def test_in_the_console_the_account_stays_and_strangers_get_a_plain_page(cast: Cast) -> None:
    client = Client()
    assert "data-section" not in told(client.get("/admins/"), 404)
    client.force_login(cast.ada.user)
    page = told(client.get("/console/nowhere/"), 404)
    assert "Acme" in page
    assert "There is nothing here" in page
    assert client.get("/api/nowhere").headers["Content-Type"] == "application/problem+json"


def test_what_fails_is_told_and_without_a_database_plainly(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = some_staff("view_rollout")
    client.raise_request_exception = False
    monkeypatch.setattr("routerhub.releases.switch_page._shown", lambda _: 1 / 0)
    page = told(client.get("/admin/switches/"), 500)
    assert "are still answered" in page
    assert 'data-section="Rollout and audit"' in page

    def away() -> None:
        raise OperationalError

    monkeypatch.setattr(rollout, "pointers", away)
    page = told(client.get("/admin/switches/"), 500)
    assert "Something failed here" in page
    assert "data-section" not in page


def test_a_form_without_its_mark_is_refused_in_words(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.staff)
    assert "reload the page and send it again" in told(client.post("/admin/auth/group/add/", {"name": "x"}), 403)


def test_what_was_done_is_told_without_praise(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    answer = client.post("/admin/auth/group/add/", {"name": "<clerks>"}, follow=True)
    (message,) = messages_of(answer)
    assert message.startswith("The group “<a ")
    assert message.endswith("&lt;clerks&gt;</a>” was added.")
