"""What is kept of what was said: sealed, for as long as site and account say, and read by nobody unseen."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.timezone import now

from analytics.bodies import keeping, reading, retention
from analytics.bodies.types import Said
from analytics.models import Body
from analytics.records import pruning
from analytics.tasks import forget_bodies
from budgets.people.keys import find_caller
from budgets.people.privacy import keeps_bodies
from routerhub.audit.models import Event
from routerhub.environment import regions
from routerhub.sealing import Sealer
from tests.analytics.bodies.said import said
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db


def keep(*all_said: Said) -> list[Body]:
    rows = [keeping.kept(each) for each in all_said]
    keeping.write(rows)
    return rows


def test_a_row_has_nothing_in_clear_and_opens_to_what_is_left() -> None:
    (row,) = keep(said())
    found = Body.objects.get(pk=row.pk)
    assert b"Ada" not in bytes(found.sealed_answer or b"")
    request, answer = keeping.opened(found)
    assert (request, answer) == ({"messages": [{"role": "user", "content": "I am [email]"}]}, [{"text": "Hello, Ada!"}])
    assert (found.redacted, found.is_cut, found.size) == ({"email": 1}, False, 100)


def test_without_an_answer_there_is_none() -> None:
    (row,) = keep(said(answer=None))
    assert keeping.opened(Body.objects.get(pk=row.pk))[1] is None


def test_what_is_written_twice_stays_as_it_was_first() -> None:
    first = said()
    keep(first)
    keep(said(operation_id=first.operation_id, answer=None))
    assert Body.objects.get().sealed_answer is not None


def test_what_is_moved_to_another_account_or_request_opens_for_nobody(cast: Cast) -> None:
    rows = keep(said(), said())
    rows[0].sealed_request = rows[1].sealed_request
    assert "not in STORAGE_KEYS" in reading.read(rows[0], because("a look")).problem


def test_a_key_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = keep(said())
    monkeypatch.setattr(keeping, "sealer", lambda: Sealer([b"x" * 32]))
    assert reading.read(row, because("a look")).request is None


def test_no_more_than_is_allowed_is_kept(settings: Any) -> None:
    settings.ANALYTICS_BODY_MAX_CHARS = 1_024
    (row,) = keep(said(request={"input": "x " * 2_500}))
    assert row.is_cut
    assert keeping.opened(row)[0]["input"].endswith("[3,997 characters more]")


@pytest.mark.parametrize(
    ("site", "account", "key", "kept"),
    [
        (True, "all", None, True), (True, "all", True, True), (True, "all", False, False), (True, "chosen", None, False),
        (True, "chosen", True, True), (True, "chosen", False, False), (True, "none", True, False), (False, "all", True, False),
    ],
)  # fmt: skip
def test_whoever_says_no_is_heard(site: bool, account: str, key: bool | None, kept: bool) -> None:
    assert keeps_bodies(site=site, account=account, key=key) is kept


@pytest.mark.parametrize("site", [False, True])
def test_a_caller_carries_what_site_account_and_key_say_together(cast: Cast, settings: Any, site: bool) -> None:
    settings.ANALYTICS_BODIES = site
    assert not find_caller(cast.ada.text).keeps_bodies
    cast.ada.account.bodies = "all"
    cast.ada.account.save()
    cast.ben.key.keeps_bodies = False
    cast.ben.key.save()
    assert [find_caller(each.text).keeps_bodies for each in (cast.ada, cast.ben, cast.cy)] == [site, False, False]


def test_it_is_kept_as_long_as_the_site_says_or_its_account_where_that_is_shorter(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANALYTICS_BODY_RETENTION_DAYS = 30
    cast.ada.account.body_retention_days = 7
    cast.ada.account.save()
    monkeypatch.setattr(retention, "SLICE", 1)
    cast.cy.account.body_retention_days = 365
    cast.cy.account.save()
    ada, cy, at = cast.ada.account.pk, cast.cy.account.pk, now()
    rows = {
        (account, days): keep(said(account_id=account, created_at=at - timedelta(days=days)))[0]
        for account, days in ((ada, 6), (ada, 8), (cy, 8), (cy, 31))
    }
    over = {place for place, row in rows.items() if retention.is_over(row, at)}
    assert over == {(ada, 8), (cy, 31)}
    assert [part.rows for part in pruning.prune(at, "by hand")] == [1]
    assert forget_bodies() == 1
    assert set(Body.objects.values_list("pk", flat=True)) == {rows[ada, 6].pk, rows[cy, 8].pk}
    assert forget_bodies() == 0


def test_under_legal_hold_nothing_goes(cast: Cast) -> None:
    cast.ada.account.body_retention_days, cast.ada.account.legal_hold = 1, True
    cast.ada.account.save()
    keep(said(account_id=cast.ada.account.pk, created_at=now() - timedelta(days=400)))
    pruning.prune(now(), "by hand")
    assert (forget_bodies(), Body.objects.count()) == (0, 1)


def test_who_reads_or_deletes_is_written_down(cast: Cast) -> None:
    (row,) = keep(said())
    operation = row.pk
    reading.read(row, because("a complaint", cast.staff))
    reading.delete(row, because("asked for", cast.staff))
    told = Event.objects.order_by("id").values_list("kind", "subject", "who", "text", "account_id")
    assert list(told) == [
        ("body read", str(operation), "staff", "a complaint", 7), ("body deleted", str(operation), "staff", "asked for", 7),
    ]  # fmt: skip
    assert not Body.objects.exists()


def test_countries_that_are_none_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_PHONE_REGIONS", "us, DE")
    assert regions("ANALYTICS_PHONE_REGIONS", "") == ("US", "DE")
    monkeypatch.setenv("ANALYTICS_PHONE_REGIONS", "US,Germany")
    with pytest.raises(ImproperlyConfigured, match="'GERMANY' in it: write countries by their two letters"):
        regions("ANALYTICS_PHONE_REGIONS", "")
