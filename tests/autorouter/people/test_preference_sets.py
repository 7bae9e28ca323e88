"""Named sets of users and accounts: what holds for a request, what is kept, and what is refused."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from autorouter import models
from autorouter.decision.rules import Names, Rule, When
from autorouter.people import preference_sets
from autorouter.people.preference_sets import Held, PreferenceSets
from autorouter.people.preferences import NONE, Preferences, apply, together
from autorouter.types import PRIORITIES, Constraints
from budgets.people.keys import find_caller
from models_registry.models import Provider
from routerhub.audit import versions
from routerhub.audit.errors import ChangeRefused
from routerhub.releases.notify import CHANNEL
from routerhub.tenancy import scope
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, router, task, whole_decision
from tests.cast import Cast, Member, because

SCOPES = st.tuples(st.none() | st.sampled_from([1, 2]), st.none() | st.sampled_from([1, 2]))
NAMES = st.frozensets(st.sampled_from("abc"))
BLOCK = {"name": "no a", "when": {"category": "coding"}, "then": {"block": {"providers": ["a"]}}}


# --- what holds for whom


def wanted(**changes: Any) -> Any:
    return st.builds(
        Preferences, priority=st.none() | st.sampled_from(PRIORITIES), max_cost_usd=st.none() | st.integers(0, 3).map(Decimal),
        max_latency_ms=st.none() | st.integers(1, 3), preferred_providers=NAMES, blocked_providers=NAMES, **changes,
    )  # fmt: skip


SETS = st.lists(
    st.tuples(st.sampled_from([("account", 1), ("account", 2), ("user", 1), ("user", 2)]), wanted()), max_size=7
)


def held(listed: Sequence[tuple[tuple[str, int], Preferences]]) -> PreferenceSets:
    """Of each owner the first one is active. The sets count from 1."""
    owners = [owner for owner, _ in listed]
    return PreferenceSets({
        at: Held(
            account_id=number if kind == "account" else None, user_id=number if kind == "user" else None,
            is_active=owners.index((kind, number)) == at - 1, preferences=each,
        )
        for at, ((kind, number), each) in enumerate(listed, 1)
    })  # fmt: skip


def plainly(
    listed: Sequence[tuple[tuple[str, int], Preferences]], owner: tuple[str, int | None], pin: int
) -> Preferences:
    """The set of an owner that counts: the pinned one if it is theirs, else their first."""
    theirs = {at: each for at, (whose, each) in enumerate(listed, 1) if whose == owner}
    return theirs.get(pin) or next(iter(theirs.values()), NONE)


@given(SETS, SCOPES, st.integers(0, 8))
def test_what_holds_is_the_accounts_set_and_the_users_in_one(
    listed: list[tuple[tuple[str, int], Preferences]], scope: tuple[int | None, int | None], pin: int
) -> None:
    sets, (account_id, user_id) = held(listed), scope
    account, own = plainly(listed, ("account", account_id), pin), plainly(listed, ("user", user_id), pin)
    found = sets.of(account_id, user_id, pin)
    assert found.priority == (own.priority if own.priority is not None else account.priority)
    for limit in ("max_cost_usd", "max_latency_ms"):
        both = [value for each in (account, own) if (value := getattr(each, limit)) is not None]
        assert getattr(found, limit) == (min(both) if both else None)
    assert found.preferred_providers == (own.preferred_providers or account.preferred_providers)
    assert found.blocked_providers == {*own.blocked_providers, *account.blocked_providers}
    assert sets.of(account_id, user_id, pin) is found, "it is worked out once"
    assert PreferenceSets(dict(sets.held), sets).of(account_id, user_id, pin) is found, (
        "and not again by who comes after"
    )


def test_rules_of_both_fire_and_the_users_policy_is_the_one() -> None:
    def rules_of(prefix: str, policy: str, block: str) -> tuple[Rule, ...]:
        return (
            Rule(name=f"{prefix}policy", when=When(), policy=policy),
            Rule(name=f"{prefix}block", when=When(), block=Names(providers=frozenset({block}))),
        )

    account, own = Preferences(rules=rules_of("account: ", "cheap", "a")), Preferences(rules=rules_of("", "code", "b"))
    merged = apply(together(account, own), Constraints(), None, task(), (), NOW, {"cheap", "code"})
    assert (merged.policy, merged.blocked_providers) == ("code", frozenset("ab"))
    assert merged.rules == ("policy", "block", "account: policy", "account: block")


def test_nobody_undoes_what_the_account_blocks() -> None:
    own = Preferences(
        preferred_providers=frozenset({"a"}),
        rules=(Rule(name="a alone", when=When(), allow=Names(providers=frozenset({"a"}))),),
    )
    known, asked = catalogue(model("a:one"), model("b:two")), task()
    merged = apply(
        together(Preferences(blocked_providers=frozenset({"a"})), own), Constraints(), None, asked, (), NOW, ()
    )
    decision = whole_decision(known, router(), asked, merged, SANDBOXED, NOW)
    assert decision.chosen is None


# --- kept


@pytest.fixture
def providers(db: None) -> None:
    """Of the names that these tests use."""
    Provider.objects.bulk_create(Provider(name=name, title=name) for name in ("a", "b", "p"))


def row(cast: Cast, who: str = "ada", **values: Any) -> models.Preferences:
    return models.Preferences(user=getattr(cast, who).user, **values)


@pytest.mark.usefixtures("providers")
def test_what_is_saved_is_read_as_values_and_has_a_history(cast: Cast) -> None:
    saved = row(cast, priority="cost", max_cost_usd=Decimal("0.01"), max_latency_ms=900, blocked_providers=["b"],
                preferred_providers=["p"], rules=[BLOCK])  # fmt: skip
    preference_sets.save(saved, because("cheaper please", cast.ada.user))
    expected = Preferences(
        priority="cost", max_cost_usd=Decimal("0.01"), max_latency_ms=900, blocked_providers=frozenset({"b"}),
        preferred_providers=frozenset({"p"}),
        rules=(Rule(name="no a", when=When(category=frozenset({"coding"})), block=Names(providers=frozenset({"a"}))),),
    )  # fmt: skip
    ada, account = cast.ada.user.pk, cast.ada.account.pk
    for found in (preference_sets.of, preference_sets.load().of):
        assert found(account, ada) == expected
        assert found(account, cast.ben.user.pk) is NONE, "nobody else's"
        assert found(account, None) is NONE
    (version,) = models.Preferences.history.all()
    assert (version.history_user, version.history_change_reason, version.priority) == (
        cast.ada.user, "cheaper please", "cost",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"priority": "fun"}, "priority"),
        ({"max_cost_usd": Decimal(-1)}, "max_cost_usd"),
        ({"max_latency_ms": 0}, "max_latency_ms"),
        ({"blocked_providers": "openai"}, "blocked_providers"),
        ({"blocked_providers": ["a", "a"]}, "blocked_providers"),
        ({"preferred_providers": [1]}, "preferred_providers"),
        ({"preferred_providers": [""]}, "preferred_providers"),
        ({"preferred_providers": ["a", "b"], "blocked_providers": ["b"]}, "preferred_providers"),
        ({"preferred_providers": ["a", "acme"]}, "preferred_providers"),
        ({"blocked_providers": ["acme"]}, "blocked_providers"),
        ({"rules": [{"name": "x", "then": {}}]}, "rules"),
        ({"rules": [{"name": "x\0", "then": {"block": {"providers": ["a"]}}}]}, "rules"),
        ({"rules": [{"name": "x", "when": {"tag": [" "]}, "then": {"block": {"providers": ["a"]}}}]}, "rules"),
        ({"daily_alert_usd": Decimal(-1)}, "daily_alert_usd"),
    ],
)
@pytest.mark.usefixtures("providers")
def test_nonsense_is_refused_and_nothing_is_kept(cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        preference_sets.save(row(cast, **values), because("x", cast.ada.user))
    assert list(caught.value.message_dict) == [field]
    assert not models.Preferences.objects.exists()
    assert not models.Preferences.history.exists()


def test_a_bad_rule_is_told_by_its_path(cast: Cast) -> None:
    bad = [BLOCK, {**BLOCK, "name": "b", "when": {"from_hour": 30}}]
    with pytest.raises(ValidationError) as caught:
        preference_sets.save(row(cast, rules=bad), because("x"))
    assert caught.value.message_dict["rules"] == ["rules[1].when.from_hour: 30 is not a whole number from 0 to 23."]


@pytest.mark.usefixtures("providers")
def test_rules_that_name_what_is_not_there_or_can_never_fire_are_told_by_their_path(cast: Cast) -> None:
    names = {"providers": ["a", "acme"], "models": ["acme:one"]}
    wrong = {"name": "x", "when": {"min_tokens": 2_000, "max_tokens": 1_000}, "then": {"prefer": names}}
    with pytest.raises(ValidationError) as caught:
        preference_sets.save(row(cast, rules=[BLOCK, wrong]), because("x"))
    assert caught.value.message_dict["rules"] == [
        "rules[1].when.min_tokens: 2,000 is above max_tokens, 1,000.",
        "rules[1].then.prefer.providers: There is no provider 'acme'.",
        "rules[1].then.prefer.models: There is no model 'acme:one'.",
    ]


@pytest.mark.usefixtures("providers")
def test_what_went_from_the_catalogue_since_may_stay(cast: Cast) -> None:
    saved = row(cast, blocked_providers=["b"], preferred_providers=["p"], rules=[BLOCK])
    preference_sets.save(saved, because("x"))
    Provider.objects.all().delete()
    saved.priority = "cost"
    preference_sets.save(saved, because("y"))
    saved.blocked_providers = ["b", "z"]
    with pytest.raises(ValidationError, match="There is no provider 'z'"):
        preference_sets.save(saved, because("z"))


def test_rules_that_cannot_be_read_any_more_do_not_fire_and_the_rest_counts(cast: Cast) -> None:
    saved = row(cast, priority="speed", rules=[{"name": "old", "then": {"teleport": {}}}])
    saved.save()
    assert preference_sets.of(None, cast.ada.user.pk) == Preferences(priority="speed")


def test_lists_that_nobody_could_have_saved_are_refused_by_the_same_check_as_the_rest(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        preference_sets.save(row(cast, preferred_providers={"a": 1}, blocked_providers=["a"]), because("x"))


@pytest.mark.django_db(transaction=True)
def test_a_save_tells_every_process_when_it_commits(transactional_db: None) -> None:
    import psycopg
    from django.contrib.auth.models import User

    from routerhub.gateway.snapshots.snapshots import database_dsn

    ada = User.objects.create(username="ada")
    with psycopg.connect(database_dsn(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        saved = models.Preferences(user=ada, priority="cost")
        preference_sets.save(saved, because("cheaper", ada))
        heard = [each.payload for each in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [f"{preference_sets.CHANGED}:{saved.pk}"]
    connection.close()


# --- sets of an owner


@pytest.mark.usefixtures("providers")
def test_of_an_owners_sets_one_is_active_and_a_copy_says_the_same(cast: Cast) -> None:
    first = row(cast, name="development", priority="cost", rules=[BLOCK])
    preference_sets.save(first, because("x"))
    second = preference_sets.copy(first, "production", because("x"))
    assert (first.is_active, second.is_active, second.priority, second.rules) == (True, False, "cost", [BLOCK])
    second.priority = "quality"
    preference_sets.save(second, because("x"))
    preference_sets.activate(second, because("goes live", cast.ada.user))
    first.refresh_from_db()
    assert not first.is_active
    assert preference_sets.of(None, cast.ada.user.pk).priority == "quality"
    stepped_back = models.Preferences.history.filter(id=first.pk).first()
    assert (stepped_back.history_user, stepped_back.history_change_reason) == (cast.ada.user, "goes live")


def test_an_active_version_that_is_restored_takes_the_place_of_the_active_set(cast: Cast) -> None:
    first, second = row(cast, name="one", priority="cost"), row(cast, name="two", priority="speed")
    preference_sets.save(first, because("x"))
    preference_sets.save(second, because("x"))
    was_active = models.Preferences.history.get(id=first.pk)
    preference_sets.activate(second, because("x"))
    versions.restore("preferences", was_active.history_id, because("back"))
    assert preference_sets.of(None, cast.ada.user.pk).priority == "cost"


@pytest.mark.parametrize(
    ("values", "field"), [({"name": "one"}, "__all__"), ({"name": " two"}, "name"), ({"account": "own"}, "__all__")]
)
def test_a_set_has_one_owner_and_a_name_of_its_own(cast: Cast, values: dict[str, Any], field: str) -> None:
    preference_sets.save(row(cast, name="one"), because("x"))
    if "account" in values:
        values = {"account": cast.ada.account}
    with pytest.raises(ValidationError) as caught:
        preference_sets.save(row(cast, **values), because("x"))
    assert list(caught.value.message_dict) == [field]


def test_what_something_goes_by_is_not_deleted(cast: Cast) -> None:
    first, second = row(cast, name="one"), row(cast, name="two")
    for each in (first, second):
        preference_sets.save(each, because("x"))
    with pytest.raises(ChangeRefused, match="make another one active first"):
        preference_sets.delete(first, because("x"))
    pin(cast.ada, second)
    with pytest.raises(ChangeRefused, match="'two' is pinned by ada's key"):
        preference_sets.delete(second, because("x"))
    pin(cast.ada, None)
    preference_sets.delete(second, because("x"))
    preference_sets.delete(first, because("x"))
    assert not models.Preferences.objects.exists()


def pin(member: Member, row: models.Preferences | None) -> None:
    member.key.preferences = row
    member.key.full_clean(exclude=["prefix", "digest"])
    member.key.save()


def test_a_key_pins_a_set_of_its_person_or_its_account_and_no_other(cast: Cast) -> None:
    own, account = (
        row(cast, name="own", priority="cost"),
        models.Preferences(account=cast.ada.account, name="production"),
    )
    others = models.Preferences(account=cast.cy.account), row(cast, "ben")
    for each in (own, account, *others):
        preference_sets.save(each, because("x"))
    for each in (own, account):
        pin(cast.ada, each)
        assert find_caller(cast.ada.text).preferences_id == each.pk
    for each in others:
        with pytest.raises(ValidationError, match="Pin a set of the key's own person or of its account"):
            pin(cast.ada, each)


def test_a_winner_of_a_test_is_a_rule_before_the_others(cast: Cast) -> None:
    Provider.objects.create(name="a", title="a")
    policy = {"name": "test 7", "then": {"prefer": {"providers": ["a"]}}}
    own = row(cast, rules=[BLOCK])
    preference_sets.save(own, because("x"))
    for _ in range(2):
        preference_sets.add_rule(own, policy, because("B won"))
    assert own.rules == [policy, BLOCK]


def test_sets_are_seen_by_their_owner_and_their_account_alone(cast: Cast) -> None:
    account = models.Preferences(account=cast.ada.account)
    for each in (account, row(cast, "ben"), row(cast, "cy")):
        preference_sets.save(each, because("x"))
    seen = {}
    for member in (cast.ada, cast.ben, cast.cy):
        with scope.within(scope.of_key(member.account.pk, member.user.pk)):
            seen[member.user.username] = {str(each) for each in models.Preferences.objects.all()}
    assert seen == {
        "ada": {"default of Acme", "default of ben"}, "ben": {"default of Acme", "default of ben"}, "cy": {"default of cy"},
    }  # fmt: skip
