"""Batches in the admin: how far they are, and cancelled by who may."""

from django.test import Client

from routerhub.batches.models import Batch
from routerhub.storage.models import File
from tests.admin.answers import messages_of, post, text
from tests.admin.people import some_staff
from tests.batches.rows import batch
from tests.cast import Cast

LIST = "/admin/batches/batch/"


def cancel(client: Client, *ids: str) -> list[str]:
    return messages_of(client.post(LIST, {"action": "cancel_batches", "_selected_action": ids}, follow=True))


def test_the_list_and_the_page_tell_progress_cost_and_models(staff: Client) -> None:
    batch(7)
    batch(7, id="batch_bad", status="failed", errors=[{"line": 3, "param": "url", "message": "url: no.", "code": "x"}])
    for page in (text(staff.get(LIST)), text(staff.get(f"{LIST}batch_1/change/"))):
        assert "4 + 1 of 10" in page
        assert "$0.0015" in page
    page = text(staff.get(f"{LIST}batch_1/change/"))
    assert "auto, coding, simple" in page
    assert "openai:gpt-5-mini" in page
    assert "url: no." in text(staff.get(f"{LIST}batch_bad/change/"))


def test_staff_cancel_those_that_have_not_ended(staff: Client) -> None:
    batch(7)
    batch(7, id="batch_done", status="completed")
    assert cancel(staff, "batch_1", "batch_done") == [
        "Being cancelled: batch_1. What is answered is kept.", "Ended before, or about to: batch_done.",
    ]  # fmt: skip
    assert {each.pk: each.status for each in Batch.objects.all()} == {
        "batch_1": "cancelling",
        "batch_done": "completed",
    }


def test_who_may_only_look_cancels_nothing(cast: Cast) -> None:
    batch(7)
    looker = some_staff("view_batch")
    assert "cancel_batches" not in text(looker.get(LIST))
    post(looker, LIST, action="cancel_batches", _selected_action="batch_1")
    assert Batch.objects.get().status == "in_progress"


def test_files_are_listed_without_what_is_in_them(staff: Client) -> None:
    made = batch(7)
    File.objects.create(id="file-in", account_id=7, filename="in.jsonl", purpose="batch", size=2_048, pieces=1,
                        created_at=made.created_at, expires_at=made.expires_at)  # fmt: skip
    listed = text(staff.get("/admin/storage/file/?purpose=batch"))
    assert "in.jsonl" in listed
    assert "2.0\xa0KB" in listed
    assert "file-in" in text(staff.get("/admin/storage/file/file-in/change/"))
