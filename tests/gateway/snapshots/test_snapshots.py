"""What a process holds in memory follows the database, by as few queries as what changed needs."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from autorouter import availability_facts, models
from autorouter.people import preference_sets
from autorouter.people.preferences import NONE
from budgets.errors import AccountClosed, RevokedKey, UnknownKey
from budgets.models import Account, ApiKey, Counter, Limit
from budgets.people.keys import create_key, digest
from experiments.models import Experiment
from models_registry.models import Deployment, Probe
from routerhub.audit.change import Change
from routerhub.gateway.snapshots.changes import EVERYTHING, understood
from routerhub.gateway.snapshots.snapshots import Loader, Snapshot, shipped
from routerhub.releases import live, rollout, store, switches
from routerhub.releases.models import Rollout
from tests.cast import Cast

CHANGE = Change(reason="a test's")
QUERIES = {
    "releases": 1, "keys": 1, "preferences": 1, "limits": 1, "facts": 3, "circuits": 1, "provider_keys": 1, "experiments": 1,
}  # fmt: skip
"""Of a check of each part in which nothing changed."""


class Held:
    """A loader and the newest snapshot that it made."""

    def __init__(self) -> None:
        self.loader = Loader()
        self.snapshot = self.loader.load(shipped(), EVERYTHING)

    def hear(self, *payloads: str) -> Snapshot:
        self.snapshot = self.loader.load(self.snapshot, understood(payloads, live.shipped().lines))
        return self.snapshot


@pytest.fixture
def held(cast: Cast) -> Held:
    preference_sets.save(models.Preferences(user=cast.ada.user, priority="cost"), CHANGE)
    preference_sets.save(models.Preferences(user=cast.cy.user, priority="speed"), CHANGE)
    return Held()


def account_of(snapshot: Snapshot, text: str) -> str:
    return snapshot.ring.find(text, timezone.now()).account


def unshared(before: Snapshot, after: Snapshot) -> set[str]:
    """The parts that are not the very same objects."""
    parts = ("releases", "ranked", "health", "measured", "ring", "preferences", "limits")
    return {name for name in parts if getattr(before, name) is not getattr(after, name)}


def test_a_process_starts_with_the_releases_in_the_code_and_knows_nobody() -> None:
    first = shipped()
    assert first.loaded_at is None
    assert first.rankings("anybody").catalogue is live.shipped().for_user("catalogue", "anybody")
    assert not first.ring.is_read


def test_what_records_name_is_kept_even_where_it_is_as_shipped(held: Held) -> None:
    digest = held.snapshot.digest_of(held.snapshot.rankings("anybody"))
    assert availability_facts.read(digest) == held.snapshot.rankings("anybody").availability


def test_one_set_of_preferences_is_one_row_read(held: Held, cast: Cast, django_assert_num_queries: Any) -> None:
    before, (ada, cy) = held.snapshot, (cast.ada.user.pk, cast.cy.user.pk)
    changed = models.Preferences.objects.get(user=ada).pk
    models.Preferences.objects.filter(user__in=[ada, cy]).update(priority="quality")
    with django_assert_num_queries(1) as asked:
        after = held.hear(f"preferences:{changed}")
    assert f'"id" IN ({changed})' in asked.captured_queries[0]["sql"]
    assert after.preferences.of(None, ada).priority == "quality"
    assert after.preferences.of(None, cy).priority == "speed", "nobody said that it changed"
    assert unshared(before, after) == {"preferences"}
    assert before.preferences.of(None, ada).priority == "cost", "a request under way keeps what it began with"


def test_preferences_that_were_deleted_are_gone(held: Held, cast: Cast) -> None:
    row = models.Preferences.objects.get(user=cast.ada.user)
    number = row.pk
    row.delete()
    assert held.hear(f"preferences:{number}").preferences.of(None, cast.ada.user.pk) is NONE


def test_one_key_is_one_row_read_however_many_there_are(held: Held, cast: Cast, django_assert_num_queries: Any) -> None:
    before = held.snapshot
    ApiKey.objects.filter(pk=cast.ada.key.pk).update(revoked_at=timezone.now())
    with django_assert_num_queries(1) as asked:
        after = held.hear(f"keys:{cast.ada.key.pk}")
    assert f'"id" IN ({cast.ada.key.pk})' in asked.captured_queries[0]["sql"]
    with pytest.raises(RevokedKey):
        account_of(after, cast.ada.text)
    assert account_of(after, cast.ben.text) == "acme"
    assert unshared(before, after) == {"ring"}
    assert after.ring.held[cast.ben.key.digest] is before.ring.held[cast.ben.key.digest]


def test_a_new_key_opens_and_a_deleted_one_is_unknown(held: Held, cast: Cast) -> None:
    key, text = create_key(cast.ada.account, "new")
    assert account_of(held.hear(f"keys:{key.pk}"), text) == "acme"
    number = key.pk
    key.delete()
    with pytest.raises(UnknownKey):
        account_of(held.hear(f"keys:{number}"), text)


def test_an_account_changes_all_its_keys_and_no_others_by_one_query(
    held: Held, cast: Cast, django_assert_num_queries: Any
) -> None:
    before = held.snapshot
    Account.objects.filter(slug="acme").update(is_active=False)
    with django_assert_num_queries(1):
        after = held.hear(f"accounts:{cast.ada.account.pk}", f"keys:{cast.cy.key.pk}")
    for text in (cast.ada.text, cast.ben.text):
        with pytest.raises(AccountClosed):
            account_of(after, text)
    assert account_of(after, cast.cy.text) == "other"
    assert unshared(before, after) == {"ring"}


def test_the_keys_of_a_deleted_account_are_unknown(held: Held, cast: Cast) -> None:
    number = cast.ada.account.pk
    cast.ada.account.delete()
    after = held.hear(f"accounts:{number}")
    with pytest.raises(UnknownKey):
        account_of(after, cast.ben.text)
    assert account_of(after, cast.cy.text) == "other"


@pytest.mark.parametrize("payload", ["limits", "catalogue", "router", "keys", "preferences", "health", "measured"])
def test_a_part_is_checked_alone(held: Held, payload: str, django_assert_num_queries: Any) -> None:
    before = held.snapshot
    (part,) = understood([payload], live.shipped().lines).whole
    with django_assert_num_queries(QUERIES[part]):
        after = held.hear(payload)
    named = {"releases": {"releases", "ranked"}, "facts": {"health", "measured", "ranked"}, "keys": {"ring"}}
    assert unshared(before, after) <= named.get(part, {part})
    assert after.rankings("somebody") is before.rankings("somebody")


def test_a_check_of_everything_reads_only_what_changed_without_a_word(
    held: Held, cast: Cast, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(sum(QUERIES.values())):
        held.snapshot = held.loader.load(held.snapshot, EVERYTHING)
    ApiKey.objects.filter(pk=cast.ada.key.pk).update(revoked_at=timezone.now())
    Account.objects.filter(slug="other").update(is_active=False)
    models.Preferences.objects.filter(user=cast.ada.user).update(priority="quality")
    with django_assert_num_queries(sum(QUERIES.values()) + 2) as asked:
        after = held.loader.load(held.snapshot, EVERYTHING)
    asked_for = [re.findall(r'"budgets_apikey"."id" IN \(([\d, ]+)\)', each["sql"]) for each in asked.captured_queries]
    (ids,) = [each for found in asked_for for each in found]
    assert {int(each) for each in ids.split(",")} == {cast.ada.key.pk, cast.cy.key.pk}
    with pytest.raises(RevokedKey):
        account_of(after, cast.ada.text)
    with pytest.raises(AccountClosed):
        account_of(after, cast.cy.text)
    assert after.preferences.of(None, cast.ada.user.pk).priority == "quality"


def test_a_limit_is_in_the_index_of_the_next_snapshot(held: Held) -> None:
    limit = Limit.objects.create(kind="site", measure="money", period="day", amount=5 * 10**9)
    assert held.hear("limits").limits.by_scope["site:"] == (limit.pk,)


def test_a_limit_over_its_soft_mark_pauses_in_the_next_snapshot(held: Held) -> None:
    limit = Limit.objects.create(kind="site", period="total", amount=100, mode="pause", soft_percent=50)
    assert not held.hear("limits").pauses
    start = datetime(1970, 1, 1, tzinfo=UTC)
    Counter.objects.update_or_create(
        limit=limit, measure="money", period="total", period_start=start, defaults={"spent": 50}
    )
    (pause,) = held.hear("limits").pauses.by_scope["site:"]
    assert (pause.max_tier, pause.percent, pause.until) == ("mid", 50, None)


def probed(status: str) -> None:
    deployment = Deployment.objects.select_related("model").order_by("pk")[0]
    now = timezone.now()
    Probe.objects.update_or_create(
        deployment=deployment, defaults={"status": status, "detail": "a test's", "checked_at": now, "since": now}
    )


@pytest.fixture
def seeded(held: Held) -> Held:
    """With a catalogue and a router that are live."""
    call_command("seed_catalog", verbosity=0)
    held.hear("catalogue")
    return held


def test_what_probes_found_changes_the_facts_and_their_digest_and_finds_its_way_back(seeded: Held) -> None:
    before = seeded.snapshot
    probed("down")
    after = seeded.hear("health")
    old, new = before.rankings("somebody"), after.rankings("somebody")
    assert old is not new
    assert new.availability.health.down
    assert before.digest_of(old) != after.digest_of(new)
    assert availability_facts.read(after.digest_of(new)) == new.availability
    assert after.availability_of(new.catalogue) is new.availability
    probed("down")
    assert seeded.hear("health", "measured").rankings("somebody") is new, "found again, it is nothing new"


def test_the_rankings_of_what_did_not_change_are_kept_while_a_candidate_comes_and_goes(seeded: Held) -> None:
    before = seeded.snapshot.rankings("somebody")
    row = models.RouterConfiguration.objects.get()
    row.stickiness_bonus = 3
    row.save()
    number = store.draft("router", lambda: None, CHANGE)
    rollout.roll_out("router", number, 50, CHANGE)
    after = seeded.hear("router")
    users = [f"{at}" for at in range(40)]
    found = {after.rankings(user) for user in users}
    assert len(found) == 2
    assert before in found
    assert {each.router.release for each in found} == {before.router.release, number}
    assert after.rankings("7") is after.rankings("7")
    candidate = next(each for each in found if each is not before)
    rollout.rollback("router", None, CHANGE)
    for variant in (number, 99):
        row = Experiment(
            name="new", state="running", phase=1, a={"kind": "same"}, b={"kind": "release", "value": f"{variant}"}
        )
        row.user = User.objects.create(username=f"of {variant}")
        row.save()
    tested = seeded.hear("router", "experiments")
    assert tested.tested(tested.rankings("7"), number) is candidate, "it is on trial"
    assert [each.b.value for each in tested.variants.tests] == [f"{number}", "99"]
    assert [each.b.value for each in tested.variants.running.of_everybody] == [f"{number}"], "nobody has release 99"


def test_a_pointer_to_a_release_that_is_not_there_leaves_the_line_as_it_was(seeded: Held, cast: Cast) -> None:
    before = seeded.snapshot.rankings("somebody")
    Rollout.objects.filter(line="router").update(stable=99)
    ApiKey.objects.filter(pk=cast.ada.key.pk).update(revoked_at=timezone.now())
    after = seeded.hear("router", f"keys:{cast.ada.key.pk}")
    assert after.rankings("somebody") is before
    with pytest.raises(RevokedKey):
        account_of(after, cast.ada.text)


def test_a_switch_turns_to_the_rankings_of_release_0_at_once(seeded: Held, file: Any) -> None:
    assert seeded.snapshot.rankings("somebody").router.release == 1
    switches.turn("router", False, CHANGE)
    assert seeded.snapshot.rankings("somebody").router.release == 0
    assert seeded.snapshot.rankings("somebody").catalogue.release == 1


def test_a_ring_of_ten_thousand_is_read_once_and_then_by_what_changed(held: Held, cast: Cast) -> None:
    ApiKey.objects.bulk_create(
        ApiKey(account=cast.ada.account, name=f"{at}", prefix="rh_", digest=digest(f"{at}")) for at in range(10_000)
    )
    asked = {}
    for name, payload in (("read", "keys"), ("checked", "keys"), ("one", f"keys:{cast.ada.key.pk}")):
        with CaptureQueriesContext(connection) as queries:
            held.hear(payload)
        asked[name] = len(queries)
    assert len(held.snapshot.ring.held) == 10_003
    assert asked == {"read": 2, "checked": 1, "one": 1}


# The keeper: a thread of its own sees only what is committed.
