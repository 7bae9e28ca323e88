"""From attempt to attempt until one answers: one loop that does what routerhub.gateway.attempts.failover says.

Every hop has a hold of its own. An attempt that cost nothing leaves its hold to the next attempt at the same model. One that
cost something, or a change of model, closes it at that cost and asks for the next, so that limits are checked again.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any, Generic

from autorouter.errors import NoCandidate
from budgets.errors import BudgetError, KeyBusy
from budgets.types import Outcome, Refused
from models_registry.types import Deployment
from models_registry.upstream.errors import PromptTooLong, TimedOut, UpstreamError
from routerhub.gateway.attempts import failover, settlement
from routerhub.gateway.attempts.calls import Answer, Call
from routerhub.gateway.attempts.failover import GiveUp, NextDeployment, NextKey, NextModel, Retry
from routerhub.gateway.attempts.fitting import Fitting
from routerhub.gateway.attempts.leg import Leg, Served
from routerhub.gateway.attempts.plans import Plans
from routerhub.gateway.attempts.reservation import FREE, Place, Plan
from routerhub.gateway.errors import BROKEN, NOBODY, AllFailed, BadRequest, BudgetRefused, Cause, cause_of, left
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Ending, Hold, Operation
from routerhub.gateway.runtime import Runtime

CLIENT_LEFT = left("The client left before the answer.")
SLOWER = "Another place was quicker."
REFUSED = "Another place refused the request."
NOT_IN_TIME = (
    "No deployment gave a whole answer in time. Ask for a stream, which comes as it is made, or for a shorter answer."
)


async def dispatch(runtime: Runtime, operation: Operation, call: Call[Answer]) -> Served[Answer]:
    """The first answer that a candidate gives; the operation's hold is open then, for whoever has read it all to settle.

    Raises NoCandidate, BadRequest, BudgetRefused, AllFailed, BudgetError; the operation is settled and recorded then.
    """
    course = _Course(runtime, operation, call)
    is_served = False
    try:
        served = await course.run()
        is_served = True
        return served
    except (BadRequest, BudgetRefused, KeyBusy, NoCandidate, AllFailed) as problem:
        await course.end(cause_of(problem))
        raise
    except BudgetError as failure:
        if operation.attempts or operation.has_slot:
            await course.end(cause_of(failure))
        raise
    except asyncio.CancelledError:
        await course.cut(CLIENT_LEFT)
        raise
    finally:
        if not is_served and (operation.hold is not None or operation.has_slot):
            await course.cut(BROKEN)


class _Course(Generic[Answer]):
    """Where an operation stands on its way from candidate to candidate."""

    def __init__(self, runtime: Runtime, operation: Operation, call: Call[Answer]) -> None:
        self._runtime, self._operation = runtime, operation
        self._call: Call[Answer] = call
        providers = operation.arrival.rankings.catalogue.providers
        lacking = partial(runtime.upstreams.lacking, operation.request, providers)
        self._plans = Plans(operation, runtime.limits.default_max_output, lacking, self._is_out, self._counts)
        self._fitting = Fitting(runtime, operation, self._plans)
        self._legs: list[Leg[Answer]] = []
        """Where it stands, and the leg beside that while it is hedged."""
        policy = operation.policy
        self._hedge_after_ms = policy.hedge_after_ms if policy and operation.is_awaited else None
        """None, too, once there was a second leg: one is the most."""
        self._refused: BudgetRefused | None = None
        self._back_at: dict[str, float] = {}
        """When each deployment that asked for a pause is back, in monotonic seconds."""

    async def run(self) -> Served[Answer]:
        await self._next_model(None)
        while True:
            try:
                await self._answered()
                return self._leg.served()
            except UpstreamError as error:
                await self._go_on(error)

    def _answered(self) -> Awaitable[None]:
        """Until the leg where it stands has an answer. Raises UpstreamError."""
        leg = self._leg
        if self._hedge_after_ms is None:
            return leg.attempt()
        left = leg.left(0 if self._keeps_model else self._plans.left)
        hedge = failover.hedge(self._hedge_after_ms, self._operation.attempts, left)
        return leg.attempt() if hedge is None else self._raced(hedge.after_s)

    @property
    def _keeps_model(self) -> bool:
        """Whether the conversation had its last answer of this model: being slow is no reason to take another one."""
        return self._leg.plan.candidate.model == self._operation.decision.constraints.previous_model

    # --- from one to the next

    async def _go_on(self, error: UpstreamError) -> None:
        """Do what failover says. Raises AllFailed where it says to give up, BudgetRefused, BudgetError."""
        leg, attempts = self._leg, self._operation.attempts
        self._heed(leg, error)
        failed = self._failure(error)
        left = leg.left(1 if self._plans.peek() else 0)
        match failover.next_step(attempts, error, left, self._runtime.clock.share()):
            case Retry(after_s=pause):
                await self._release_if_charged()
                await self._runtime.clock.sleep(pause)
                await self._renew(failed)
            case NextKey():
                leg.next_key()
                await self._release_if_charged()
                await self._renew(failed)
            case NextDeployment():
                leg.next_place()
                await self._release_if_charged()
                await self._renew(failed)
            case NextModel():
                await self._release(leg)
                await self._next_model(failed)
            case GiveUp():
                raise failed from error

    def _failure(self, error: UpstreamError) -> AllFailed:
        request = self._operation.request
        is_too_long = isinstance(error, TimedOut) and request.choices and not request.stream
        what = NOT_IN_TIME if is_too_long else NOBODY
        now = self._runtime.clock.monotonic()
        pause_s = None if error.retry_after_s is None else max(0, min(self._back_at.values()) - now)
        return AllFailed(error, tuple(self._operation.attempts), what, pause_s)

    def _heed(self, leg: Leg[Answer], error: UpstreamError) -> None:
        if error.retry_after_s is not None:
            self._back_at[leg.here.deployment.id] = self._runtime.clock.monotonic() + error.retry_after_s
        if isinstance(error, PromptTooLong):
            self._plans.need_more_than(leg.plan.candidate.model)

    def _is_out(self, deployment: Deployment) -> bool:
        providers = self._operation.arrival.rankings.catalogue.providers
        return self._runtime.circuits.is_out(deployment, lambda: self._runtime.upstreams.keys(deployment, providers))

    def _counts(self, limit: int, plan: Plan) -> bool:
        return limit in self._runtime.ledger.room.limits_of(self._operation.scopes(plan))

    async def _release(self, leg: Leg[Answer], outcome: Outcome = "failure") -> None:
        """Close the hold of a leg at what its last attempt cost."""
        hold, charge = leg.hold, leg.charge
        leg.hold, leg.charge = None, FREE
        if hold is not None:
            await settlement.release(self._runtime.ledger, self._operation, hold, charge, outcome)

    async def _release_if_charged(self) -> None:
        if self._leg.charge.nano:
            await self._release(self._leg)

    async def _renew(self, failed: AllFailed) -> None:
        """Ask for the hold of another attempt at the same model, where the last one used its own up."""
        leg = self._leg
        if leg.hold is not None:
            return
        hold = await self._fitting.hold(leg.plan)
        if isinstance(hold, Hold):
            leg.renew(hold)
        else:
            self._was_refused(hold)
            await self._next_model(failed)

    async def _next_model(self, failed: AllFailed | None) -> None:
        """Go on to the next candidate that a hold is granted for. Raises what is wrong where there is none."""
        while (plan := self._plans.take()) is not None:
            hold = await self._fitting.hold(plan)
            if isinstance(hold, Hold):
                return self._stand_with(hold)
            self._plans.passed.append(plan)
            self._was_refused(hold)
        if self._refused is not None:
            shorter = await self._fitting.shortened()
            if isinstance(shorter, Hold):
                return self._stand_with(shorter)
            self._was_refused(shorter)
        if self._refused is not None:
            metrics.limit_refused(self._refused.refused)
        raise failed or self._refused or self._plans.nobody()

    def _stand_with(self, hold: Hold) -> None:
        self._legs = [self._leg_of(hold, list(hold.plan.places))]

    def _was_refused(self, refused: Refused | None) -> None:
        if refused is not None:
            self._refused = BudgetRefused(refused)

    def _leg_of(self, hold: Hold, places: list[Place], is_hedge: bool = False) -> Leg[Answer]:
        return Leg(self._runtime, self._operation, self._call, self._plans, hold, places, is_hedge)

    @property
    def _leg(self) -> Leg[Answer]:
        return self._legs[0]

    # --- a second leg

    async def _raced(self, after_s: float) -> None:
        """Until the leg where it stands has an answer, or one beside it that is begun after so long a silence.

        Where one fails it stands with the other. Raises UpstreamError where that fails too, or where the first one shows that
        it is the request that is refused.
        """
        trying = {asyncio.ensure_future(self._tried(self._leg)), asyncio.ensure_future(self._hedged(after_s))}
        try:
            winner = await self._winner(trying)
        finally:
            await _stopped(trying)
        self._legs.sort(key=lambda leg: leg is not winner)
        await self._drop_others(SLOWER)

    async def _tried(self, leg: Leg[Answer]) -> "_Tried[Answer]":
        try:
            await leg.attempt()
        except UpstreamError as error:
            return leg, error
        return leg, None

    async def _hedged(self, after_s: float) -> "_Tried[Answer] | None":
        """The same for a second leg, after a while. None: there is none, since nobody else or no limit has room for it."""
        await self._runtime.clock.sleep(after_s)
        plan = self._beside()
        if plan is None or plan.is_last_resort:
            return None
        try:
            hold = await self._fitting.beside(plan)
        except BudgetError:
            return None
        if hold is None:
            return None
        is_same = plan is self._leg.plan
        places = self._leg.places if is_same else list(plan.places)
        if not is_same:
            self._plans.take()
        self._hedge_after_ms = None
        leg = self._leg_of(hold, places, is_hedge=True)
        self._legs.append(leg)
        return await self._tried(leg)

    def _beside(self) -> Plan | None:
        """Whose places a second leg may ask."""
        if self._leg.places:
            return self._leg.plan
        return None if self._keeps_model else self._plans.peek()

    async def _winner(self, trying: "set[asyncio.Task[_Tried[Answer] | None]]") -> Leg[Answer]:
        while True:
            done, trying = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
            ended = [tried for task in done if (tried := task.result()) is not None]
            for leg, error in sorted(ended, key=lambda tried: tried[1] is not None):
                if error is None:
                    return leg
                await self._lost(leg, error)

    async def _lost(self, leg: Leg[Answer], error: UpstreamError) -> None:
        """Go on with the other leg, if there is one and the request is not refused for itself. Raises the error else."""
        is_final = leg is self._leg and not error.may_retry and not isinstance(error, PromptTooLong)
        if is_final or len(self._legs) == 1:
            raise error
        self._heed(leg, error)
        self._legs.remove(leg)
        await self._release(leg)

    async def _drop_others(self, why: str) -> None:
        """End whatever runs beside the leg where it stands."""
        while len(self._legs) > 1:
            await self._legs[-1].cut(why)
            await self._release(self._legs.pop(), "abandoned")

    # --- the end

    async def end(self, cause: Cause, at: int = 0) -> None:
        """Close the operation that nobody answered. Its record is that of the model that was tried first, or `at` this place."""
        operation = self._operation
        await self._drop_others(REFUSED)
        charge = self._leg.charge if self._legs else FREE
        tried = operation.attempts[at] if operation.attempts else None
        ending = Ending(
            outcome=cause.outcome,
            model=tried.model if tried else operation.decision.candidates[0].model,
            provider=tried.provider if tried else "",
            deployment=tried.deployment if tried else "",
            usage=charge.usage,
            latency_ms=round((self._runtime.clock.monotonic() - operation.arrival.began) * 1_000),
            http_status=cause.status,
            error=cause.error,
            error_kind=cause.kind,
            basis=charge.basis,
        )
        await settlement.finish(self._runtime.ledger, operation, charge, ending)

    async def cut(self, cause: Cause) -> None:
        """End it wherever it stands. What the attempts under way cost then is charged; a hold that only waits costs nothing."""
        await self._drop_others(cause.error)
        if self._legs:
            await self._leg.cut(cause.error)
        await self.end(cause, at=-1)


_Tried = tuple[Leg[Answer], UpstreamError | None]
"""A leg that has an answer or, with the error, none."""


async def _stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel them, and wait until they have closed what they had open."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
