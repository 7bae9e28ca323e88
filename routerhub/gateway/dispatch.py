"""From attempt to attempt until one answers: one loop that does what routerhub.gateway.failover says.

Every hop has a hold of its own. An attempt that cost nothing leaves its hold to the next attempt at the same model. One that
cost something, or a change of model, closes it at that cost and asks for the next, so that limits are checked again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from autorouter.errors import NoCandidate
from autorouter.types import Candidate
from budgets.errors import BudgetError
from budgets.types import Outcome
from models_registry.types import SANDBOX, Attempt, Deployment, Model, ProviderKey
from models_registry.upstream.base import Adapter, Chunk, Completion, UpstreamRequest
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import CircuitOpen, Failed, PromptTooLong, TimedOut, Unreachable, UpstreamError
from routerhub.gateway import carrying, failover, settlement
from routerhub.gateway.circuits import Permit
from routerhub.gateway.errors import AllFailed, BadRequest, BudgetRefused, to_api_error
from routerhub.gateway.failover import Exposure, GiveUp, Left, NextDeployment, NextKey, NextModel, Patience, Retry
from routerhub.gateway.operation import Ending, Hold, Operation
from routerhub.gateway.plans import Plans
from routerhub.gateway.reservation import FREE, Place, Plan
from routerhub.gateway.runtime import Endpoint, Runtime

CLIENT_LEFT = "The client left before the answer."
UNEXPECTED = "Something went wrong in RouterHub; its log has more."
FAIR_WAIT_S = 10.0
"""Who was given less time than this (or half a request's) did not show by it that it does not answer."""
NO_KEY = ProviderKey(label="", secret="", id="")
"""Of an attempt that came to no endpoint."""
MAX_EARLY_CHUNKS = 100
"""Chunks without content that a stream may begin with: one with the role is usual."""
Answer = TypeVar("Answer", "Completion", "OpenedStream", "Embeddings")
Call = Callable[[Adapter, UpstreamRequest, Patience], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Served(Generic[Answer]):
    """An answer, the place that gave it, and the hold that is open for it still."""

    hold: Hold
    place: Place
    permit: Permit
    answer: Answer
    took_ms: int
    """Until the answer was there, or the first content of its stream."""
    dropped: tuple[str, ...] = ()
    """What of the request did not reach whoever answered."""

    @property
    def candidate(self) -> Candidate:
        return self.hold.plan.candidate


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedStream:
    """A stream that has brought something of its answer: nothing can be tried elsewhere from here on."""

    early: tuple[Chunk, ...]
    """What came of it so far."""
    rest: AsyncGenerator[Chunk, None]


async def complete(adapter: Adapter, request: UpstreamRequest, _: Patience) -> Completion:
    """A whole answer, as a `Call`. Raises UpstreamError."""
    return await adapter.complete(request)


async def open_stream(adapter: Adapter, request: UpstreamRequest, patience: Patience) -> OpenedStream:
    """A stream up to its first content, as a `Call`. Raises UpstreamError."""
    chunks = adapter.stream(request)
    early: list[Chunk] = []
    try:
        async with asyncio.timeout(patience.first_content_s):
            async for chunk in chunks:
                early.append(chunk)
                if chunk.has_content:
                    return OpenedStream(early=tuple(early), rest=chunks)
                if len(early) > MAX_EARLY_CHUNKS:
                    await chunks.aclose()
                    raise Failed("Its stream brings chunks without content.")
    except TimeoutError as problem:
        raise TimedOut("It did not begin to answer in time.") from problem
    raise Unreachable("The stream ended before it began.")


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
    except (BadRequest, BudgetRefused, NoCandidate) as refusal:
        await course.end("refused", str(refusal), to_api_error(refusal).status)
        raise
    except AllFailed as failure:
        await course.end("failure", str(failure), to_api_error(failure).status)
        raise
    except BudgetError as failure:
        if operation.attempts:
            await course.end("failure", str(failure), to_api_error(failure).status)
        raise
    except asyncio.CancelledError:
        await course.cut("abandoned", CLIENT_LEFT, None)
        raise
    finally:
        if not is_served and operation.hold is not None:
            await course.cut("failure", UNEXPECTED, 500)


class _Course(Generic[Answer]):
    """Where an operation stands on its way from candidate to candidate."""

    def __init__(self, runtime: Runtime, operation: Operation, call: Call[Answer]) -> None:
        self._runtime, self._operation = runtime, operation
        self._call: Call[Answer] = call
        providers = operation.arrival.rankings.catalogue.providers
        lacking = partial(runtime.upstreams.lacking, operation.request, providers)
        self._plans = Plans(operation, runtime.limits.default_max_output, lacking, self._is_out)
        self._plan: Plan | None = None
        self._place = 0
        self._key = NO_KEY
        self._used_keys: set[str] = set()
        """Those that failed at the place where it stands."""
        self._permit: Permit | None = None
        self._refused: BudgetRefused | None = None
        self._sent: tuple[float, datetime] | None = None
        """When the attempt under way was sent, in monotonic seconds and by the calendar; None while nothing is."""
        self._charge = FREE
        """What the open hold is settled at if this is the end."""

    async def run(self) -> Served[Answer]:
        await self._next_model(None)
        while True:
            try:
                return await self._attempt()
            except UpstreamError as error:
                await self._go_on(error)

    # --- one attempt

    async def _attempt(self) -> Served[Answer]:
        operation, place = self._operation, self._here
        began, at = self._runtime.clock.monotonic(), self._runtime.clock.now()
        left = self._left(self._plans.left)
        patience = failover.patience(left, operation.request.stream)
        self._key = NO_KEY
        try:
            if left.seconds <= 0:
                raise TimedOut("The time for this request is over.", was_sent=False)
            endpoint = self._endpoint(place)
            permit = self._permit = await self._enter(place, endpoint)
            request = self._request(place, endpoint, patience)
            self._sent = (began, at)
            answer = await self._call(endpoint.adapter, request, patience)
        except CircuitOpen:
            raise
        except UpstreamError as error:
            error.hide(self._key.secret)
            self._blame(error, patience)
            self._charge = failover.attempt_cost(error, self._exposure(began))
            self._note(began, at, error.status, f"{error.kind}: {error}")
            raise
        self._permit = None
        self._runtime.circuits.succeeded(permit)
        took_ms = self._note(began, at, 200, "")
        if operation.hold is None:
            raise RuntimeError(f"Operation {operation.id} called {place.deployment.id} without a hold.")
        dropped = carrying.dropped(operation.request, self._model, endpoint.adapter, place.deployment.upstream_model)
        return Served(hold=operation.hold, place=place, permit=permit, answer=answer, took_ms=took_ms, dropped=dropped)

    def _endpoint(self, place: Place) -> Endpoint:
        providers = self._operation.arrival.rankings.catalogue.providers
        return self._runtime.upstreams.endpoint(place.deployment, providers)

    def _is_out(self, deployment: Deployment) -> bool:
        providers = self._operation.arrival.rankings.catalogue.providers
        return self._runtime.circuits.is_out(deployment, lambda: self._runtime.upstreams.keys(deployment, providers))

    async def _enter(self, place: Place, endpoint: Endpoint) -> Permit:
        """Through the circuits of the place and of the next key. Raises CircuitOpen while somebody else can be asked."""
        circuits, deployment = self._runtime.circuits, place.deployment
        keys = [key for key in endpoint.keys if key.id not in self._used_keys] or endpoint.keys
        self._key = (circuits.open_keys(deployment.id, keys) or keys)[0]
        permit = await circuits.enter(deployment.id, self._key)
        if permit is not None:
            return permit
        told = f"{deployment.id}: circuit open {circuits.told(deployment.id, self._key)}"
        if not self._planned.is_last_resort and self._left(1 if self._plans.peek() else 0).has_elsewhere:
            self._operation.passed_over.append(told)
            raise CircuitOpen(told, was_sent=False)
        self._operation.passed_over.append(f"{told}; asked as a last resort")
        return circuits.pass_by(deployment.id, self._key)

    def _blame(self, error: UpstreamError, patience: Patience) -> None:
        permit, self._permit = self._permit, None
        if permit is None:
            return
        # A script of the sandbox is the request's own doing.
        fair_s = min(FAIR_WAIT_S, self._runtime.limits.deadline_s / 2)
        is_hurried = isinstance(error, TimedOut) and error.was_sent and patience.first_content_s < fair_s
        if is_hurried or self._operation.request.script is not None:
            self._runtime.circuits.left(permit)
        else:
            self._runtime.circuits.failed(permit, error)

    def _request(self, place: Place, endpoint: Endpoint, patience: Patience) -> UpstreamRequest:
        operation, deployment = self._operation, place.deployment
        request, policy = operation.request, operation.policy
        return UpstreamRequest(
            provider=deployment.provider,
            address=endpoint.address,
            api_key=self._key.secret,
            model=deployment.upstream_model,
            content=carrying.content_for(request, self._model),
            dialect=request.dialect,
            native=carrying.native_for(request, self._model),
            native_headers=request.native_headers,
            max_output_tokens=self._planned.max_output,
            output_limit_field=endpoint.provider.output_limit_field,
            default_temperature=float(policy.temperature) if policy and policy.temperature is not None else None,
            script=request.script if deployment.provider == SANDBOX else None,
            connect_s=patience.connect_s,
            idle_s=patience.idle_s,
            total_s=patience.total_s,
            on_limit=partial(self._runtime.circuits.rests, deployment.id, self._key),
        )

    def _note(self, began: float, at: datetime, status: int | None, error: str) -> int:
        """Keep the attempt. Returns how long it took, in milliseconds."""
        self._sent = None
        deployment = self._here.deployment
        attempt = Attempt(
            deployment=deployment.id,
            model=self._planned.candidate.model,
            provider=deployment.provider,
            started_at=at,
            latency_ms=round((self._runtime.clock.monotonic() - began) * 1_000),
            status=status,
            error=error,
            key=self._key.label,
            cost_nano=self._charge.nano,
        )
        self._operation.attempts.append(attempt)
        return attempt.latency_ms

    def _exposure(self, began: float) -> Exposure:
        """What an attempt may be billed for of whose answer nothing was seen."""
        operation, plan = self._operation, self._planned
        return Exposure(
            input_tokens=operation.decision.task.input_tokens,
            seen=None,
            seen_chars=0,
            max_output_tokens=plan.max_output_in_all,
            is_stream=operation.request.stream,
            elapsed_s=self._runtime.clock.monotonic() - began,
            tokens_per_s=operation.tokens_per_s(plan.candidate),
            tariff=self._here.tariff,
            held_nano=plan.ceiling_nano,
        )

    # --- from one to the next

    async def _go_on(self, error: UpstreamError) -> None:
        """Do what failover says. Raises AllFailed where it says to give up, BudgetRefused, BudgetError."""
        attempts = self._operation.attempts
        failed = AllFailed(error, tuple(attempts))
        if isinstance(error, PromptTooLong):
            self._plans.need_more_than(self._planned.candidate.model)
        left = self._left(1 if self._plans.peek() else 0)
        step = failover.next_step(attempts, error, left, self._runtime.clock.share())
        match step:
            case Retry(after_s=pause):
                await self._release_if_charged()
                await self._runtime.clock.sleep(pause)
                await self._renew(failed)
            case NextKey():
                self._used_keys.add(self._key.id)
                await self._release_if_charged()
                await self._renew(failed)
            case NextDeployment():
                self._place += 1
                self._used_keys.clear()
                await self._release_if_charged()
                await self._renew(failed)
            case NextModel():
                await self._release()
                await self._next_model(failed)
            case GiveUp():
                raise failed from error
            case _:
                raise NotImplementedError(f"{step} has its place, but nothing does it yet.")

    def _left(self, models: int) -> Left:
        return Left(
            seconds=self._operation.deadline - self._runtime.clock.monotonic(),
            deployments=len(self._planned.places) - 1 - self._place,
            models=models,
            keys=self._other_keys(),
        )

    def _other_keys(self) -> int:
        """How many keys of the place are not used up and can be tried besides the one that was."""
        providers = self._operation.arrival.rankings.catalogue.providers
        keys = self._runtime.upstreams.keys(self._here.deployment, providers)
        if len(keys) < 2:
            return 0
        tried = {*self._used_keys, self._key.id}
        others = [key for key in keys if key.id not in tried]
        return len(self._runtime.circuits.open_keys(self._here.deployment.id, others))

    async def _release(self) -> None:
        charge, self._charge = self._charge, FREE
        await settlement.release(self._runtime.ledger, self._operation, charge)

    async def _release_if_charged(self) -> None:
        if self._charge.nano:
            await self._release()

    async def _renew(self, failed: AllFailed) -> None:
        """Ask for the hold of another attempt at the same model, where the last one used its own up."""
        if self._operation.hold is None and not await self._reserve(self._planned):
            await self._next_model(failed)

    async def _next_model(self, failed: AllFailed | None) -> None:
        """Go on to the next candidate that a hold is granted for. Raises what is wrong where there is none."""
        while (plan := self._plans.take()) is not None:
            self._plan, self._place = plan, 0
            self._used_keys.clear()
            if await self._reserve(plan):
                return
        raise failed or self._refused or self._plans.nobody()

    async def _reserve(self, plan: Plan) -> bool:
        runtime = self._runtime
        refused = await settlement.reserve(runtime.ledger, self._operation, plan, runtime.limits.lease_s)
        if refused is not None:
            self._refused = self._refused or BudgetRefused(refused)
            self._plans.refused(refused)
        return refused is None

    @property
    def _planned(self) -> Plan:
        if self._plan is None:
            raise RuntimeError("No candidate has been planned yet.")
        return self._plan

    @property
    def _model(self) -> Model:
        return self._operation.arrival.rankings.catalogue.models[self._planned.candidate.model]

    @property
    def _here(self) -> Place:
        return self._planned.places[self._place]

    # --- the end

    async def end(self, outcome: Outcome, error: str, status: int | None, at: int = 0) -> None:
        """Close the operation that nobody answered. Its record is that of the model that was tried first, or `at` this place."""
        operation = self._operation
        tried = operation.attempts[at] if operation.attempts else None
        ending = Ending(
            outcome=outcome,
            model=tried.model if tried else operation.decision.candidates[0].model,
            provider=tried.provider if tried else "",
            usage=self._charge.usage,
            latency_ms=round((self._runtime.clock.monotonic() - operation.arrival.began) * 1_000),
            http_status=status,
            error=error,
        )
        await settlement.finish(self._runtime.ledger, operation, self._charge, ending)

    async def cut(self, outcome: Outcome, error: str, status: int | None) -> None:
        """End it wherever it stands. What the attempt under way costs then is charged; a hold that only waits costs nothing."""
        if self._permit is not None:
            self._runtime.circuits.left(self._permit)
        if self._sent is not None:
            began, at = self._sent
            self._charge = failover.attempt_cost(None, self._exposure(began))
            self._note(began, at, None, f"Cut: {error}")
        await self.end(outcome, error, status, at=-1)
