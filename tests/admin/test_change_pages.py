"""Every change on one page, one version on its own, and the way back."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from autorouter.models import RouterConfiguration
from models_registry.catalogue import editing
from models_registry.models import Model
from routerhub.audit import versions
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, address, rename, served
from tests.admin.people import some_staff
from tests.cast import Cast, because


def test_changes_are_shown_by_table_row_author_and_kind(staff: Client, cast: Cast) -> None:
    editing.update(GPT, {"name": "Ours"}, because("by contract", cast.ada.user))
    row = Model.objects.get(identifier=GPT).pk
    page = text(staff.get(f"/admin/changes/?table=model&row={row}"))
    assert "by contract" in page
    assert "<del>GPT-5</del>" in page
    assert "by contract" not in text(staff.get(f"/admin/changes/?table=model&row={row}&kind=added"))
    assert "by contract" in text(staff.get("/admin/changes/?author=ada"))
    assert "No change fits." in text(staff.get("/admin/changes/?author=nobody"))
    assert "Older" in text(staff.get("/admin/changes/?table=price"))
    first = staff.get("/admin/changes/?table=price&page=1").context["found"]
    second = staff.get("/admin/changes/?table=price&page=2").context["found"]
    assert len(first) == 40
    assert not {each.id for each in first} & {each.id for each in second}
    for nonsense in ("page=0", "page=x", "page=9999999", "row=x", "kind=x"):
        assert staff.get(f"/admin/changes/?table=model&{nonsense}").status_code == 200
    assert "'horse' is not one of" in messages_of(staff.get("/admin/changes/?table=horse"))[0]


def test_changes_are_found_by_text_and_by_day(staff: Client, cast: Cast) -> None:
    editing.update(GPT, {"name": "Renamed to Zebra"}, because("by contract 17", cast.ada.user))
    now = timezone.now()
    today, yesterday = (f"{each:%Y-%m-%d}" for each in (now, now - timedelta(days=1)))
    for words, count in (("contract 17", 2), ("renamed to zebra", 1), ("zebra crossing", 0)):
        assert len(staff.get("/admin/changes/", {"q": words}).context["found"]) == count
    for days, count in (({"since": today}, 1), ({"until": yesterday}, 0)):
        assert len(staff.get("/admin/changes/", {"q": "zebra", **days}).context["found"]) == count
        api = staff.get("/api/changes", {"q": "zebra", **days}).json()["results"]
        assert [each["reason"] for each in api] == ["by contract 17"] * count
    older = text(staff.get("/admin/changes/", {"table": "price", "until": today}))
    assert f"?table=price&amp;until={today}&amp;page=2" in older


def test_the_history_of_a_row_leads_to_its_changes(staff: Client) -> None:
    answer = staff.get(address(GPT, "history"), follow=True)
    assert answer.redirect_chain[-1][0] == f"/admin/changes/?table=model&row={Model.objects.get(identifier=GPT).pk}"


def test_a_version_is_restored_with_a_reason(staff: Client) -> None:
    rename("Ours")
    row = str(Model.objects.get(identifier=GPT).pk)
    page = f"/admin/changes/model/{versions.versions('model', row)[-1].id}/"
    shown = text(staff.get(page))
    assert "Restore this version" in shown
    assert "<th>Now</th><th>Restored</th>" in shown
    assert "<td>name</td><td><del>Ours</del></td><td><ins>GPT-5</ins></td>" in shown
    assert messages_of(post(staff, page))[0].startswith("Say why")
    assert messages_of(post(staff, page, reason="as it was")) == [f"Restored: model {GPT}."]
    assert served(GPT)["name"] == "GPT-5"
    version = versions.versions("model", row)[0]
    assert (version.author, version.ip, version.reason.partition(": ")[2]) == ("staff", "127.0.0.1", "as it was")


def test_a_deleted_model_is_brought_back_whole(staff: Client) -> None:
    before = served(GPT)
    staff.post(address(GPT, "delete"), {"post": "yes", "reason": "gone"})
    page = f"/admin/changes/model/{versions.versions('model', kind='deleted')[0].id}/"
    shown = text(staff.get(page))
    assert "Bring it back" in shown
    assert f"<li>deployment {GPT} at openai</li>" in shown
    (message,) = messages_of(post(staff, page, reason="a mistake"))
    assert message.startswith(f"Restored: model {GPT}, deployment {GPT} at open")
    assert served(GPT) == before


def test_a_version_that_is_as_it_is_now_is_not_restored(staff: Client) -> None:
    page = text(staff.get(f"/admin/changes/model/{versions.versions('model', limit=1)[0].id}/"))
    assert "Nothing would change: this is how it is now." in page
    assert "Restore this version" not in page


def test_what_is_gone_is_brought_back_by_who_may_add_it_all(staff: Client) -> None:
    staff.post(address(GPT, "delete"), {"post": "yes", "reason": "gone"})
    page = f"/admin/changes/model/{versions.versions('model', kind='deleted')[0].id}/"
    clerk = some_staff("view_model", "change_model", "add_model", "add_deployment")
    assert "Bring it back" not in text(clerk.get(page))
    assert clerk.post(page, {"reason": "x"}).status_code == 403
    assert not Model.objects.filter(identifier=GPT).exists()


def test_what_is_live_is_not_restored_here_and_what_is_not_there_is_told(staff: Client) -> None:
    page = f"/admin/changes/rollout/{versions.versions('rollout')[0].id}/"
    assert "Restore this version" not in text(staff.get(page))
    assert "rolled back" in messages_of(post(staff, page, reason="x"))[0]
    assert "model has no version 99999999" in messages_of(staff.get("/admin/changes/model/99999999/"))[0]
    assert "'horse' is not one of" in messages_of(staff.get("/admin/changes/horse/1/"))[0]


def test_who_may_change_models_only_does_not_restore_the_router(staff: Client) -> None:
    row = RouterConfiguration.objects.get()
    row.stickiness_bonus = 7
    row.save()
    clerk = some_staff("view_model", "change_model")
    page = f"/admin/changes/routerconfiguration/{versions.versions('routerconfiguration')[-1].id}/"
    assert clerk.post(page, {"reason": "x"}).status_code == 403
    assert RouterConfiguration.objects.get().stickiness_bonus == 7
