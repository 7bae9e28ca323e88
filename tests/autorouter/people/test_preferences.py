"""What a user prefers is merged into a request: its own priority and the lower limit win, blocks add up."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from autorouter import models
from autorouter.decision import rules
from autorouter.decision.rules import Names, Rule, When
from autorouter.people import preferences
from autorouter.people.preferences import NONE, Preferences
from autorouter.types import CATEGORIES, COMPLEXITIES, PRIORITIES, Constraints, Priority, Task
from models_registry.models import Provider
from routerhub.releases.notify import CHANNEL
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, profile, router, task, whole_decision
from tests.cast import Cast, because

BLOCK = {"name": "no a", "when": {"category": "coding"}, "then": {"block": {"providers": ["a"]}}}
POLICIES = {"cheap", "code"}
PRIORITY = st.none() | st.sampled_from(PRIORITIES)
LIMIT = st.none() | st.integers(0, 50)


def applied(
    own: Preferences, constraints: Constraints | None = None, priority: Priority | None = None, **changes: Any
) -> Constraints:
    return preferences.apply(own, constraints or Constraints(), priority, task(**changes), ("batch",), NOW, POLICIES)


# --- merging


def test_a_user_without_preferences_gets_the_constraints_as_they_are() -> None:
    constraints = Constraints(max_cost_usd=Decimal(1))
    assert applied(NONE, constraints) is constraints
    assert applied(NONE, constraints, "cost") == Constraints(max_cost_usd=Decimal(1), priority="cost")


@given(st.sampled_from(PRIORITIES), PRIORITY)
def test_the_requests_own_priority_goes_before_the_users(own: Priority, asked: Priority | None) -> None:
    assert applied(Preferences(priority=own), priority=asked).priority == (asked or own)


@given(LIMIT, LIMIT, LIMIT, LIMIT)
def test_the_lower_limit_counts(cost: Any, own_cost: Any, latency: Any, own_latency: Any) -> None:
    cost, own_cost = (None if each is None else Decimal(each) / 1000 for each in (cost, own_cost))
    merged = applied(
        Preferences(max_cost_usd=own_cost, max_latency_ms=own_latency),
        Constraints(max_cost_usd=cost, max_latency_ms=latency),
    )
    assert merged.max_cost_usd == min((each for each in (cost, own_cost) if each is not None), default=None)
    assert merged.max_latency_ms == min((each for each in (latency, own_latency) if each is not None), default=None)


def test_a_limit_of_nothing_is_the_lowest_limit() -> None:
    assert applied(Preferences(max_cost_usd=Decimal(0)), Constraints(max_cost_usd=Decimal(1))).max_cost_usd == 0


def test_blocks_and_preferred_providers_add_up_with_those_of_the_rules() -> None:
    own = Preferences(
        blocked_providers=frozenset({"b"}),
        preferred_providers=frozenset({"p"}),
        rules=(
            Rule(name="one", when=When(tag=frozenset({"batch"})), block=Names(providers=frozenset({"c"}))),
            Rule(name="two", when=When(), prefer=Names(models=frozenset({"m:1"}))),
            Rule(name="never", when=When(tag=frozenset({"x"})), block=Names(providers=frozenset({"d"}))),
        ),
    )
    merged = applied(own, Constraints(blocked_providers=frozenset({"a"}), policy="code"))
    assert merged == Constraints(
        policy="code", blocked_providers=frozenset({"a", "b", "c"}), preferred_providers=frozenset({"p"}),
        preferred_models=frozenset({"m:1"}), rules=("one", "two"),
    )  # fmt: skip


MODELS = st.lists(
    st.tuples(
        st.sampled_from(["flash", "pro", "nano", "thinking"]), st.sampled_from(["0.05", "1", "8"]),
        st.sampled_from(["0.2", "4", "40"]), st.integers(0, 100), st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
TASKS = st.builds(
    task, category=st.sampled_from(CATEGORIES), complexity=st.sampled_from(COMPLEXITIES), input_tokens=st.integers(0, 99_000)
)  # fmt: skip


@given(MODELS, TASKS, st.none() | st.just("p:0-x"))
def test_balanced_preferences_decide_exactly_as_none_do(drawn: Any, asked: Task, previous: str | None) -> None:
    known = catalogue(
        *(model(f"p:{at}-{word}", (cost, more), supports_reasoning=reasons)
          for at, (word, cost, more, _, reasons) in enumerate(drawn))
    )  # fmt: skip
    profiles = (
        profile(name, f"{each[3]}", **dict.fromkeys(CATEGORIES, f"{each[3]}"))
        for name, each in zip(known.models, drawn, strict=True)
    )
    release, constraints = router(*profiles), Constraints(previous_model=previous)
    plain = whole_decision(known, release, asked, constraints, SANDBOXED, NOW)
    for own in (NONE, Preferences(), Preferences(max_cost_usd=None, rules=())):
        for priority in (None, "balanced"):
            merged = preferences.apply(own, constraints, priority, asked, (), NOW, POLICIES)
            assert whole_decision(known, release, asked, merged, SANDBOXED, NOW) == plain


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
    preferences.save(saved, because("cheaper please", cast.ada.user))
    expected = Preferences(
        priority="cost", max_cost_usd=Decimal("0.01"), max_latency_ms=900, blocked_providers=frozenset({"b"}),
        preferred_providers=frozenset({"p"}),
        rules=(Rule(name="no a", when=When(category=frozenset({"coding"})), block=Names(providers=frozenset({"a"}))),),
    )  # fmt: skip
    assert preferences.of_user(cast.ada.user.pk) == expected
    assert preferences.load() == {cast.ada.user.pk: expected}, "nobody else's"
    assert preferences.of_user(cast.ben.user.pk) is NONE
    assert preferences.of_user(None) is NONE
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
        preferences.save(row(cast, **values), because("x", cast.ada.user))
    assert list(caught.value.message_dict) == [field]
    assert not models.Preferences.objects.exists()
    assert not models.Preferences.history.exists()


def test_a_bad_rule_is_told_by_its_path(cast: Cast) -> None:
    bad = [BLOCK, {**BLOCK, "name": "b", "when": {"from_hour": 30}}]
    with pytest.raises(ValidationError) as caught:
        preferences.save(row(cast, rules=bad), because("x"))
    assert caught.value.message_dict["rules"] == ["rules[1].when.from_hour: 30 is not a whole number from 0 to 23."]


@pytest.mark.usefixtures("providers")
def test_rules_that_name_what_is_not_there_or_can_never_fire_are_told_by_their_path(cast: Cast) -> None:
    names = {"providers": ["a", "acme"], "models": ["acme:one"]}
    wrong = {"name": "x", "when": {"min_tokens": 2_000, "max_tokens": 1_000}, "then": {"prefer": names}}
    with pytest.raises(ValidationError) as caught:
        preferences.save(row(cast, rules=[BLOCK, wrong]), because("x"))
    assert caught.value.message_dict["rules"] == [
        "rules[1].when.min_tokens: 2,000 is above max_tokens, 1,000.",
        "rules[1].then.prefer.providers: There is no provider 'acme'.",
        "rules[1].then.prefer.models: There is no model 'acme:one'.",
    ]


@pytest.mark.usefixtures("providers")
def test_what_went_from_the_catalogue_since_may_stay(cast: Cast) -> None:
    saved = row(cast, blocked_providers=["b"], preferred_providers=["p"], rules=[BLOCK])
    preferences.save(saved, because("x"))
    Provider.objects.all().delete()
    saved.priority = "cost"
    preferences.save(saved, because("y"))
    saved.blocked_providers = ["b", "z"]
    with pytest.raises(ValidationError, match="There is no provider 'z'"):
        preferences.save(saved, because("z"))


def test_rules_that_cannot_be_read_any_more_do_not_fire_and_the_rest_counts(cast: Cast) -> None:
    saved = row(cast, priority="speed", rules=[{"name": "old", "then": {"teleport": {}}}])
    saved.save()
    assert preferences.of_user(cast.ada.user.pk) == Preferences(priority="speed")


def test_lists_that_nobody_could_have_saved_are_refused_by_the_same_check_as_the_rest(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        preferences.save(row(cast, preferred_providers={"a": 1}, blocked_providers=["a"]), because("x"))


@pytest.mark.django_db(transaction=True)
def test_a_save_tells_every_process_when_it_commits(transactional_db: None) -> None:
    import psycopg
    from django.contrib.auth.models import User

    from routerhub.gateway.snapshots.snapshots import database_dsn

    ada = User.objects.create(username="ada")
    with psycopg.connect(database_dsn(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        preferences.save(models.Preferences(user=ada, priority="cost"), because("cheaper", ada))
        heard = [each.payload for each in listener.notifies(timeout=5, stop_after=1)]
    assert heard == [f"{preferences.CHANGED}:{ada.pk}"]
    connection.close()


def test_the_moment_of_a_rule_is_the_requests_own() -> None:
    night = Preferences(rules=(Rule(name="night", when=When(from_hour=22, until_hour=6), policy="cheap"),))
    at_night, at_noon = (
        preferences.apply(night, Constraints(), None, task(), (), datetime(2026, 11, 21, hour, tzinfo=UTC), POLICIES)
        for hour in (23, 12)
    )
    assert (at_night.policy, at_night.rules) == ("cheap", ("night",))
    assert (at_noon.policy, at_noon.rules) == (None, ())


def test_a_rule_whose_policy_is_gone_does_not_fire_and_the_others_do() -> None:
    listed = rules.read([
        {"name": "gone", "then": {"policy": "gone"}},
        {"name": "there", "then": {"policy": "code"}},
        {"name": "other", "then": {"block": {"providers": ["acme"]}}},
    ])  # fmt: skip
    assert applied(Preferences(rules=listed)) == Constraints(
        rules=("there", "other"), policy="code", blocked_providers=frozenset({"acme"})
    )


def test_what_the_same_rules_block_is_the_same_set_from_request_to_request() -> None:
    """So that its hash, and with it the filter of a ranking, is found without a look at each name."""
    own = Preferences(
        blocked_providers=frozenset({"b"}), rules=(Rule(name="r", when=When(), block=Names(models=frozenset({"m"}))),)
    )
    one, other = applied(own), applied(own, Constraints(policy="code"))
    assert one.blocked_providers is other.blocked_providers
    assert one.blocked_models is other.blocked_models
