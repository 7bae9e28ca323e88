"""The dearest requests, out of the records themselves, and the dearest users, out of the roll-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from analytics.models import Record
from analytics.reports.performance import performance
from analytics.reports.types import Page, Report
from analytics.windows.types import Dimension, Question

MAX_DAYS = 92
COLUMNS: Mapping[Dimension, str] = {"account": "account_id", "user": "user_id", "key": "key_id"}
"""What holds a dimension's values, where it is not called the same."""


def dearest_requests(question: Question, limit: int) -> Sequence[Record]:
    """By the index of what requests cost; of equal ones always the same first. Raises ValidationError for too long a range."""
    ordered = requests_of(question).order_by("-cost_nano", "operation_id")
    return list(ordered.defer("decision", "attempts")[:limit])


def requests_of(question: Question) -> QuerySet[Record]:
    """The records that a question is about. Raises ValidationError for too long a range."""
    if question.until - question.since > timedelta(days=MAX_DAYS):
        raise ValidationError({"since": f"{question.since} is more than {MAX_DAYS} days before until: ask for fewer."})
    found: QuerySet[Record] = Record.objects.filter(created_at__gte=question.since, created_at__lt=question.until)
    if question.accounts is not None:
        found = found.filter(account_id__in=question.accounts)
    if question.traffic != "both":
        found = found.filter(is_sandbox=question.traffic == "sandbox")
    for dimension, values in question.where.items():
        found = _narrowed(found, dimension, values)
    return found


def _narrowed(rows: QuerySet[Record], dimension: Dimension, values: Sequence[str]) -> QuerySet[Record]:
    if dimension == "tag":
        # The column is text[]; Django's own overlap would compare it with varchar[].
        return rows.extra(where=["tags && %s::text[] OR tags = '{}' AND '' = ANY (%s)"], params=[list(values)] * 2)
    column = COLUMNS.get(dimension)
    if column is None:
        return rows.filter(**{f"{dimension}__in": values})
    nobody = Q(**{f"{column}__isnull": True}) if "" in values else Q(pk__in=[])
    return rows.filter(Q(**{f"{column}__in": [int(each) for each in values if each]}) | nobody)


def dearest_users(question: Question, limit: int) -> Report:
    """With what they asked for in the period before."""
    asked = replace(question, by=("user",), step=None, distributions=False)
    return performance(asked, Page(limit=limit, order="cost", compare=True))
