"""The limit for one request, which all its attempts share: what is spent leaves a shorter answer or a cheaper model."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from autorouter.types import Policy
from budgets.types import NANO
from models_registry.upstream.errors import TimedOut, Unreachable
from routerhub.gateway.errors import AllFailed
from tests.autorouter import fakes as router_fakes
from tests.gateway.courses import HELD, LARGE, MIDDLE, SMALL, SPEED, Course
from tests.gateway.fakes import Said, chunk, completion, operation, rankings

pytestmark = pytest.mark.anyio
LOST = 100 * 10_000 + 2 * 20 * 30_000
"""What the large model costs that is lost after two seconds."""


def limited(nano: int, *script: Said | list[Said], **made: Any) -> Course:
    limit: Any = {"max_cost_usd": Decimal(nano) / NANO}
    return Course(*script, operation=operation(met=rankings(tokens_per_second=SPEED), **limit, **made))


async def test_another_try_at_the_same_model_has_what_the_lost_one_left_and_answers_shorter() -> None:
    course = limited(HELD[LARGE], [2.0, Unreachable("lost")], completion())
    assert (await course.complete()).candidate.model == LARGE
    first, second = course.upstream.asked
    assert (first.max_output_tokens, second.max_output_tokens) == (1_000, (HELD[LARGE] - LOST - 1_000_000) // 30_000)
    assert course.operation.committed_nano <= HELD[LARGE]


async def test_where_the_hold_allows_no_other_dear_attempt_a_cheaper_model_is_asked() -> None:
    """Not even the shortest answer of the large model fits the rest; the middle one's does."""
    limit = LOST + 1_400_000
    course = limited(limit, [2.0, Unreachable("lost")], completion())
    served = await course.complete()
    assert course.upstream.asked[0].max_output_tokens == (limit - 1_000_000) // 30_000
    assert (served.candidate.model, course.tried) == (MIDDLE, [LARGE, MIDDLE])
    assert course.operation.committed_nano <= limit


async def test_where_nothing_is_left_for_anybody_the_failure_is_told_and_the_limit_kept() -> None:
    course = limited(HELD[LARGE], [100.0, TimedOut("slow")], completion())
    with pytest.raises(AllFailed, match="slow"):
        await course.complete()
    assert (course.tried, course.record["cost_nano"]) == ([LARGE], HELD[LARGE])


async def test_a_second_leg_has_room_beside_the_first_or_is_not_begun() -> None:
    quick = Policy(
        name="quick", version=1, title="Quick", models=(), max_output_tokens=None, temperature=None, hedge_after_ms=500,
        max_cost_usd=Decimal(HELD[LARGE] + HELD[SMALL]) / NANO,
    )  # fmt: skip
    met = rankings(router=router_fakes.router(policies=(quick,)), tokens_per_second=SPEED)
    silent = asyncio.Event()
    course = Course([silent], completion(), operation=operation(met=met, policy="quick"))
    assert (await course.complete()).candidate.model == MIDDLE
    assert course.upstream.asked[1].max_output_tokens == (HELD[SMALL] - 100 * 1_000) // 3_000, "a shorter answer has"
    course = Course(
        [*[chunk()] * 9, completion()], operation=operation(LARGE, "acme:dear", met=dear(met), policy="quick")
    )
    assert (await course.complete()).candidate.model == LARGE
    assert len(course.ledger.asked) == 1


def dear(met: Any) -> Any:
    """The same with a model of which not even the prompt fits beside the large one."""
    models = [*met.catalogue.models.values(), router_fakes.model("acme:dear", ("100", "300"))]
    return rankings(*models, router=met.router, tokens_per_second=SPEED)
