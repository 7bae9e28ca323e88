"""Deleting, and the actions of lists, ask why; what is a fact has no history; a limit in use can be deleted."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from analytics.models import Record
from autorouter.models import Session, TaskType
from budgets.books.sweeping import differences
from budgets.models import ApiKey, Counter, LedgerEntry, Limit
from budgets.people.keys import find_caller
from experiments.models import LearningRound
from models_registry.models import Model, Provider
from routerhub.releases.models import Release
from tests.admin.answers import messages_of, post, text
from tests.admin.catalogue import GPT, address
from tests.admin.people import some_staff
from tests.analytics.rows import insert
from tests.cast import Cast

TASKS = "/admin/autorouter/tasktype/"
YES = {"post": "yes", "reason": "no longer needed"}


def chosen(action: str, *rows: Any, **more: str) -> dict[str, Any]:
    """What a list sends when an action is chosen for some rows."""
    return {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}


# --- deleting


def test_a_row_is_deleted_with_a_reason_only(staff: Client, cast: Cast) -> None:
    page = address(GPT, "delete")
    assert 'name="reason"' in text(staff.get(page))
    for reason in ("", "  "):
        assert "Say why" in text(staff.post(page, {"post": "yes", "reason": reason}))
    assert Model.objects.filter(identifier=GPT).exists()
    post(staff, page, **YES)
    version = Model.history.first()
    assert (version.history_type, version.history_user) == ("-", cast.staff)
    assert version.history_change_reason == "no longer needed"


def test_chosen_rows_are_deleted_with_a_reason_only(staff: Client) -> None:
    rows = [TaskType.objects.create(name=f"dream {at}", policy="ops") for at in range(2)]
    asked = text(staff.post(TASKS, chosen("delete_selected", *rows)))
    assert 'name="reason"' in asked
    again = text(staff.post(TASKS, chosen("delete_selected", *rows, post="yes")))
    assert "Say why" in again
    assert all(f'value="{row.pk}"' in again for row in rows), "what was chosen stays chosen"
    assert TaskType.objects.filter(name__startswith="dream").count() == 2
    staff.post(TASKS, chosen("delete_selected", *rows, **YES))
    assert not TaskType.objects.filter(name__startswith="dream").exists()
    assert {each.history_change_reason for each in TaskType.history.filter(history_type="-")} == {"no longer needed"}


def test_what_the_release_needs_is_not_deleted_and_the_page_says_why(staff: Client) -> None:
    model = Model.objects.get(identifier=GPT)
    model.deployments.exclude(provider__name="openai").delete()
    last = model.deployments.get()
    page = reverse("admin:models_registry_deployment_delete", args=[last.pk])
    (refusal,) = messages_of(post(staff, page, **YES))
    assert refusal.startswith("Nothing was deleted.")
    assert "a model needs at least one deployment" in refusal
    places = reverse("admin:models_registry_deployment_changelist")
    (refusal,) = messages_of(staff.post(places, chosen("delete_selected", last, **YES), follow=True))
    assert refusal.startswith("Nothing was deleted.")
    assert model.deployments.get() == last


def test_who_may_not_delete_does_not(staff: Client) -> None:
    assert some_staff("view_model", "change_model").post(address(GPT, "delete"), YES).status_code == 403
    assert Provider.objects.exists()


# --- actions of lists


def test_keys_are_revoked_with_a_reason_by_who_may_change_them(staff: Client, cast: Cast) -> None:
    keys, act = "/admin/budgets/apikey/", chosen("revoke_keys", cast.ada.key, cast.ben.key)
    some_staff("view_apikey").post(keys, {**act, **YES})
    assert "Revoke: they open nothing any more, for good" in text(staff.post(keys, act))
    cast.ada.key.refresh_from_db()
    assert cast.ada.key.revoked_at is None
    assert "these keys open nothing" in messages_of(staff.post(keys, {**act, **YES}, follow=True))[0]
    version = cast.ada.key.history.first()
    assert (version.history_user, version.history_change_reason, version.ip) == (
        cast.staff, "no longer needed", "127.0.0.1",
    )  # fmt: skip


def test_keys_get_new_secrets_with_a_reason_and_each_is_shown_once(staff: Client, cast: Cast) -> None:
    keys, act = "/admin/budgets/apikey/", chosen("rotate_keys", cast.ada.key, cast.ben.key)
    some_staff("view_apikey").post(keys, {**act, **YES})
    assert "Rotate: a new secret each; the old one works for another day" in text(staff.post(keys, act))
    assert find_caller(cast.ada.text).key_id == cast.ada.key.pk
    told = messages_of(staff.post(keys, {**act, **YES}, follow=True))
    fresh = [message.split("</code>")[0].rpartition(">")[2] for message in told]
    assert [find_caller(each).key_id for each in fresh] == [cast.ada.key.pk, cast.ben.key.pk]
    assert find_caller(cast.ada.text) == find_caller(fresh[0])
    assert not any(each in text(staff.get(keys)) for each in fresh)


def test_a_key_is_switched_off_and_restricted_on_its_page(staff: Client, cast: Cast) -> None:
    page = f"/admin/budgets/apikey/{cast.ada.key.pk}/change/"
    sent = {"account": cast.ada.account.pk, "user": cast.ada.user.pk, "name": "app", "permissions": ["inference"],
            "regions": "eu,ch", "max_concurrent": "2", "reason": "a pause"}  # fmt: skip
    assert "is no name of a region" in text(staff.post(page, {**sent, "regions": "EU"}))
    assert staff.post(page, sent).status_code == 302
    key = ApiKey.objects.get(pk=cast.ada.key.pk)
    assert (key.regions, key.max_concurrent, key.is_enabled) == (["eu", "ch"], 2, False)
    assert "disabled" in text(staff.get("/admin/budgets/apikey/"))


def test_a_key_is_made_with_its_reason_and_end_in_one_version(staff: Client, cast: Cast) -> None:
    sent = {
        "account": cast.ada.account.pk, "name": "nightly", "permissions": ["inference"], "reason": "the nightly run",
        "expires_at_0": "2030-01-01", "expires_at_1": "00:00:00",
    }  # fmt: skip
    assert "it is not shown again" in text(post(staff, "/admin/budgets/apikey/add/", **sent))
    key = cast.ada.account.keys.get(name="nightly")
    (version,) = key.history.all()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "the nightly run")
    assert version.expires_at == key.expires_at
    assert key.expires_at.year == 2030


# --- facts


def test_a_fact_has_no_history_and_no_button_for_it(staff: Client) -> None:
    moment = now()
    row = Record.objects.get(pk=insert())
    begun = LearningRound.objects.create(
        began_at=moment, since=moment, records=0, feedback=0, proposals=0, verdict="none"
    )
    talk = Session.objects.create(
        account_id=1, name="talk", model=GPT, priority="cost", context_tokens=1, requests=1, first_activity_at=moment,
        last_activity_at=moment,
    )  # fmt: skip
    limit, counter = used_limit()
    entry = LedgerEntry.objects.get(counters=[counter.pk])
    for fact in (row, begun, talk, counter, entry):
        name = f"admin:{fact._meta.app_label}_{fact._meta.model_name}"
        history = reverse(f"{name}_history", args=[fact.pk])
        page = reverse(f"{name}_change", args=[fact.pk])
        assert history not in text(staff.get(page)), name
        answer = staff.get(history, follow=True)
        assert answer.redirect_chain == [(page, 302)], name
        assert messages_of(answer) == ["A fact is written once: it has no history."]
    page = reverse("admin:budgets_limit_change", args=[limit.pk])
    assert reverse("admin:budgets_limit_history", args=[limit.pk]) in text(staff.get(page))


# --- a limit in use


def used_limit() -> tuple[Limit, Counter]:
    """A limit of which a request was charged."""
    limit = Limit.objects.create(kind="site", measure="money", period="total", amount=9)
    counter = Counter.objects.create(
        limit=limit, measure="money", period="total", period_start="1970-01-01T00:00Z", spent=7
    )
    LedgerEntry.objects.create(
        operation_id=uuid.UUID(int=1), hop=0, kind="charge", account_id=1, amount_nano=7, tokens=1,
        counters=[counter.pk], outcome="success", settled_at=now(),
    )  # fmt: skip
    return limit, counter


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_limit_in_use_is_deleted_with_what_it_counted_and_the_ledger_stays(staff: Client, is_chosen: bool) -> None:
    limit, _ = used_limit()
    page = reverse("admin:budgets_limit_delete", args=[limit.pk])
    act: dict[str, Any] = {}
    if is_chosen:
        page, act = reverse("admin:budgets_limit_changelist"), chosen("delete_selected", limit)
    asked = text(staff.post(page, act) if is_chosen else staff.get(page))
    assert "What the limit counted goes with it; the ledger keeps every charge." in asked
    assert "make it inactive instead" in asked
    assert staff.post(page, {**act, **YES}).status_code == 302
    assert not Limit.objects.exists()
    assert not Counter.objects.exists()
    assert LedgerEntry.objects.get().amount_nano == 7
    assert differences() == []
    assert Limit.history.first().history_change_reason == "no longer needed"


def test_saving_a_page_on_which_nothing_was_changed_writes_nothing_and_says_so(staff: Client) -> None:
    row = Provider.objects.get(name="openai")
    page = f"/admin/models_registry/provider/{row.pk}/change/"
    form = staff.get(page).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    before = (Provider.history.count(), Release.objects.count())
    told = post(staff, page, **values, reason="a look at it")
    assert messages_of(told) == ["Nothing differs from what is saved, so nothing was saved."]
    assert (Provider.history.count(), Release.objects.count()) == before
    post(staff, page, **{**values, "title": "Open AI"}, reason="as they write it")
    assert (Provider.history.count(), Release.objects.count()) == (before[0] + 1, before[1] + 1)
