"""Fit before refusing: how a hold is come by where a limit has no room for the worst case.

While there is room, the worst case is held, in one question as ever. Where there is none,

1. what hardly an answer of this sort is longer than is held, and the answer capped at it;
2. what does not fit either waits in the limit's queue (budgets.ledger.room) for what is held to be settled: so many times as long
   as its model usually takes for an answer, and a line of a batch as long as its deadline allows; having waited half of that, the
   first of the queue makes do with what there is room for, if most answers of this sort need no more;
3. then a cheaper candidate is taken (`dispatch` goes on to it);
4. then the answer is shortened to what there is room for, but never below what half of such answers have;
5. then it is refused.

Rates, and limits of requests, which give nothing back, are told at once.
"""

from collections.abc import Callable
from functools import partial

from budgets.ledger.room import Ticket
from budgets.types import Refused
from routerhub.gateway.attempts import settlement
from routerhub.gateway.attempts.plans import Plans
from routerhub.gateway.attempts.reservation import Plan
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Hold, Operation
from routerhub.gateway.runtime import Runtime

ASK_PER_ANSWER = 4
"""So often in an answer's time the first of a queue asks, for what other processes settled."""
MIN_ASK_S, MAX_ASK_S = 0.05, 1.0
LEDGER_S = 0.05
"""So long beside an answer's own time it may take under load until its hold is settled and the next one made."""
HURRY = 0.5
"""The part of its patience after which a request makes do with less."""
MOST = 2
"""So many medians most answers do not pass: four in five of log-normal ones. In a simulation of 80 rounds 97.5 % of a limit were
spent at the first refusal in the worst one, and 94.6 % without hurry; no more answers were cut."""
Sized = Callable[[bool], Plan | None]
"""What is asked for in a turn, where there is use in that; and (True) what is, when that was refused, at once."""


class Fitting:
    """The holds of one operation."""

    def __init__(self, runtime: Runtime, operation: Operation, plans: Plans) -> None:
        self._runtime, self._operation, self._plans = runtime, operation, plans
        self._room = runtime.ledger.room
        self._ticket: Ticket | None = None
        """In the queues, once it stood in one."""
        self._until: float | None = None
        """When its patience is over, in monotonic seconds. None while it has not waited."""
        self._hurried_from = 0.0

    async def hold(self, plan: Plan) -> Hold | Refused | None:
        """The hold of the plan, or of a capped one, waited for where that can help. None: the limit for this one request has no
        room for it any more. Raises BudgetError."""
        fitting = self._plans.within_limit(plan)
        if fitting is None:
            return None
        refused: Refused | None = None
        limit = self._awaited(fitting)
        if limit is None:
            first = await self._ask(fitting)
            if isinstance(first, Hold):
                return first
            refused, limit = first, first.limit_id
        smaller = self._plans.capped(fitting)
        may_wait = self._until is None
        answer = await self._queue(smaller, limit, partial(self._usual, smaller)) if may_wait else None
        return answer or refused or await self._ask(smaller)

    async def beside(self, plan: Plan) -> Hold | None:
        """The hold of a second leg, for which nobody waits, and which passes nobody who does. Raises BudgetError."""
        fitting = self._plans.within_limit(plan)
        if fitting is None or self._awaited(fitting) is not None:
            return None
        hold = await self._reserved(fitting)
        return hold if isinstance(hold, Hold) else None

    async def shortened(self) -> Hold | Refused | None:
        """The hold of a shortened answer, of the best candidate that there is room for now or soon, or the last refusal, None
        where nothing was asked. Raises BudgetError."""
        last: Refused | None = None
        for plan in self._plans.passed:
            answer = await self._shortened(plan)
            if isinstance(answer, Hold):
                return answer
            last = answer or last
        return last

    async def _shortened(self, plan: Plan) -> Hold | Refused | None:
        limit, fitting = self._plans.limit_of(plan), self._plans.within_limit(plan)
        if limit is None or fitting is None:
            return None
        answer = await self._queue(fitting, limit, partial(self._least, fitting))
        if isinstance(answer, Hold):
            return answer
        last = self._plans.shortened(fitting, is_patient=False)
        return await self._ask(last) if last else answer

    def _usual(self, plan: Plan, is_now: bool) -> Plan | None:
        """All of it as long as it can come to fit; in a hurry, and at once, what most answers need."""
        if is_now:
            return self._plans.shortened(plan, is_patient=False, medians=MOST) if self._is_hurried else None
        return plan if self._plans.has_room(plan, is_patient=True) else None

    def _least(self, plan: Plan, is_now: bool) -> Plan | None:
        """What there is room for when all that is held is settled."""
        shorter = self._plans.shortened(plan, is_patient=True)
        return None if is_now and shorter and not self._plans.has_room(shorter, is_patient=False) else shorter

    def _awaited(self, plan: Plan) -> int | None:
        """A limit of the plan that others wait for already."""
        return self._room.awaited(self._operation.scopes(plan)) if not self._room.is_quiet else None

    async def _reserved(self, plan: Plan) -> Hold | Refused:
        runtime = self._runtime
        return await settlement.reserve(runtime.ledger, self._operation, plan, runtime.limits.lease_s)

    async def _ask(self, plan: Plan) -> Hold | Refused:
        answer = await self._reserved(plan)
        if isinstance(answer, Refused):
            self._plans.refused(answer)
        elif plan.full_output is not None:
            metrics.CAPPED.inc()
        return answer

    async def _queue(self, plan: Plan, limit: int, sized: Sized) -> Hold | Refused | None:
        """The hold, as soon as it is this request's turn and there is room; or the last refusal, None where it never asked."""
        if sized(False) is None:
            return None
        began, answer = self._runtime.clock.monotonic(), None
        metrics.WAITING.inc()
        try:
            answer = await self._asked_in_turn(plan, limit, sized)
            return answer
        finally:
            if self._ticket is not None:
                self._room.leave(self._ticket)
            waited_s = self._runtime.clock.monotonic() - began
            self._operation.waited_s += waited_s
            metrics.WAITING.dec()
            metrics.ROOM_WAIT.labels("granted" if isinstance(answer, Hold) else "over").observe(waited_s)

    async def _asked_in_turn(self, plan: Plan, limit: int, sized: Sized) -> Hold | Refused | None:
        answer: Hold | Refused | None = None
        ticket = self._ticket = self._ticket or self._room.ticket()
        while (asked := sized(False)) and await self._room.turn(
            ticket, limit, self._left_s(plan), self._ask_every_s(plan)
        ):
            answer = await self._ask(asked)
            if isinstance(answer, Refused) and (less := sized(True)):
                self._operation.hops -= 1
                answer = await self._ask(less)
            if isinstance(answer, Hold):
                break
            self._operation.hops -= 1
            limit = answer.limit_id
        return answer

    def _left_s(self, plan: Plan) -> float:
        """Of its patience: by then there has to be time for an answer still."""
        now, answer_s = self._runtime.clock.monotonic(), self._plans.answer_s(plan)
        if self._until is None:
            last = self._operation.deadline - answer_s
            patience_s = self._runtime.limits.room_wait_answers * (answer_s + LEDGER_S)
            self._until = min(now + patience_s, last) if self._operation.is_awaited else last
            self._hurried_from = now + HURRY * (self._until - now)
        return self._until - now

    @property
    def _is_hurried(self) -> bool:
        return self._runtime.clock.monotonic() >= self._hurried_from

    def _ask_every_s(self, plan: Plan) -> float:
        return min(max(self._plans.answer_s(plan) / ASK_PER_ANSWER, MIN_ASK_S), MAX_ASK_S)
