"""A batch of spends as reserve_many takes it, and its answers as the gateway knows them."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from budgets.errors import AlreadySettled, KeyBusy, SpendRejected
from budgets.ledger.database import Away, Database, Rejected
from budgets.ledger.halving import by_halves
from budgets.limits.index import READ, UNREAD, LimitIndex, index_of
from budgets.types import Granted, Measure, PerTask, Rate, Refused, Spend

RESERVE = """
SELECT * FROM reserve_many(
    $1::bigint, $2::bigint[], $3::int[], $4::int[], $5::uuid[], $6::smallint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::float[], $13::analytics_request[], $14::int[], $15::text[], $16::bigint[])
"""
KEEP_PER_TASK = """
INSERT INTO budgets_limit (kind, subject, measure, period, amount, counts_earlier, is_active)
SELECT 'policy_task', policy, 'money', 'total', amount, false, true
FROM unnest($1::text[], $2::bigint[]) AS p (policy, amount)
ON CONFLICT (kind, subject, account_id, measure, period, every_days, starts_on, ends_on, mode, is_given)
    DO UPDATE SET is_active = true
"""
MAX_READINGS = 20
Answer = Granted | Refused | Exception


class Reserver:
    """Reserves batch by batch. `index` is the newest set of limits that it knows of."""

    def __init__(self, database: Database) -> None:
        self.index = UNREAD
        self._database = database

    def limits_of(self, scopes: Iterable[str]) -> tuple[int, ...]:
        """Those that it knows of."""
        return self.index.ids(scopes)

    async def reserve(self, batch: Sequence[Spend]) -> Sequence[Answer]:
        """An answer for each, in order; the same one for the same name. One that the database rejects fails alone.

        Raises Away.
        """
        by_name = {(spend.operation_id, spend.hop): spend for spend in batch}
        if len(by_name) < len(batch):
            answers = dict(zip(by_name, await self.reserve(list(by_name.values())), strict=True))
            return [answers[spend.operation_id, spend.hop] for spend in batch]
        return await by_halves(batch, self._reserve, _rejected)

    async def _reserve(self, batch: Sequence[Spend]) -> Sequence[Answer]:
        row = await self._ask(batch)
        refusals = {refusal["item"] - 1: refusal for refusal in row["refusals"]}
        rates = _rates(row["rates"], row["rates_reset_s"])
        return [
            _refused(spend, refusals[item])
            if item in refusals
            else KeyBusy(spend.key_id, spend.slots or 0, row["in_use"][item])
            if verdict == "busy"
            else _granted(spend, verdict, remaining, tuple(rates.get(item, {}).values()))
            for item, (spend, verdict, remaining) in enumerate(
                zip(batch, row["verdicts"], row["remaining"], strict=True)
            )
        ]

    async def _ask(self, batch: Sequence[Spend]) -> Mapping[str, Any]:
        """The row of RESERVE for the set of limits of this moment. Raises Away, also when it never keeps still."""
        await self._keep_per_task([spend.per_task for spend in batch if spend.per_task is not None])
        for _ in range(MAX_READINGS):
            row: Mapping[str, Any] = await self._database.row(RESERVE, *_columns(self.index, batch))
            if not row["is_stale"]:
                return row
            self.index = index_of(await self._database.rows(READ))
        raise Away(f"The limits changed {MAX_READINGS} times while they were read.")

    async def _keep_per_task(self, asked: Sequence[PerTask]) -> None:
        """Make the limits per task of these policies that have none yet: once for each, and for ever."""
        new = {each.policy: each.amount_nano for each in asked if each.scope not in self.index.by_scope}
        if new:
            await self._database.rows(KEEP_PER_TASK, list(new), list(new.values()))
            self.index = index_of(await self._database.rows(READ))


def _columns(index: LimitIndex, batch: Sequence[Spend]) -> tuple[Any, ...]:
    """The arguments of RESERVE. Where policies of two releases differ over a task, the lower amount goes."""
    limits: dict[tuple[int, str], int] = {}
    caps: dict[tuple[int, str], int] = {}
    places: list[int] = []
    counts: list[int] = []
    for spend in batch:
        found = index.places(spend)
        for limit, subject, cap in found:
            which = limit, subject
            places.append(limits.setdefault(which, len(limits) + 1))
            if cap is not None:
                caps[which] = min(cap, caps.get(which, cap))
        counts.append(len(found))
    return (
        index.number,
        [limit for limit, _ in limits],
        places,
        counts,
        [spend.operation_id for spend in batch],
        [spend.hop for spend in batch],
        [spend.account_id for spend in batch],
        [spend.key_id for spend in batch],
        [spend.user_id for spend in batch],
        [spend.amount_nano for spend in batch],
        [spend.tokens for spend in batch],
        [spend.lease_s for spend in batch],
        [spend.request for spend in batch],
        [spend.slots for spend in batch],
        [subject for _, subject in limits] if index.has_each or caps else None,
        [caps.get(which) for which in limits] if caps else None,
    )


async def _rejected(_: Spend, problem: Rejected) -> Answer:
    return SpendRejected(str(problem))


def _rates(rows: Sequence[Mapping[str, Any]], reset_s: int) -> dict[int, dict[Measure, Rate]]:
    """By item and measure, the tightest one."""
    found: dict[int, dict[Measure, Rate]] = {}
    for row in rows:
        rate = Rate(measure=row["measure"], limit=row["amount"], remaining=row["remaining"], reset_s=reset_s)
        of_item = found.setdefault(row["item"] - 1, {})
        of_item[rate.measure] = min(rate, of_item.get(rate.measure, rate), key=attrgetter("remaining"))
    return found


def _granted(spend: Spend, verdict: str, remaining: int | None, rates: tuple[Rate, ...]) -> Granted | AlreadySettled:
    if verdict == "settled":
        return AlreadySettled(spend.operation_id, spend.hop)
    return Granted(
        operation_id=spend.operation_id,
        hop=spend.hop,
        amount_nano=spend.amount_nano,
        remaining_nano=remaining,
        rates=rates,
        has_slot=spend.slots is not None,
    )


def _refused(spend: Spend, refusal: Mapping[str, Any]) -> Refused:
    return Refused(
        operation_id=spend.operation_id,
        hop=spend.hop,
        limit_id=refusal["limit_id"],
        label=_label(spend, refusal["kind"], refusal["subject"]),
        measure=refusal["measure"],
        period=refusal["period"],
        limit=refusal["amount"],
        spent=refusal["spent"],
        reserved=refusal["reserved"],
        asked=refusal["asked"],
        resets_at=refusal["resets_at"],
        retry_after_s=refusal["retry_after_s"],
    )


def _label(spend: Spend, kind: str, subject: str) -> str:
    """For people: "account 7", "task 4711 under policy coding", "site"."""
    if kind == "policy_task" and spend.per_task is not None:
        return f"task {spend.per_task.task} under policy {spend.per_task.policy}"
    return f"{kind} {subject.removeprefix(f'{spend.account_id}/')}".strip()
