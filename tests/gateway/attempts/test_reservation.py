"""What is held for a hop, and what its answer came to."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from autorouter.types import Policy
from budgets.types import Caller
from models_registry.prices.tariffs import compile_price, tariff_at
from models_registry.types import Deployment, Price, Rates, Usage
from routerhub.gateway.attempts.reservation import Plan, answer_cost, believed, bounds, counted, plan, priced, scopes
from routerhub.gateway.protocols.base import Controls
from tests.autorouter import fakes as router_fakes
from tests.gateway import fakes
from tests.gateway.fakes import NOW, candidate, decision, request

MODEL = router_fakes.model("acme:middle", ("1", "3"))
TARIFF = tariff_at(MODEL.deployments[0].prices, NOW)


def policy(**changes: Any) -> Policy:
    values: dict[str, Any] = {
        "name": "ops", "version": 1, "title": "Ops", "models": (), "max_cost_usd": None, "max_output_tokens": None,
        "temperature": None,
    }  # fmt: skip
    return Policy(**{**values, **changes})


def planned(
    max_cost_usd: str | None = None,
    by_policy: Policy | None = None,
    deployments: tuple[Deployment, ...] = MODEL.deployments,
    usual: int | None = None,
    **asked: Any,
) -> Plan | None:
    """The plan for a model at 1 and 3 USD per 1M tokens that writes at most 8,000 tokens."""
    made = request(**asked)
    decided = decision("acme:middle", max_cost_usd=Decimal(max_cost_usd) if max_cost_usd else None)
    return plan(made, bounds(made, decided, by_policy, 4_000, NOW), candidate("acme:middle"), MODEL, deployments, usual)


def certain(found: Plan | None) -> Plan:
    assert found is not None
    return found


def test_the_ceiling_is_the_longest_prompt_and_the_longest_answer() -> None:
    found = certain(planned())
    assert (found.max_output, found.tokens, found.ceiling_nano) == (1_000, 1_100, 100 * 1_000 + 1_000 * 3_000)


def test_every_wanted_answer_is_held_for() -> None:
    assert certain(planned(choices=3)).ceiling_nano == 100 * 1_000 + 3 * 1_000 * 3_000


@pytest.mark.parametrize(
    ("asked", "of_policy", "longest"),
    [(None, None, 4_000), (None, 500, 500), (700, 500, 700), (9_000, None, 8_000)],
)
def test_the_caller_says_how_long_the_answer_may_be_or_the_policy_or_the_default(
    asked: int | None, of_policy: int | None, longest: int
) -> None:
    found = planned(by_policy=policy(max_output_tokens=of_policy), max_output_tokens=asked)
    assert certain(found).max_output == longest


@pytest.mark.parametrize(
    ("asked", "of_policy", "usual", "longest"),
    [(None, None, 1_200, 1_200), (None, 500, 1_200, 500), (None, None, 9_000, 4_000), (700, None, 100, 700)],
)
def test_who_names_no_longest_answer_gets_the_models_usual_one_where_that_is_shorter(
    asked: int | None, of_policy: int | None, usual: int, longest: int
) -> None:
    found = certain(planned(None, policy(max_output_tokens=of_policy), usual=usual, max_output_tokens=asked))
    assert (found.max_output, found.ceiling_nano) == (longest, 100 * 1_000 + longest * 3_000)


def test_the_answer_is_shortened_until_the_worst_case_fits_the_limit_for_one_request() -> None:
    found = certain(planned("0.0004"))
    assert (found.max_output, found.ceiling_nano) == (100, 400_000)
    shared = certain(planned("0.0004", choices=2))
    assert (shared.max_output, shared.ceiling_nano) == (50, 400_000)


def test_the_lower_limit_counts_the_requests_own_or_the_policys() -> None:
    cheap = policy(max_cost_usd=Decimal("0.0004"))
    assert certain(planned("1", cheap)).ceiling_nano == 400_000
    assert certain(planned("0.00025", cheap)).ceiling_nano == 250_000


def test_an_answer_shorter_than_16_tokens_is_no_answer_unless_that_was_asked() -> None:
    assert certain(planned("0.000148")).max_output == 16
    assert planned("0.000147") is None
    assert certain(planned("0.000147", max_output_tokens=3)).max_output == 3
    assert planned("0.00005") is None, "not even the prompt fits"


def test_of_several_places_the_dearest_is_held_for() -> None:
    dear = Deployment(provider="dear", upstream_model="m", prices=(router_fakes.price("5", "9"),))
    found = certain(planned(deployments=(*MODEL.deployments, dear)))
    assert found.ceiling_nano == 100 * 5_000 + 1_000 * 9_000
    assert [place.deployment.provider for place in found.places] == ["acme", "dear"]


def test_a_place_without_a_price_is_not_called() -> None:
    unpriced = Deployment(provider="beta", upstream_model="m")
    found = certain(planned(deployments=(unpriced, *MODEL.deployments)))
    assert [place.deployment.provider for place in found.places] == ["acme"]
    assert planned(deployments=(unpriced,)) is None


def test_the_limits_of_every_scope_count_it() -> None:
    caller = Caller(key_id=3, key_name="k", account_id=7, account="a", user_id=5, permissions=frozenset())
    beta = Deployment(provider="beta", upstream_model="m", prices=MODEL.deployments[0].prices)
    found = certain(planned(deployments=(*MODEL.deployments, beta, *MODEL.deployments)))
    controls = Controls(tags=("red", "red", "blue"), session="talk", task_id="4711", worker="w:1")
    assert scopes(caller, "code", found, controls) == (
        "site:", "account:7", "key:3", "model:acme:middle", "user:5", "policy:code", "provider:acme", "provider:beta",
        "tag:red", "tag:blue", "session:talk", "task:4711", "worker:w:1",
    )  # fmt: skip
    assert scopes(fakes.ADA, None, certain(planned()), Controls()) == (
        "site:", "account:7", "key:3", "model:acme:middle", "provider:acme",
    )  # fmt: skip


# --- what it came to


def test_reported_usage_is_charged_also_beyond_the_hold() -> None:
    charge = answer_cost(TARIFF, Usage(input_tokens=10, output_tokens=20), 100, 5_000, held_nano=50_000)
    assert (charge.nano, charge.usage.is_estimated) == (10 * 1_000 + 20 * 3_000, False)


def test_without_usage_the_answer_is_counted_and_marked_and_never_exceeds_the_hold() -> None:
    charge = answer_cost(TARIFF, None, 100, 41, held_nano=10**9)
    assert charge.usage == Usage(input_tokens=100, output_tokens=11, is_estimated=True)
    assert charge.nano == 100 * 1_000 + 11 * 3_000
    assert answer_cost(TARIFF, None, 100, 41, held_nano=7).nano == 7


@pytest.mark.parametrize(
    ("reported", "chars", "is_believed"),
    [
        ({"output_tokens": 1_000}, 2, True), ({"output_tokens": 1_001}, 2, False), ({"output_tokens": 4_000}, 1_000, True),
        ({"input_tokens": 100_000}, 2, True), ({"input_tokens": 2 * 10**18}, 2, False),
        ({"output_tokens": 2 * 10**18}, 2, False), ({"reasoning_tokens": 2 * 10**18}, 2, False),
        ({"audio_input_tokens": 2 * 10**18}, 2, False), ({"output_tokens": 0}, 1_000, True),
        ({"output_tokens": 0}, 1_001, False), ({"output_tokens": 100}, 2_601, False),
    ],
)  # fmt: skip
def test_usage_is_believed_that_the_answers_length_does_not_contradict(
    reported: dict[str, Any], chars: int, is_believed: bool
) -> None:
    """At most 1,000 tokens were asked for, of a model with a window of 128,000."""
    usage = Usage(**{"input_tokens": 10, "output_tokens": 20, **reported})
    assert believed(usage, certain(planned()), chars) == (usage if is_believed else None)
    assert believed(None, certain(planned()), chars) is None


def test_zero_that_was_reported_is_zero() -> None:
    assert answer_cost(TARIFF, Usage(input_tokens=0, output_tokens=0), 100, 41, held_nano=10**9).nano == 0


def test_usage_that_contradicts_itself_costs_the_hold() -> None:
    nonsense = Usage(input_tokens=1, output_tokens=1, cache_read_tokens=5)
    assert priced(TARIFF, nonsense, 123) == 123


def test_usage_of_a_class_without_a_price_costs_the_hold() -> None:
    half = Price(
        effective_from=NOW, rates=Rates(input=Decimal(1), output=None), source="made up", dated=date(2026, 1, 1)
    )  # fmt: skip
    unknown = compile_price(half)
    assert priced(unknown, Usage(input_tokens=1, output_tokens=1), 123) == 123


@pytest.mark.parametrize(("chars", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_four_characters_are_a_token_rounded_up(chars: int, tokens: int) -> None:
    assert counted(chars) == tokens
