"""Which requests teach something of success: those whose words are kept, judged ones and as large a share of failed ones."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import now

from analytics.models import Feedback
from experiments.learning.success import fitting, gathering, replaying
from experiments.learning.success.gathering import Gathered
from tests.experiments.traffic import LARGE, MIDDLE, open_shop, request

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop()


def asked(satisfaction: str | None = None, terms: tuple[int, ...] = (3, 7), **columns: Any) -> UUID:
    """A request whose words are kept, and what somebody thought of its answer."""
    operation = request(asked={"terms": terms}, **columns)
    if satisfaction:
        Feedback.objects.create(operation_id=operation, account_id=1, satisfaction=Decimal(satisfaction))
    return operation


def gathered() -> Gathered:
    return gathering.gather(now() - timedelta(days=90))


def test_judged_requests_teach_by_their_words_and_a_session_is_one_question() -> None:
    asked("0.8")
    asked("0.2", session="s", account_id=1)
    asked("0.4", session="s", account_id=1)
    asked("1", saved_nano=5)
    asked("1", terms=())
    asked()
    found = gathered()
    assert (found.requests, found.judged, found.failed) == (4, 3, 0)
    assert {(each.model, each.kind, each.terms, each.score) for each in found.outcomes} == {
        (MIDDLE, "coding", (3, 7), score) for score in (0.8, 0.2, 0.4)
    }
    assert len({each.question for each in found.outcomes}) == 2


@pytest.mark.parametrize(("judged", "failed"), [(4, 3), (0, 0)])
def test_failures_count_as_far_as_answers_are_judged(judged: int, failed: int) -> None:
    for number in range(4):
        asked("1" if number < judged else None)
    for _ in range(3):
        asked(outcome="failure", http_status=502)
    asked(outcome="refused", http_status=429)
    found = gathered()
    assert (found.judged, found.failed) == (judged, failed)
    assert sum(each.score for each in found.outcomes) == judged


def test_off_policy_takes_only_requests_of_tests_for_which_the_choice_is_the_one_that_answered() -> None:
    common = fitting.Common(levels={}, terms={})
    since = now() - timedelta(days=1)
    asked("1")
    asked("0", propensity=0.5, experiment=1, phase=1, variant="a", unit="u", model=LARGE)
    assert replaying.off_policy({}, since) == {"is": "no evidence", "requests": 1, "needed": 30}
    for number in range(30):
        asked("0.5", propensity=0.5, experiment=1, phase=1, variant="b", unit=f"u{number}")
    found = replaying.off_policy({}, since)
    assert found["is"].startswith("off-policy")
    assert (found["now"]["mean"], found["then"]["mean"]) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (found["then"]["requests"], found["then"]["effective"]) == (30, pytest.approx(30))
    assert replaying.changes({}, common, since)["moved"] == 0
