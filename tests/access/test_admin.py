"""Who may open what in the admin: every address of it, so that a new page cannot be forgotten."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.test import Client
from django.urls import reverse

from tests.access import routes
from tests.admin.answers import text
from tests.admin.people import some_staff
from tests.analytics.rows import insert, rolled_up
from tests.cast import Cast

OPEN = {
    "index", "login", "logout", "password_change", "password_change_done", "jsi18n", "search", "toggle_sidebar",
}  # fmt: skip
"""What is open to all staff: the first page, and what belongs to oneself."""
CAUGHT = {"<str:table>": "model", "<str:line>": "router", "<str:format_name>": "csv", "<str:kind>": "csv"}
"""What stands in an address; all else is 1."""


def addresses() -> Iterator[tuple[str, str]]:
    """Names and addresses of the pages that need a permission, about rows that are not there."""
    for name, address in routes.of_the_admin():
        if name not in OPEN:
            yield name, re.sub(r"<[\w:]+>", lambda caught: CAUGHT.get(caught.group(), "1"), address)


def test_staff_without_a_permission_may_open_nothing_but_what_is_open_to_all(cast: Cast) -> None:
    client = some_staff()
    found = {name: client.get(address, follow=True) for name, address in addresses()}
    assert len(found) > 100
    opened = {name for name, answer in found.items() if answer.status_code not in {403, 404}}
    # What is not there leads to the first page.
    assert {name for name in opened if found[name].request["PATH_INFO"] != "/admin/"} == set()


def test_staff_without_a_permission_may_send_nothing(cast: Cast) -> None:
    client = some_staff()
    sent = {"post": "yes", "reason": "x", "action": "revoke_keys", "_selected_action": [cast.ada.key.pk]}
    found = {name: client.post(address, sent).status_code for name, address in addresses()}
    assert {name: status for name, status in found.items() if status not in {302, 403, 404, 405}} == {}
    cast.ada.key.refresh_from_db()
    assert cast.ada.key.revoked_at is None


def test_the_first_page_shows_the_figures_of_all_to_who_may_see_requests(cast: Cast) -> None:
    insert(cost_nano=1_234_000_000, model="openai:gpt-5")
    rolled_up()
    shown = text(some_staff("view_record").get("/admin/"))
    assert "<b>$1.23</b>" in shown
    assert "gpt-5" in shown
    hidden = text(some_staff("view_model").get("/admin/"))
    assert "for who may view requests" in hidden
    for figure in ("$1.23", "gpt-5", "Spend by model"):
        assert figure not in hidden


def test_a_search_finds_nothing_for_who_may_see_nothing(cast: Cast) -> None:
    assert "acme" not in some_staff().get("/admin/search/?s=acme&extended=1").content.decode().lower()


@pytest.mark.parametrize(
    ("word", "name"), [("models", "models_registry_model_changelist"), ("auto-router", "tuning")]
)  # fmt: skip
def test_short_addresses_lead_to_their_pages(cast: Cast, word: str, name: str) -> None:
    staff = Client()
    for address in (f"/admin/{word}", f"/admin/{word}/"):
        assert staff.get(address)["Location"] == f"/admin/login/?next={address}"
    staff.force_login(cast.staff)
    for address in (f"/admin/{word}", f"/admin/{word}/"):
        answer = staff.get(f"{address}?q=gpt", follow=True)
        assert answer.redirect_chain[0][0] == f"{reverse(f'admin:{name}')}?q=gpt"
        assert answer.status_code == 200


def test_nothing_is_served_as_a_static_file_but_what_pages_load() -> None:
    served = [(storage.path(path), path) for finder in get_finders() for path, storage in finder.list([])]
    ours = [path for place, path in served if Path(place).is_relative_to(settings.BASE_DIR) and ".venv" not in place]
    assert ours
    assert {Path(path).suffix for path in ours} == {".css", ".js", ".svg"}
