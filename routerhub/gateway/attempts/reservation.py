"""The money side of one hop: what is held before a model is called, and what its answer came to. Pure.

Money is whole nano-dollars.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from autorouter.types import Candidate, Decision, Policy
from budgets.types import NANO, Caller
from models_registry.errors import ImpossibleUsage, UnknownPrice
from models_registry.prices.tariffs import Tariff, tariff_at
from models_registry.types import Deployment, Model, Usage
from routerhub.gateway.protocols.base import ChatRequest, Controls

MIN_OUTPUT = 16
"""Tokens. An answer that would have to be shorter to fit a limit is of no use."""
CHARS_PER_TOKEN = 4
"""The usual estimate for English prose, where an upstream does not say what it used."""
MAX_CHARS_PER_TOKEN = 16
"""Of a whole answer. Single tokens are longer, such as a row of dashes or a deep indent."""
FREE_CHARS = 1_000
"""Beside them, so that short answers may consist of such tokens alone."""
MAX_APART = Decimal("0.01")
"""Of the larger one, between our figure and an upstream's own."""
MAX_ROUNDING_NANO = 1_000
"""The same for answers so cheap that the upstream's rounding is more than that."""
MAX_SEARCHES = 1_000
"""No answer takes more searches of the web; who tells more tells nonsense."""
MAX_TOKENS_PER_CHAR = 4
"""A tokenizer may make one of every byte."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What a request may use at most, whichever model answers."""

    max_output: int
    """Tokens of each answer: what the caller asked for, or the policy, or the default."""
    limit_usd: Decimal | None
    """For this one request, all its attempts together: the lower one of its own limit and its policy's."""
    at: datetime
    """When it came, which is when its prices are of."""

    @property
    def limit_nano(self) -> int | None:
        return None if self.limit_usd is None else int(self.limit_usd * NANO)


def bounds(request: ChatRequest, decision: Decision, policy: Policy | None, default: int, at: datetime) -> Bounds:
    limits = (decision.constraints.max_cost_usd, policy.max_cost_usd if policy else None)
    return Bounds(
        max_output=request.max_output_tokens or (policy.max_output_tokens if policy else None) or default,
        limit_usd=min((limit for limit in limits if limit is not None), default=None),
        at=at,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a model can be called, and what that costs at the moment."""

    deployment: Deployment
    tariff: Tariff


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How one candidate would be called, and what that may cost at most."""

    candidate: Candidate
    places: tuple[Place, ...]
    """In the order in which they are tried; never empty."""
    max_output: int
    """Tokens of each answer."""
    max_output_in_all: int
    """Of all answers that are wanted at once."""
    max_input: int
    """No prompt can be counted larger: it has at most so many tokens, or the model's window had no room for it."""
    tokens: int
    """The most that prompt and answers may have together."""
    ceiling_nano: int
    is_last_resort: bool = False
    """Every place of it is out at the moment, and would be passed over if anybody else were left."""

    @property
    def max_chars(self) -> int:
        """More than this all answers together cannot have, or the upstream does not keep to what it was told."""
        return longest(self.max_output_in_all)


def plan(
    request: ChatRequest,
    bounds: Bounds,
    candidate: Candidate,
    model: Model,
    deployments: Sequence[Deployment],
    usual: int | None = None,
) -> Plan | None:
    """How to call a candidate. None where it has no place, or not even the shortest answer fits the limit for one request.

    A caller who names no longest answer gets the model's `usual` one where that is shorter: what is held is what the upstream
    keeps to, and what nobody needs would keep others out.

    A deployment without a price is not called: what it costs could not be held.
    """
    places = _priced(deployments, bounds.at, request.choices)
    if not places:
        return None
    max_output = min(bounds.max_output, model.max_output)
    if request.max_output_tokens is None and usual is not None:
        max_output = min(max_output, usual)
    made = Plan(
        candidate=candidate,
        places=places,
        max_output=max_output,
        max_output_in_all=max_output * request.choices,
        max_input=max(request.max_input_tokens, model.context_window),
        tokens=request.max_input_tokens + max_output * request.choices,
        ceiling_nano=_ceiling_nano(places, request, max_output),
    )
    return made if bounds.limit_nano is None else within(made, request, bounds.limit_nano)


def within(plan: Plan, request: ChatRequest, room_nano: int) -> Plan | None:
    """The plan, with a shorter answer where its worst case has no room. None where the shortest one has none either."""
    if plan.ceiling_nano <= room_nano:
        return plan
    if not request.choices:
        return None
    room = min(each.tariff.output_within(request.max_input_tokens, room_nano, request.extras) for each in plan.places)
    fitting = room // request.choices
    if fitting < min(MIN_OUTPUT, plan.max_output):
        return None
    return replace(
        plan,
        max_output=fitting,
        max_output_in_all=fitting * request.choices,
        tokens=request.max_input_tokens + fitting * request.choices,
        ceiling_nano=_ceiling_nano(plan.places, request, fitting),
    )


def _priced(deployments: Sequence[Deployment], at: datetime, choices: int) -> tuple[Place, ...]:
    """Those whose price says what the prompt costs, and what an answer costs where one is wanted."""
    places = []
    for deployment in deployments:
        try:
            tariff = tariff_at(deployment.prices, at)
            tariff.ceiling_nano(0, choices)
        except UnknownPrice:
            continue
        places.append(Place(deployment=deployment, tariff=tariff))
    return tuple(places)


def _ceiling_nano(places: Sequence[Place], request: ChatRequest, max_output: int) -> int:
    """The most that the request can cost at the dearest of its places."""
    most = max_output * request.choices
    return max([each.tariff.ceiling_nano(request.max_input_tokens, most, request.extras) for each in places])


def scopes(caller: Caller, policy: str | None, plan: Plan, controls: Controls) -> tuple[str, ...]:
    """Every scope whose limits count this request; of the providers, all that may come to serve it."""
    found = ["site:", f"account:{caller.account_id}", f"key:{caller.key_id}", f"model:{plan.candidate.model}"]
    if caller.user_id is not None:
        found.append(f"user:{caller.user_id}")
    if policy:
        found.append(f"policy:{policy}")
    found += [f"provider:{name}" for name in dict.fromkeys([each.deployment.provider for each in plan.places])]
    return (*found, *controls.scopes)


# --- what it came to


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """What is charged for an answer or an attempt, and by which count."""

    nano: int
    usage: Usage


FREE = Charge(nano=0, usage=Usage(input_tokens=0, output_tokens=0))


def believed(reported: Usage | None, plan: Plan, chars: int) -> Usage | None:
    """What an upstream reported of an answer of so many characters. None where that cannot be.

    It may have written what nobody sees (reasoning), but then keeps to its limit; what goes beyond that must be there to read.
    """
    if reported is None:
        return None
    inputs = max(reported.input_tokens, reported.audio_input_tokens)
    outputs = max(reported.output_tokens, reported.reasoning_tokens, reported.audio_output_tokens)
    is_too_much = inputs > plan.max_input or outputs > max(plan.max_output_in_all, chars * MAX_TOKENS_PER_CHAR)
    is_too_much = is_too_much or reported.web_searches > MAX_SEARCHES
    return None if is_too_much or chars > longest(reported.output_tokens) else reported


def longest(tokens: int) -> int:
    """Characters that so many tokens have at most."""
    return tokens * MAX_CHARS_PER_TOKEN + FREE_CHARS


def answer_cost(tariff: Tariff, reported: Usage | None, input_tokens: int, chars: int, held_nano: int) -> Charge:
    """What a complete answer cost, by what the upstream reported or else by its size, marked as estimated."""
    usage = reported or Usage(input_tokens=input_tokens, output_tokens=counted(chars), is_estimated=True)
    return Charge(nano=priced(tariff, usage, held_nano), usage=usage)


def is_disputed(charge: Charge) -> bool:
    """Whether the upstream's own figure for an answer differs from what it costs by our prices."""
    reported = charge.usage.reported_cost_nano
    if reported is None:
        return False
    apart = abs(reported - charge.nano)
    return apart > MAX_ROUNDING_NANO and apart > MAX_APART * max(reported, charge.nano)


def counted(chars: int) -> int:
    """Tokens of so many characters, rounded up."""
    return -(-chars // CHARS_PER_TOKEN)


def priced(tariff: Tariff, usage: Usage, held_nano: int) -> int:
    """What this usage costs. An estimate never exceeds the hold; usage that contradicts itself, or that has no price, costs
    the hold: never less than it may have been."""
    try:
        cost = tariff.cost_nano(usage)
    except (ImpossibleUsage, UnknownPrice):
        return held_nano
    return min(cost, held_nano) if usage.is_estimated else cost
