"""What limits refuse by mode and owner: each by itself, an account's own, soft ones, and tasks under a policy."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from budgets.books.sweeping import differences
from budgets.ledger import Ledger
from budgets.models import Account, Counter, Limit
from budgets.types import Granted, PerTask, Refused
from tests.budgets.books import settlement, spend
from tests.budgets.tables import books, new_limit

pytestmark = pytest.mark.anyio
new_account = sync_to_async(Account.objects.create)


async def verdicts(ledger: Ledger, *asked: Any) -> list[bool]:
    """Of each, one after the other, whether it was let in."""
    return [isinstance(await ledger.reserve(each), Granted) for each in asked]


async def refused(ledger: Ledger, asked: Any) -> Refused:
    answer = await ledger.reserve(asked)
    assert isinstance(answer, Refused)
    return answer


async def test_a_limit_of_each_session_counts_each_by_itself(ledger: Ledger) -> None:
    row = await new_limit("session:*", 15, period="total")
    talks = [spend(f"session:{name}", amount=10) for name in ("a", "b", "a")]
    assert await verdicts(ledger, *talks, spend("session:a", amount=10, account_id=2)) == [True, True, False, True]
    found = sync_to_async(lambda: sorted(Counter.objects.filter(limit=row).values_list("subject", "reserved")))
    assert await found() == [("1/a", 10), ("1/b", 10), ("2/a", 10)]
    assert (await refused(ledger, spend("session:a", amount=10))).label == "session a"


async def test_an_accounts_own_limit_counts_its_requests_alone(ledger: Ledger) -> None:
    owner, other = await new_account(slug="own"), await new_account(slug="other")
    await new_limit("model:a:b", 15, account=owner)
    await new_limit("worker:*", 15, account=other)
    of = {
        each: lambda each=each: spend("model:a:b", "worker:w", amount=10, account_id=each.pk) for each in (owner, other)
    }
    assert await verdicts(ledger, of[owner](), of[owner](), of[other](), of[other]()) == [True, False, True, False]
    assert (await refused(ledger, of[other]())).label == "worker w"


async def test_a_soft_limit_counts_and_refuses_nothing_nor_tells_of_room(ledger: Ledger) -> None:
    soft = await new_limit("account:1", 15, mode="soft")
    assert await verdicts(ledger, *[spend("account:1", amount=10) for _ in range(3)]) == [True] * 3
    assert await books(soft) == (0, 30)
    await new_limit("account:1", 100, mode="hard")
    answer = await ledger.reserve(spend("account:1", amount=10))
    assert isinstance(answer, Granted)
    assert answer.remaining_nano == 60


async def test_a_range_counts_on_its_days_alone(ledger: Ledger) -> None:
    today, day = timezone.now().date(), timedelta(1)
    over = await new_limit("account:1", 5, period="range", starts_on=today - 9 * day, ends_on=today - 2 * day)
    running = await new_limit("key:1", 15, period="range", starts_on=today - day, ends_on=today + day)
    asked = [spend("account:1", "key:1", amount=10) for _ in range(2)]
    assert await verdicts(ledger, *asked) == [True, False]
    await ledger.settle(settlement(asked[0], amount=7))
    assert (await books(over), await books(running)) == ((0, 0), (7, 0))
    assert await sync_to_async(differences)() == []


async def test_a_limit_lowered_below_what_is_spent_refuses_and_is_never_negative(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    await sync_to_async(Limit.objects.filter(pk=row.pk).update)(amount=20)
    answer = await refused(ledger, spend("account:1", amount=1))
    assert (answer.limit, answer.spent, answer.reserved, answer.asked) == (20, 0, 60, 1)
    free = await ledger.reserve(spend("account:1", amount=0))
    assert isinstance(free, Granted)
    assert free.remaining_nano == 0
    await ledger.settle(settlement(held, amount=60))
    assert await books(row) == (60, 0)


async def test_a_price_of_nothing_passes_a_limit_of_nothing(ledger: Ledger) -> None:
    await new_limit("account:1", 0)
    assert await verdicts(ledger, spend("account:1", amount=0), spend("account:1", amount=1)) == [True, False]


async def test_all_requests_of_a_task_share_what_the_policy_gives_it(ledger: Ledger) -> None:
    def of(task: str, amount: int = 40, cap: int = 100, account_id: int = 1) -> Any:
        per_task = PerTask(policy="code", task=task, amount_nano=cap)
        return spend(f"task:{task}", "policy:code", amount=amount, per_task=per_task, account_id=account_id)

    assert await verdicts(ledger, of("t"), of("t"), of("t"), of("u"), of("t", account_id=2)) == [
        True,
        True,
        False,
        True,
        True,
    ]
    answer = await refused(ledger, of("t"))
    assert (answer.label, answer.limit, answer.reserved) == ("task t under policy code", 100, 80)
    assert await verdicts(ledger, of("t", cap=120), of("t", cap=120)) == [True, False], "the policy's own figure goes"
    rows = sync_to_async(lambda: list(Limit.objects.values_list("kind", "subject", "amount", "period")))
    assert await rows() == [("policy_task", "code", 100, "total")]


async def test_a_limit_that_pauses_says_so_once_when_it_passes_its_mark(ledger: Ledger) -> None:
    row = await new_limit("account:1", 100, mode="pause", soft_percent=50)
    is_paused = sync_to_async(lambda: Counter.objects.get(limit=row).is_paused)
    held = await ledger.reserve(spend("account:1", amount=60))
    assert isinstance(held, Granted)
    await ledger.settle(settlement(held, amount=50))
    assert not await is_paused()
    assert await verdicts(ledger, spend("account:1", amount=50), spend("account:1", amount=1)) == [True, False]
    assert await is_paused()
    await sync_to_async(Limit.objects.update)(amount=1_000)
    await ledger.reserve(spend("account:1", amount=1))
    assert not await is_paused()
