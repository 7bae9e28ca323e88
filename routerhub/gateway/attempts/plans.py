"""Which candidates are tried, in order: those whose worst case fits what one request may cost and what limits have left."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from autorouter.decision.candidates import permitted
from autorouter.errors import NoCandidate
from autorouter.types import Candidate, Decision, Exclusion
from budgets.types import Refused
from models_registry.types import Deployment
from models_registry.upstream.base import NOTHING_LACKS, Lacking
from routerhub.gateway.attempts import carrying, reservation
from routerhub.gateway.attempts.failover import MAX_MODELS
from routerhub.gateway.attempts.reservation import Plan
from routerhub.gateway.operation import Operation

Lacks = Callable[[Deployment], Lacking]
"""What of the request there is no word for where a deployment is called."""


def nothing_lacks(_: Deployment) -> Lacking:
    return NOTHING_LACKS


IsOut = Callable[[Deployment], bool]
"""Whether a deployment's circuit is open at this moment, or that of all its keys."""


class Plans:
    """The plans of an operation's candidates, best first. The next one can be looked at before it is taken.

    The decision names as many candidates as failover needs. Where money is short, or the prompt is longer than was thought,
    all others are looked at too.
    """

    def __init__(
        self,
        operation: Operation,
        default_max_output: int,
        lacking: Lacks = nothing_lacks,
        is_out: IsOut = lambda _: False,
    ) -> None:
        self._operation = operation
        self._lacking = lacking
        self._is_out = is_out
        self._not_carried = ""
        """What the request asks for that some place has no word for: it is passed over."""
        self._bounds = reservation.bounds(
            operation.request,
            operation.decision,
            operation.policy,
            default_max_output,
            operation.arrival.at,
            operation.arrival.caller.unpriced_nano,
        )
        self._waiting = self._candidates()
        self._next: Plan | None = None
        self._room_nano: int | None = None
        """What the limit that refused an earlier plan has left: dearer ones need not be asked for."""
        self._min_window = 0
        """Tokens: smaller ones were found too small for the prompt."""
        self._taken = 0

    @property
    def left(self) -> int:
        """How many models may be tried still, at most: worked out from the decision alone, since it is asked every time."""
        return max(0, min(MAX_MODELS, len(self._operation.decision.candidates)) - self._taken)

    def peek(self) -> Plan | None:
        """The plan that comes next, None where there is none."""
        if self._taken >= MAX_MODELS:
            return None
        while self._next is None or not self._fits(self._next):
            self._next = next(self._waiting, None)
            if self._next is None:
                return None
        return self._next

    def take(self) -> Plan | None:
        """Go on to it."""
        plan, self._next = self.peek(), None
        self._taken += plan is not None
        return plan

    def refused(self, refused: Refused) -> None:
        """A limit did not have room for the last plan. Where it counts money, a cheaper one may fit."""
        is_money = refused.measure == "money"
        self._room_nano = refused.limit - refused.spent - refused.reserved if is_money else -1

    def within_limit(self, plan: Plan) -> Plan | None:
        """The plan as it fits what earlier attempts, and one that is under way, leave of the limit for one request. None:
        there is no room for it."""
        limit_nano, operation = self._bounds.limit_nano, self._operation
        if limit_nano is None or not operation.hops:
            return plan
        return reservation.within(plan, operation.request, limit_nano - operation.committed_nano)

    def need_more_than(self, model: str) -> None:
        """The prompt does not fit this model's window, whatever was estimated: one that is no larger need not be asked."""
        self._min_window = max(self._min_window, self._window(model) + 1)

    def _fits(self, plan: Plan) -> bool:
        has_room = self._room_nano is None or plan.ceiling_nano <= self._room_nano
        return has_room and self._window(plan.candidate.model) >= self._min_window

    def _window(self, model: str) -> int:
        return self._operation.arrival.rankings.catalogue.models[model].context_window

    def _candidates(self) -> Iterator[Plan]:
        """Those that are a last resort come after all others."""
        last: list[Plan] = []
        for plan in self._in_order():
            if plan.is_last_resort:
                last.append(plan)
            else:
                yield plan
        yield from last

    def _in_order(self) -> Iterator[Plan]:
        known = self._operation.decision.candidates
        is_short = False
        for candidate in known:
            plan = self._plan(candidate)
            if plan is not None:
                yield plan
            is_short = is_short or plan is None or self._room_nano is not None or self._min_window > 0
        if is_short:
            for candidate in self._operation.select(None).candidates[len(known) :]:
                if (plan := self._plan(candidate)) is not None:
                    yield plan

    def _plan(self, candidate: Candidate) -> Plan | None:
        rankings, constraints = self._operation.arrival.rankings, self._operation.decision.constraints
        model = rankings.catalogue.models[candidate.model]
        places = permitted(model, rankings.catalogue.providers, constraints, rankings.availability)
        able = tuple(each for each in places if self._carries(each))
        if not able:
            return None
        closed = tuple(each for each in able if not self._is_out(each))
        usual = self._operation.arrival.usual_output.get(candidate.model)
        plan = reservation.plan(self._operation.request, self._bounds, candidate, model, closed or able, usual)
        return plan if closed or plan is None else replace(plan, is_last_resort=True)

    def _carries(self, deployment: Deployment) -> bool:
        """Whether it can be asked for all without which the answer would be another one."""
        refused = self._lacking(deployment).refused
        self._not_carried = self._not_carried or refused
        return not refused

    def nobody(self) -> Exception:
        """Why there is no plan at all."""
        if self._not_carried:
            return carrying.refusal(self._operation.request, self._not_carried)
        return NoCandidate(self.none_fits())

    def none_fits(self) -> Decision:
        """The decision when no candidate's worst case fits the limit for one request, however short its answer."""
        everything = self._operation.select(None)
        reason = f"its worst case is over the limit of {self._bounds.limit_usd} USD for one task"
        out = tuple(Exclusion(model=candidate.model, code="cost", reason=reason) for candidate in everything.candidates)
        return replace(everything, candidates=(), excluded=(*out, *everything.excluded))
