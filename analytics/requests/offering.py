"""What the requests of an account can be filtered by: the values that there were lately."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.utils.timezone import now

from analytics.dashboards.ranges import whole
from analytics.windows import reading
from analytics.windows.names import labels
from analytics.windows.types import Dimension, Question

LATELY = timedelta(days=91)
DIMENSIONS: tuple[Dimension, ...] = ("user", "key", "model", "provider", "policy")
MAX_WORDS = 200


def words(account_id: int) -> Mapping[str, Iterable[str]]:
    """By field, those that were asked most first."""
    return {dimension: list(_words(account_id, dimension)) for dimension in DIMENSIONS}


def _words(account_id: int, dimension: Dimension) -> Iterable[str]:
    until = whole(now())
    asked = Question(
        since=until - LATELY, until=until, by=(dimension,), accounts=frozenset([account_id]), traffic="both"
    )
    rows = sorted(reading.ask(asked).rows, key=lambda row: -row.figures.requests)
    called = labels(dimension, [row.group[0] for row in rows])
    return dict.fromkeys(called[row.group[0]] for row in rows[:MAX_WORDS] if row.group[0])
