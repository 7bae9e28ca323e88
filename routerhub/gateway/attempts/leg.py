"""One way of an operation through the places of a model: which one is asked, by which key, and what that comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic

from autorouter.types import Candidate
from models_registry.types import SANDBOX, Attempt, Model, Provider, ProviderKey
from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.errors import CircuitOpen, Overloaded, TimedOut, UpstreamError
from routerhub.gateway.attempts import carrying, failover
from routerhub.gateway.attempts.calls import Answer, Call, OpenedStream, pieces
from routerhub.gateway.attempts.circuits import Permit
from routerhub.gateway.attempts.failover import TOO_MANY, Exposure, Left, Patience
from routerhub.gateway.attempts.plans import Plans
from routerhub.gateway.attempts.reservation import FREE, Place, believed
from routerhub.gateway.operation import Hold, Operation
from routerhub.gateway.runtime import Endpoint, Runtime

FAIR_WAIT_S = 10.0
"""Who was given less time than this (or a third of a request's) did not show by it that it does not answer."""
NO_KEY = ProviderKey(label="", secret="", id="")
"""Of an attempt that came to no endpoint."""


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


class Leg(Generic[Answer]):
    """An operation has one leg, which goes from place to place of a model, and a second one beside it while it is hedged.

    Legs at the same model share its places that were not asked yet.
    """

    def __init__(
        self,
        runtime: Runtime,
        operation: Operation,
        call: Call[Answer],
        plans: Plans,
        hold: Hold,
        places: list[Place],
        is_hedge: bool = False,
    ) -> None:
        self._runtime, self._operation, self._plans = runtime, operation, plans
        self._call: Call[Answer] = call
        self.hold: Hold | None = hold
        """None while the next attempt's is asked for."""
        self.plan = hold.plan
        self.places = places
        """Where else the model can be asked."""
        self.charge = FREE
        """What the open hold is settled at if this is the end."""
        self.here = places.pop(0)
        """Where it stands."""
        self._is_hedge = is_hedge
        self._key = NO_KEY
        self._endpoint: Endpoint | None = None
        """Of the attempt under way."""
        self._used_keys: set[str] = set()
        """Those that failed at the place where it stands."""
        self._permit: Permit | None = None
        self._sent: tuple[float, datetime] | None = None
        """When the attempt under way was sent, in monotonic seconds and by the calendar; None while nothing is."""
        self._answer: Answer | None = None
        """What it brought, until that is served."""

    # --- where it goes

    def left(self, models: int) -> Left:
        """What is left to try beside where it stands."""
        return Left(
            seconds=self._operation.deadline - self._runtime.clock.monotonic(),
            deployments=len(self.places),
            models=models,
            keys=self._other_keys(),
        )

    def _other_keys(self) -> int:
        """How many keys of the place are not used up and can be tried besides the one that was."""
        keys = self._runtime.upstreams.keys(self.here.deployment, self._providers)
        if len(keys) < 2:
            return 0
        tried = {*self._used_keys, self._key.id}
        others = [key for key in keys if key.id not in tried]
        return len(self._runtime.circuits.open_keys(self.here.deployment.id, others))

    def next_key(self) -> None:
        self._used_keys.add(self._key.id)

    def next_place(self) -> None:
        self.here = self.places.pop(0)
        self._used_keys.clear()

    def renew(self, hold: Hold) -> None:
        """Go on with the hold of another attempt."""
        self.hold, self.plan = hold, hold.plan

    # --- one attempt

    async def attempt(self) -> None:
        """Until there is an answer, for `served`. Raises UpstreamError; `charge` says what that cost."""
        operation, clock = self._operation, self._runtime.clock
        began, at = clock.monotonic(), clock.now()
        left = self.left(self._plans.left)
        patience = failover.patience(left, operation.request.stream, self._writing_s())
        self._key = NO_KEY
        try:
            if left.seconds <= 0:
                raise TimedOut("The time for this request is over.", was_sent=False)
            endpoint = self._endpoint = self._runtime.upstreams.endpoint(self.here.deployment, self._providers)
            self._permit = await self._enter(endpoint)
            request = self._request(endpoint, patience)
            self._sent = (began, at)
            self._answer = await self._call(endpoint.adapter, request, patience)
        except CircuitOpen:
            raise
        except UpstreamError as error:
            error.hide(self._key.secret)
            self._blame(error, patience)
            self.charge = failover.attempt_cost(error, self._exposure(began)).of(self.here)
            self._note(began, at, error.status, f"{error.kind}: {error}")
            raise

    def _writing_s(self) -> float:
        """In which the model writes the longest whole answer, where its speed was measured; of a stream the first bit counts."""
        speed = None if self._operation.request.stream else self._operation.tokens_per_s(self.plan.candidate)
        return self.plan.max_output / speed if speed else 0.0

    def served(self) -> Served[Answer]:
        """The answer that is there, with the hold that is open for it."""
        hold, permit, sent, endpoint, answer = self.hold, self._permit, self._sent, self._endpoint, self._answer
        if hold is None or permit is None or sent is None or endpoint is None or answer is None:
            raise RuntimeError(f"Operation {self._operation.id} has no answer of {self.here.deployment.id} to serve.")
        self._permit = self._answer = None
        self._runtime.circuits.succeeded(permit)
        took_ms = self._note(*sent, 200, "")
        request, name = self._operation.request, self.here.deployment.upstream_model
        dropped = carrying.dropped(request, self._model, endpoint.adapter, name)
        return Served(hold=hold, place=self.here, permit=permit, answer=answer, took_ms=took_ms, dropped=dropped)

    async def cut(self, why: str) -> None:
        """End it wherever it stands. What the attempt under way may cost is its charge then; one that waits costs nothing."""
        answer, permit = self._answer, self._permit
        self._answer = self._permit = None
        if permit is not None:
            self._runtime.circuits.left(permit)
        if self._sent is not None:
            self.charge = failover.attempt_cost(None, self._exposure(self._sent[0], answer)).of(self.here)
            self._note(*self._sent, None, f"Cut: {why}", was_cut=True)
        if isinstance(answer, OpenedStream):
            await answer.rest.aclose()

    @property
    def _providers(self) -> Mapping[str, Provider]:
        return self._operation.arrival.rankings.catalogue.providers

    @property
    def _model(self) -> Model:
        return self._operation.arrival.rankings.catalogue.models[self.plan.candidate.model]

    async def _enter(self, endpoint: Endpoint) -> Permit:
        """Through the circuits of the place and of the next key. Raises CircuitOpen while somebody else can be asked, and
        Overloaded, with the pause until its reset, where the last place is at a limit that it announced."""
        circuits, deployment = self._runtime.circuits, self.here.deployment
        keys = [key for key in endpoint.keys if key.id not in self._used_keys] or endpoint.keys
        self._key = (circuits.open_keys(deployment.id, keys) or keys)[0]
        permit = await circuits.enter(deployment.id, self._key)
        if permit is not None:
            return permit
        told = f"{deployment.id}: circuit open {circuits.told(deployment.id, self._key)}"
        has_elsewhere = not self.plan.is_last_resort and self.left(1 if self._plans.peek() else 0).has_elsewhere
        if self._is_hedge or has_elsewhere:
            self._operation.passed_over.append(told)
            raise CircuitOpen(told, was_sent=False)
        if (pause_s := circuits.reset_s(deployment.id, self._key)) is not None:
            raise Overloaded(f"Not asked, {told}", status=TOO_MANY, retry_after_s=pause_s, was_sent=False)
        self._operation.passed_over.append(f"{told}; asked as a last resort")
        return circuits.pass_by(deployment.id, self._key)

    def _blame(self, error: UpstreamError, patience: Patience) -> None:
        permit, self._permit = self._permit, None
        if permit is None:
            return
        # A script of the sandbox is the request's own doing.
        fair_s = min(FAIR_WAIT_S, self._runtime.limits.deadline_s / 3)
        is_hurried = isinstance(error, TimedOut) and error.was_sent and patience.first_content_s < fair_s
        if is_hurried or self._operation.request.script is not None:
            self._runtime.circuits.left(permit)
        else:
            self._runtime.circuits.failed(permit, error)

    def _request(self, endpoint: Endpoint, patience: Patience) -> UpstreamRequest:
        operation, deployment = self._operation, self.here.deployment
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
            max_output_tokens=self.plan.max_output,
            output_limit_field=endpoint.provider.output_limit_field,
            default_temperature=float(policy.temperature) if policy and policy.temperature is not None else None,
            script=request.script if deployment.provider == SANDBOX else None,
            connect_s=patience.connect_s,
            idle_s=patience.idle_s,
            total_s=patience.total_s,
            on_limit=partial(self._runtime.circuits.rests, deployment.id, self._key),
        )

    def _note(self, began: float, at: datetime, status: int | None, error: str, was_cut: bool = False) -> int:
        """Keep the attempt. Returns how long it took, in milliseconds."""
        deployment = self.here.deployment
        attempt = Attempt(
            deployment=deployment.id,
            model=self.plan.candidate.model,
            provider=deployment.provider,
            started_at=at,
            latency_ms=round((self._runtime.clock.monotonic() - began) * 1_000),
            status=status,
            error=error,
            key=self._key.label,
            cost_nano=self.charge.nano,
            is_hedge=self._is_hedge,
            was_cut=was_cut,
        )
        self._sent, self._is_hedge = None, False
        self._operation.attempts.append(attempt)
        return attempt.latency_ms

    def _exposure(self, began: float, answer: Answer | None = None) -> Exposure:
        """What an attempt may be billed for whose answer nobody gets, be it there or not."""
        operation, plan = self._operation, self.plan
        seen = pieces(answer)
        chars = sum(choice.size for piece in seen for choice in piece.choices)
        reported = next((piece.usage for piece in reversed(seen) if piece.usage is not None), None)
        return Exposure(
            input_tokens=operation.decision.task.input_tokens,
            seen=believed(reported, plan, chars),
            seen_chars=chars,
            max_output_tokens=plan.max_output_in_all,
            is_stream=operation.request.stream,
            elapsed_s=self._runtime.clock.monotonic() - began,
            tokens_per_s=operation.tokens_per_s(plan.candidate),
            tariff=self.here.tariff,
            held_nano=plan.ceiling_nano,
        )
