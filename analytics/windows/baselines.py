"""What routing is compared with, worked out once for each pair of releases that answered: see reference.py for the rules.

It never changes afterwards, so that rolling up again gives the same figures.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.timezone import now

from analytics.models import Baseline
from analytics.windows.reading import ask
from analytics.windows.reference import Success, references
from analytics.windows.types import Question
from routerhub.releases import store
from routerhub.releases.errors import InvalidRelease, UnknownRelease

MEASURED = timedelta(days=30)
"""So long before, success is measured."""


def ensure(releases: Collection[tuple[int, int]]) -> None:
    """That there are baselines of these releases, (catalogue, router) each. Where one is gone, or cannot be read any more, there
    are none, and what it answered is not compared."""
    near = Baseline.objects.filter(router_release__in={router for _, router in releases})
    known = set(near.values_list("catalogue_release", "router_release").distinct().order_by())
    missing = sorted(set(releases) - known)
    if not missing:
        return
    moment = now()
    success = _success(moment)
    Baseline.objects.bulk_create(
        (row for pair in missing for row in _rows(pair, success, moment)), ignore_conflicts=True
    )


def _rows(pair: tuple[int, int], success: Mapping[str, Success], moment: datetime) -> Iterator[Baseline]:
    try:
        catalogue, router = store.release("catalogue", pair[0]), store.release("router", pair[1])
    except (UnknownRelease, InvalidRelease):
        return
    scores: dict[str, dict[str, Decimal]] = {}
    for profile in router.profiles.values():
        for category, score in profile.categories.items():
            scores.setdefault(category, {})[profile.model] = score.value
    for each in references(catalogue, scores, success, moment):
        yield Baseline(catalogue_release=pair[0], router_release=pair[1], **asdict(each))


def _success(moment: datetime) -> Mapping[str, Success]:
    """By model, until today's midnight."""
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = Question(since=today - MEASURED, until=today, by=("model",), traffic="both")
    rows = ask(asked).rows
    return {row.group[0]: (row.figures.successes, row.figures.successes + row.figures.failures) for row in rows}
