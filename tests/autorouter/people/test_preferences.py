"""What a user prefers is merged into a request: its own priority and the lower limit win, blocks add up."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autorouter.decision import rules
from autorouter.decision.rules import Names, Rule, When
from autorouter.people import preferences
from autorouter.people.preferences import NONE, Preferences
from autorouter.types import CATEGORIES, COMPLEXITIES, PRIORITIES, Constraints, Priority, Task
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, profile, router, task, whole_decision

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
