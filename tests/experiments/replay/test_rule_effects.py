"""What a user's rules did over recent traffic: how often each fired, and how often it sent a request elsewhere."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from autorouter.decision import rules
from autorouter.models import Preferences as Row
from autorouter.people.preferences import Preferences
from autorouter.types import Constraints
from budgets.models import Membership
from experiments.replay.rule_effects import LAST, Effect, effects, trial
from experiments.replay.traffic import Slice
from tests.cast import AccountFactory, UserFactory
from tests.experiments.traffic import LARGE, MIDDLE, SMALL, open_shop, policy, request

pytestmark = pytest.mark.django_db
USER = 7
PLAIN = Constraints()


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop(code=policy(LARGE, SMALL))


def rule(name: str, then: dict[str, Any], **when: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "then": then}


def of(*written: dict[str, Any], **changes: Any) -> Preferences:
    return Preferences(rules=rules.read(list(written)), **changes)


def found(own: Preferences, chosen: Slice = LAST) -> dict[str, tuple[int, int, int]]:
    """Requests, fired and moved by rule."""
    return {each.rule: (each.requests, each.fired, each.moved) for each in effects(USER, own, chosen)}


def asked(complexity: str = "moderate", constraints: Constraints = PLAIN, **columns: Any) -> None:
    request(constraints, asked={"complexity": complexity}, **{"user_id": USER, **columns})


def test_a_rule_that_blocks_moves_only_what_would_have_gone_there() -> None:
    """acme:middle answers the simple and the moderate requests, best:large the complex one."""
    for complexity in ("simple", "moderate", "moderate", "complex"):
        asked(complexity)
    own = of(
        rule("no middle", {"block": {"models": [MIDDLE]}}),
        rule("no large when simple", {"block": {"models": [LARGE]}}, complexity="simple"),
    )
    assert effects(USER, own) == [
        Effect(rule="no middle", requests=4, fired=4, moved=3),
        Effect(rule="no large when simple", requests=4, fired=1, moved=0),
    ]


def test_conditions_on_tags_and_size_are_those_of_the_records() -> None:
    asked(tags=["night", "batch"])
    asked(tags=["day"])
    asked()
    own = of(
        rule("at night", {"allow": {"models": [LARGE]}}, tag="night"),
        rule("long", {"block": {"providers": ["acme"]}}, min_tokens=1_001),
        rule("short", {"block": {"providers": ["acme"]}}, max_tokens=1_000),
    )
    # all three are short and so go to best:large; the one of the night would, without either rule alone
    assert found(own) == {"at night": (3, 1, 0), "long": (3, 0, 0), "short": (3, 3, 2)}


def test_a_policy_that_a_rule_chooses_moves_what_it_orders_otherwise() -> None:
    asked("moderate")
    asked("complex")
    assert found(of(rule("code", {"policy": "code"}))) == {"code": (2, 2, 1)}


def test_the_effect_is_the_same_whether_the_rule_was_there_when_the_request_came() -> None:
    """What the rule did then is taken out of the recorded constraints first."""
    by_rule = Constraints(blocked_models=frozenset({MIDDLE}), rules=("no middle",))
    by_policy = Constraints(policy="code", rules=("code",))
    asked(constraints=by_rule)
    asked(constraints=by_policy)
    asked()
    assert found(of(rule("no middle", {"block": {"models": [MIDDLE]}}))) == {"no middle": (3, 3, 2)}
    assert found(of(rule("code", {"policy": "code"}))) == {"code": (3, 3, 3)}


def test_a_policy_that_the_request_itself_names_stays_its_own() -> None:
    asked(constraints=Constraints(policy="code"))
    assert found(of(rule("no large", {"block": {"models": [LARGE]}}))) == {"no large": (1, 1, 1)}
    assert found(of(rule("no middle", {"block": {"models": [MIDDLE]}}))) == {"no middle": (1, 1, 0)}


def test_two_rules_that_do_the_same_are_each_not_needed() -> None:
    asked()
    own = of(
        rule("one", {"block": {"models": [MIDDLE]}}), rule("other", {"allow": {"models": [SMALL, LARGE]}}),
    )  # fmt: skip
    assert found(own) == {"one": (1, 1, 0), "other": (1, 1, 0)}


def test_a_rule_that_leaves_no_model_counts_as_sending_elsewhere() -> None:
    asked()
    assert found(of(rule("nobody", {"allow": {"providers": ["nobody"]}}))) == {"nobody": (1, 1, 1)}


def test_only_the_users_own_requests_count_and_no_more_than_the_newest() -> None:
    for age in range(5):
        asked("simple" if age < 2 else "complex", at=now() - timedelta(hours=age))
    asked(user_id=8)
    own = of(rule("simple", {"block": {"models": [MIDDLE]}}, complexity="simple"))
    assert found(own) == {"simple": (5, 2, 2)}
    assert found(own, Slice(limit=3)) == {"simple": (3, 2, 2)}
    assert found(own, Slice(since=now() - timedelta(minutes=30), user_id=8)) == {"simple": (1, 1, 1)}


def test_a_rule_whose_policy_is_gone_does_not_fire_as_it_would_not_for_a_request() -> None:
    asked()
    assert found(of(rule("gone", {"policy": "gone"}))) == {"gone": (1, 0, 0)}


def test_without_requests_or_rules_there_is_nothing_to_tell() -> None:
    assert found(of(rule("code", {"policy": "code"}))) == {"code": (0, 0, 0)}
    asked()
    assert effects(USER, of()) == []


def test_the_users_own_blocks_stand_beside_the_rules() -> None:
    asked()
    own = of(rule("no middle", {"block": {"models": [MIDDLE]}}), blocked_providers=frozenset({"acme"}))
    assert found(own) == {"no middle": (1, 1, 0)}


# --- before saving


def saved(**values: Any) -> Row:
    row = Row(**values)
    row.save()
    return row


def tried(row: Row, account_id: int | None = None, **values: Any) -> tuple[int, int, list[str]]:
    """Requests, those that would go elsewhere, and to where."""
    for name, value in values.items():
        setattr(row, name, value)
    report = trial(row, account_id).report
    return report.requests, report.moved, sorted(flow.after or "" for flow in report.flows)


def test_a_set_is_tried_as_it_is_written_against_how_it_is_saved() -> None:
    user = UserFactory.create()
    asked(user_id=user.pk)
    asked("complex", user_id=user.pk)
    asked(user_id=user.pk, constraints=Constraints(priority="cost", max_cost_usd=Decimal("0.5")))
    row = saved(user=user, max_cost_usd=Decimal("0.5"))
    assert tried(row) == (3, 0, [])
    block = {"name": "no middle", "then": {"block": {"models": [MIDDLE]}}}
    assert tried(row, rules=[block]) == (3, 2, [SMALL])
    found = trial(row, None)
    assert [(each.rule, each.fired, each.moved) for each in found.effects] == [("no middle", 3, 2)]
    assert found.report.cost_usd.mean < 0
    assert not Row.objects.get().rules, "nothing is saved"


def test_a_limit_that_the_set_lifts_is_lifted_and_one_of_the_request_itself_is_not() -> None:
    user = UserFactory.create()
    for limit in ("0.002", "0.001"):
        asked("complex", user_id=user.pk, constraints=Constraints(max_cost_usd=Decimal(limit)))
    row = saved(user=user, max_cost_usd=Decimal("0.002"))
    assert tried(row, max_cost_usd=None) == (2, 1, [LARGE])


def test_an_accounts_set_is_tried_together_with_each_members_own() -> None:
    account = AccountFactory.create()
    own, other = UserFactory.create(username="own"), UserFactory.create(username="other")
    for user in (own, other):
        Membership.objects.create(account=account, user=user)
        asked(user_id=user.pk, account_id=account.pk)
    asked(user_id=own.pk, account_id=account.pk + 1)
    saved(user=own, blocked_providers=["acme"])
    row = saved(account=account)
    assert tried(row, blocked_providers=["acme"]) == (2, 1, [LARGE])
