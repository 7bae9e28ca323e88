"""Which candidates are tried, in order: those whose worst case fits what one request may cost and what limits have left.

Once a limit had no room for the worst case, a plan holds and is capped at what hardly an answer of its sort is longer than.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from analytics.measuring.lengths import Length
from autorouter.decision.candidates import permitted
from autorouter.errors import NoCandidate
from autorouter.types import Candidate, Decision, Exclusion
from budgets.types import Refused
from models_registry.types import Deployment
from models_registry.upstream.base import NOTHING_LACKS, Lacking
from routerhub.gateway.attempts import carrying, reservation
from routerhub.gateway.attempts.failover import MAX_MODELS
from routerhub.gateway.attempts.reservation import MIN_OUTPUT, Plan
from routerhub.gateway.operation import Operation

Lacks = Callable[[Deployment], Lacking]
"""What of the request there is no word for where a deployment is called."""


def nothing_lacks(_: Deployment) -> Lacking:
    return NOTHING_LACKS


Counts = Callable[[int, Plan], bool]
"""Whether a limit counts what a plan takes."""
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
        counts: Counts = lambda *_: True,
    ) -> None:
        self._operation = operation
        self._counts = counts
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
        self._refusals: dict[int, Refused] = {}
        """How the limits stood that had no room, by id: what does not fit into one of them need not be asked for."""
        self.passed: list[Plan] = []
        """Those that no room was found for."""
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

    # --- where room is scarce

    def refused(self, refused: Refused) -> None:
        """A limit did not have room. What takes less of it, or is none of its, may fit."""
        self._refusals[refused.limit_id] = refused
        self._next = self._next and self.capped(self._next)

    def capped(self, plan: Plan) -> Plan:
        """The plan as it is held for where room is scarce."""
        return reservation.capped(plan, self._operation.request, self._length(plan).high)

    def has_room(self, plan: Plan, is_patient: bool) -> bool:
        """Whether it fits, at the moment or (`is_patient`) when all that is held is settled."""
        limits = self._limits_of(plan)
        return all(reservation.asked_of(plan, each.measure) <= _room(each, is_patient) for each in limits)

    def shortened(self, plan: Plan, is_patient: bool, medians: int = 1) -> Plan | None:
        """The plan with the longest answer that there is room for, at the moment or (`is_patient`) when all that is held is
        settled. None: not even one of so many medians has it."""
        request, plan = self._operation.request, self.capped(plan)
        rooms = [(each.measure, _room(each, is_patient)) for each in self._limits_of(plan)]
        longest = min((reservation.output_in(plan, request, *room) for room in rooms), default=plan.max_output)
        shortest = max(MIN_OUTPUT, min(medians * self._length(plan).median, plan.max_output))
        return reservation.capped(plan, request, longest) if longest >= shortest else None

    def limit_of(self, plan: Plan) -> int | None:
        """A limit that had no room for it."""
        return next((each.limit_id for each in self._limits_of(plan)), None)

    def answer_s(self, plan: Plan) -> float:
        """In which its model usually has a whole answer."""
        return self._operation.arrival.lengths.answer_s(plan.candidate.model)

    def _length(self, plan: Plan) -> Length:
        arrival, task, model = self._operation.arrival, self._operation.decision.task, plan.candidate.model
        thinks = arrival.rankings.catalogue.models[model].supports_reasoning
        return arrival.lengths.of(model, task.category, task.complexity, thinks)

    def _limits_of(self, plan: Plan) -> list[Refused]:
        """Those of the limits without room that count it."""
        return [each for each in self._refusals.values() if self._counts(each.limit_id, plan)]

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
        if self._window(plan.candidate.model) < self._min_window:
            return False
        has_room = self.has_room(plan, is_patient=False)
        if not has_room:
            self.passed.append(plan)
        return has_room

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
            is_short = is_short or plan is None or bool(self._refusals) or self._min_window > 0
        if is_short:
            for candidate in self._operation.select(None).candidates[len(known) :]:
                if (plan := self._plan(candidate)) is not None:
                    yield plan

    def _plan(self, candidate: Candidate) -> Plan | None:
        rankings, constraints = self._operation.arrival.rankings, self._operation.decision.constraints
        model = rankings.catalogue.models[candidate.model]
        places = rankings.places(model, self._operation.arrival.at)
        places = permitted(model, places, rankings.catalogue.providers, constraints, rankings.availability)
        able = tuple(each for each in places if self._carries(each))
        if not able:
            return None
        closed = tuple(each for each in able if not self._is_out(each))
        usual = self._operation.arrival.usual_output.get(candidate.model)
        plan = reservation.plan(self._operation.request, self._bounds, candidate, model, closed or able, usual)
        if plan is not None and self._refusals:
            plan = self.capped(plan)
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


def _room(refused: Refused, is_patient: bool) -> int:
    """What a limit without room has, at the moment or when all that is held is settled. None in one that gives nothing back."""
    if not refused.gives_back:
        return 0
    return refused.limit - refused.spent - (0 if is_patient else refused.reserved)
