from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction
from django.utils import timezone

from budgets.errors import AccountClosed, ExpiredKey, KeyRefused, MissingKey, RevokedKey, UnknownKey
from budgets.models import Account, ApiKey, Limit
from budgets.people import members
from budgets.people.keys import create_key, digest, find_caller, load_ring, revoke
from tests.cast import Cast, because


def test_a_key_is_found_by_its_text_and_kept_only_as_a_digest(cast: Cast) -> None:
    caller = find_caller(cast.ada.text)
    assert (caller.account, caller.user_id, caller.key_name) == ("acme", cast.ada.user.pk, "ada's key")
    assert cast.ada.key.digest == digest(cast.ada.text)
    assert cast.ada.text not in str(ApiKey.objects.values())


def test_the_ring_finds_the_same_caller(cast: Cast) -> None:
    assert load_ring().find(cast.ben.text, timezone.now()) == find_caller(cast.ben.text)


def test_a_caller_knows_their_scopes_by_name(cast: Cast) -> None:
    ada, caller = cast.ada, find_caller(cast.ada.text)
    numbered = (f"account {ada.account.pk}", f"key {ada.key.pk}", f"user {ada.user.pk}", "site", "account 0")
    assert [caller.called(label) for label in numbered] == [
        "account acme",
        "key ada's key",
        "user ada",
        "site",
        "account 0",
    ]


def test_the_ring_finds_who_holds_a_key_for_work_that_nobody_waits_for(cast: Cast) -> None:
    assert load_ring().holder(cast.ben.key.pk, timezone.now()) == find_caller(cast.ben.text)
    revoke(cast.ben.key, because("lost"))
    for unknown in (cast.ben.key.pk, 10**9):
        with pytest.raises(RevokedKey):
            load_ring().holder(unknown, timezone.now())


@pytest.mark.parametrize(("text", "error"), [(None, MissingKey), ("", MissingKey), ("rh_wrong", UnknownKey)])
def test_what_is_no_key_is_refused(cast: Cast, text: str | None, error: type[KeyRefused]) -> None:
    with pytest.raises(error):
        find_caller(text)


def test_a_revoked_key_opens_nothing_and_says_its_name(cast: Cast) -> None:
    revoke(cast.ada.key, because("lost"))
    with pytest.raises(RevokedKey, match="ada's key"):
        find_caller(cast.ada.text)


WAYS: dict[str, Callable[[ApiKey], object]] = {
    "save": lambda key: key.save(),
    "update": lambda _: ApiKey.objects.update(revoked_at=None),
    "bulk_update": lambda key: ApiKey.objects.bulk_update([key], ["revoked_at"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_revocation_is_final_however_it_is_written(cast: Cast, way: str) -> None:
    revoke(cast.ada.key, because("lost", cast.staff))
    cast.ada.key.revoked_at = None
    with pytest.raises(IntegrityError, match="stays so: make a new one"), transaction.atomic():
        WAYS[way](cast.ada.key)
    with pytest.raises(RevokedKey):
        find_caller(cast.ada.text)
    assert ApiKey.objects.filter(pk=cast.ada.key.pk).update(name="what was lost") == 1, "the rest may change"


def test_the_history_tells_who_revoked_a_key_and_why(cast: Cast) -> None:
    revoke(cast.ada.key, because("lost", cast.staff))
    version = cast.ada.key.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "lost")


def test_an_expired_key_opens_nothing(cast: Cast) -> None:
    key, text = create_key(cast.ada.account, "short")
    key.expires_at = timezone.now() - timedelta(seconds=1)
    key.save()
    with pytest.raises(ExpiredKey):
        find_caller(text)


def test_a_closed_accounts_keys_open_nothing(cast: Cast) -> None:
    Account.objects.filter(slug="acme").update(is_active=False)
    with pytest.raises(AccountClosed):
        find_caller(cast.ada.text)
    assert find_caller(cast.cy.text).account == "other"


def test_an_unknown_keys_message_does_not_repeat_it(cast: Cast) -> None:
    with pytest.raises(UnknownKey) as caught:
        find_caller("rh_a-secret-that-was-mistyped")
    assert "mistyped" not in str(caught.value)


def test_the_command_makes_account_key_and_limit(db: None) -> None:
    call_command("create_api_key", account="new", create_account=True, name="ci", limit_usd="2.5", period="day")
    key = ApiKey.objects.get()
    assert (key.account.slug, key.name) == ("new", "ci")
    assert list(Limit.objects.values_list("kind", "subject", "period", "amount")) == [
        ("key", str(key.pk), "day", 2_500_000_000)
    ]


def test_the_command_makes_an_account_with_an_owner(cast: Cast) -> None:
    call_command("create_api_key", account="new", create_account=True, owner=cast.cy.user.username, name="ci")
    assert [(each.account.slug, each.role) for each in members.of(cast.cy.user) if each.account.slug == "new"] == [
        ("new", "owner")
    ]


def test_the_command_gives_a_key_its_regions_and_places(db: None) -> None:
    call_command(
        "create_api_key", account="new", create_account=True, name="ci", region=["eu", "ch"], max_concurrent="4"
    )
    key = ApiKey.objects.get()
    assert (key.regions, key.max_concurrent) == (["eu", "ch"], 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account": "new", "create_account": True, "region": ["EU"]}, "--region: 'EU' is no name of a region"),
        ({"account": "new", "create_account": True, "max_concurrent": "many"}, "--max-concurrent 'many'"),
        (
            {"account": "new", "create_account": True, "max_concurrent": "0"},
            "--max-concurrent: .* greater than or equal to 1",
        ),
        ({"account": "nobody"}, "--create-account"),
        ({"account": "new", "create_account": True, "owner": "nobody"}, "no user"),
        ({"account": "Bad Slug", "create_account": True}, "--account"),
        ({"account": "new", "create_account": True, "user": "nobody"}, "no user"),
        ({"account": "new", "create_account": True, "limit_usd": "lots"}, "--limit-usd"),
        ({"account": "new", "create_account": True, "limit_usd": "-1"}, "--limit-usd"),
        ({"account": "new", "create_account": True, "limit_usd": "1E+999999999"}, "--limit-usd"),
    ],
)
def test_the_command_refuses_nonsense_and_makes_nothing(db: None, options: dict[str, str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("create_api_key", name="ci", **options)
    assert not ApiKey.objects.exists()
    assert not Account.objects.exists()
