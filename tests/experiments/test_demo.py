"""The demonstration: the same each time, decided by the real router, apart from all that is real, and gone without a trace."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from analytics.models import Feedback, Record
from analytics.windows import reading
from analytics.windows.types import Question
from budgets.books.sweeping import differences
from budgets.demonstration import staff
from budgets.models import Account, Counter, LedgerEntry, Limit
from experiments.demo import seeding
from experiments.demo.traffic import asks
from experiments.replay.decisions import explained
from routerhub.audit.chain import sealing
from routerhub.audit.models import Link
from tests.analytics import rows
from tests.cast import because

UNTIL = datetime(2026, 11, 29, 12, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("both_seeded")]


def test_the_same_seed_gives_the_same_requests_with_the_rhythm_of_days_and_weeks() -> None:
    found = list(asks(1, UNTIL - timedelta(days=30), UNTIL, 3_000))
    assert found == list(asks(1, UNTIL - timedelta(days=30), UNTIL, 3_000))
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert {each.operation_id.version for each in found} == {8}
    by_hand = [each for each in found if each.person is not None]
    at_weekends = sum(each.at.weekday() >= 5 for each in by_hand) / len(by_hand)
    assert at_weekends < 0.14, "two days of seven would be 0.29"
    assert sum(9 <= each.at.hour < 18 for each in by_hand) / len(by_hand) > 0.6
    assert any(each.session for each in found)


def test_a_demonstration_is_decided_and_charged_like_anything_and_goes_without_a_trace() -> None:
    real = rows.insert(created_at=UNTIL)
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    found = seeding.seed(1, until, 300, because("a demonstration"))
    ours = Record.objects.exclude(operation_id=real)
    assert found.requests == ours.count() > 290
    assert set(ours.values_list("is_sandbox", flat=True)) == {True}
    assert {"success", "refused"} <= set(ours.values_list("outcome", flat=True))
    assert ours.filter(fallback_used=True).exists()
    assert explained(ours.filter(outcome="success", category="coding")[0]).is_same
    shares = ours.filter(read_by="table").values_list("confidence", flat=True)
    assert (len(shares), len(set(shares)) > 10) == (found.requests, True), "as the classifier says"
    assert sum(LedgerEntry.objects.values_list("amount_nano", flat=True)) == sum(
        ours.values_list("cost_nano", flat=True)
    )
    assert differences() == []
    near = Counter.objects.get(
        limit__in=Limit.objects.filter(kind="account", subject=_id("demo-northwind"), period="month")
    )
    assert near.spent / near.limit.amount == pytest.approx(0.83, abs=0.01)
    sealing.seal(10**12)
    assert sum(Link.objects.filter(table="analytics_record").values_list("rows", flat=True)) == 1, "the real one"

    with pytest.raises(CommandError, match="is there already"):
        call_command("seed_demo", requests=100)
    rows.rolled_up()
    assert requests() > 100
    call_command("seed_demo", remove=True)
    assert requests() == 1
    assert list(Record.objects.values_list("operation_id", flat=True)) == [real]
    assert not any((staff.is_there(), LedgerEntry.objects.exists(), Feedback.objects.exists()))
    assert not Limit.objects.filter(account__isnull=False).exists()
    assert differences() == []


def requests() -> int:
    """Of the whole site, as it was rolled up."""
    whole = Question(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC), traffic="both")
    return sum(row.figures.requests for row in reading.ask(whole).rows)


def _id(slug: str) -> int:
    return Account.objects.values_list("pk", flat=True).get(slug=slug)
