"""Who may open which page of the admin, and who may act there."""

import pytest
from django.test import Client

from autorouter.models import Profile
from models_registry.transfer import importing
from routerhub.audit import versions
from tests.admin.answers import text
from tests.admin.catalogue import GPT, address
from tests.admin.people import check_doors, some_staff
from tests.cast import Cast, because

PAGES = [
    "/admin/prices/sync/", "/admin/imports/", "/admin/releases/", "/admin/releases/router/difference/",
    "/admin/releases/router/roll-out/", "/admin/releases/router/roll-back/?release=0", "/admin/releases/router/turn-off/",
    "/admin/changes/", "/admin/exports/models.csv",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_open_for_staff_and_closed_to_others(staff: Client, cast: Cast, path: str) -> None:
    check_doors(path, staff, cast.cy.user)


@pytest.mark.parametrize("path", ["/admin/prices/sync/", "/admin/imports/", "/admin/releases/"])
def test_who_may_only_look_may_not_act(staff: Client, path: str) -> None:
    viewer = some_staff("view_model", "view_release", "view_rollout")
    assert viewer.post(path, {"reason": "x"}).status_code == 403


def test_an_import_is_closed_to_who_may_only_look(staff: Client) -> None:
    job = importing.submit("models", "csv", "list.csv", b"id\n", because(""))
    viewer = some_staff("view_model", "view_import")
    for path in (f"/admin/imports/{job.pk}/", f"/admin/imports/{job.pk}/progress/"):
        assert staff.get(path).status_code == 200
        assert viewer.get(path).status_code == 403
    assert viewer.post(f"/admin/imports/{job.pk}/", {"reason": "x"}).status_code == 403


def test_a_version_is_seen_by_who_may_see_its_table_and_restored_by_who_may_change_it(staff: Client) -> None:
    row = Profile.objects.all()[0]
    row.model = "openai:renamed"
    row.save()
    path = f"/admin/changes/profile/{versions.versions('profile', str(row.pk))[-1].id}/"
    assert some_staff("view_model").get(path).status_code == 403
    viewer = some_staff("view_profile")
    assert "Restore this version" not in text(viewer.get(path))
    assert viewer.post(path, {"reason": "x"}).status_code == 403
    assert "Restore this version" in text(staff.get(path))


def test_who_may_see_one_table_sees_the_changes_of_that_one(staff: Client) -> None:
    shown = some_staff("view_profile").get("/admin/changes/").context
    assert shown["tables"] == ["profile"]
    assert {each.table for each in shown["found"]} == {"profile"}
    assert some_staff("view_counter").get("/admin/changes/").status_code == 403


@pytest.mark.parametrize(
    ("page", "sent", "right"),
    [
        ("duplicate", {"id": "openai:copy", "reason": "to try"}, "add_model"),
        ("deprecate", {"deprecated_from": "2026-12-24", "reason": "old"}, "change_model"),
    ],
)
def test_a_copy_needs_the_right_to_add_and_a_deprecation_the_right_to_change(
    staff: Client, page: str, sent: dict[str, str], right: str
) -> None:
    other = {"add_model": "change_model", "change_model": "add_model"}[right]
    clerk = some_staff("view_model", other)
    assert f'href="{address(GPT, page)}"' not in text(clerk.get(address(GPT)))
    assert clerk.get(address(GPT, page)).status_code == 403
    assert clerk.post(address(GPT, page), sent).status_code == 403
    clerk = some_staff("view_model", right)
    assert f'href="{address(GPT, page)}"' in text(clerk.get(address(GPT)))
    assert clerk.post(address(GPT, page), sent).status_code == 302
