"""The page of preferences: one's own sets and the account's, edited without a script, and tried before they are saved."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from autorouter.models import Preferences
from models_registry.models import Provider
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
PATH, OF_ACCOUNT = "/console/preferences/", "/console/preferences/account/"


@pytest.fixture(autouse=True)
def providers() -> None:
    Provider.objects.bulk_create(Provider(name=name, title=name.title()) for name in ("openai", "mistral"))


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def send(client: Client, action: str, path: str = PATH, **values: Any) -> str:
    """The page after a button of the form was pressed."""
    answer = client.post(path, {"form": "draft", "action": action, **values}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_new_user_blocks_a_provider_and_saves_it_with_a_reason(cast: Cast) -> None:
    ada, block = signed_in(cast.ada), {"provider:openai": "block", "provider:mistral": ""}
    reviewed = send(ada, "review", **block)
    assert "Blocked: + Openai" in reviewed
    assert not Preferences.objects.exists(), "nothing is saved before the last button"
    assert "Say why" in send(ada, "save", **block)
    assert "Saved. It counts from the next request on." in send(ada, "save", **block, reason="not ours")
    row = Preferences.objects.get(user=cast.ada.user)
    assert (row.blocked_providers, row.is_active) == (["openai"], True)
    assert row.history.get().history_change_reason == "not ours"


def test_rules_are_added_written_and_removed_without_losing_what_was_written(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    first: dict[str, Any] = {
        "priority": "cost", "rule": ["0"], "rule-0-name": "no code", "rule-0-category": ["coding"], "rule-0-effect": "block",
        "rule-0-more": "providers:mistral",
    }  # fmt: skip
    page = send(ada, "add", **first)
    assert "<b>When a request is coding</b>: block Mistral" in page
    assert "<b>Always</b>: block …" in page, "the new one"
    assert re.search(r'value="cost"[^>]*checked', page)
    both = {
        **first,
        "rule": ["0", "1"],
        "rule-1-name": "no code",
        "rule-1-min_tokens": "many",
        "rule-1-effect": "policy",
    }
    problems = send(ada, "test", **both)
    assert "'many' is not a whole number" in problems
    assert "'no code' is the name of another rule." in problems
    assert "Nothing was saved" in problems
    assert "block Mistral" not in send(ada, "remove:0", **both)
    assert "Saved." in send(ada, "save", **first, reason="x")
    rule = {"name": "no code", "when": {"category": ["coding"]}, "then": {"block": {"providers": ["mistral"]}}}
    assert Preferences.objects.get().rules == [rule]


def test_what_the_account_blocks_is_shown_as_such_and_its_rules_beside_ones_own(cast: Cast) -> None:
    rule = {"name": "night", "when": {"from_hour": 22}, "then": {"prefer": {"providers": ["mistral"]}}}
    Preferences.objects.create(account=cast.ada.account, blocked_providers=["openai"], rules=[rule])
    page = html.unescape(signed_in(cast.ben).get(PATH).content.decode())
    assert "blocked by Acme" in page
    assert "<b>When a request is between 22:00 and 24:00 UTC</b>: prefer Mistral" in page


def test_an_owner_changes_the_accounts_sets_and_a_member_reads_them(cast: Cast) -> None:
    ada, ben = signed_in(cast.ada), signed_in(cast.ben)
    assert "Saved." in send(ada, "save", OF_ACCOUNT, **{"provider:openai": "block", "reason": "policy"})
    page = html.unescape(ben.get(OF_ACCOUNT).content.decode())
    assert "Owners and admins of Acme change these" in page
    assert ben.post(OF_ACCOUNT, {"form": "draft", "action": "save", "reason": "x"}).status_code == 403
    assert ben.post(OF_ACCOUNT, {"action": "create", "name": "x", "reason": "x"}).status_code == 403
    assert Preferences.objects.get().blocked_providers == ["openai"]


def test_sets_are_made_duplicated_renamed_made_active_and_deleted(cast: Cast) -> None:
    ada = signed_in(cast.ada)

    def press(action: str, path: str = PATH, **values: Any) -> str:
        return html.unescape(ada.post(path, {"action": action, "reason": "x", **values}, follow=True).content.decode())

    assert "development is there." in press("create", name="development")
    assert "There is a set of this name already." in press("create", name="development")
    first = Preferences.objects.get()
    assert "production is there." in press("copy", f"{PATH}?set={first.pk}", name="production")
    second = Preferences.objects.get(name="production")
    press("rename", f"{PATH}?set={second.pk}", name="live")
    assert "live counts from the next request on." in press("activate", f"{PATH}?set={second.pk}")
    assert "make another one active first" in press("delete", f"{PATH}?set={second.pk}")
    assert "development is deleted." in press("delete", f"{PATH}?set={first.pk}")
    assert list(Preferences.objects.values_list("name", "is_active")) == [("live", True)]
    theirs = Preferences.objects.create(user=cast.ben.user)
    assert ada.get(f"{PATH}?set={theirs.pk}").status_code == 404
