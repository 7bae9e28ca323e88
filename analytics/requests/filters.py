"""By what requests are filtered: one set for the API, the page, the exports and the views that are kept."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.timezone import now

from analytics.models import Record
from analytics.models.records import Real
from analytics.records import metadata
from analytics.requests import ranges
from analytics.requests.ranges import PRESETS, Range
from budgets.choices import Outcome
from budgets.limits.zones import check_zone
from budgets.people import naming
from budgets.people.naming import AccountName
from budgets.types import NANO
from routerhub.audit.forms import NumericForm

OUTCOMES = (*Outcome.values, "refused")
TRAFFIC = ("real", "sandbox")
VARIANTS = ("a", "b")
READERS = ("table", "encoder", "model")
"""Who finds the category of a request."""
WORDS: dict[str, Callable[[], Iterable[str]]] = {
    "outcome": lambda: OUTCOMES,
    "range": lambda: PRESETS,
    "traffic": lambda: TRAFFIC,
    "variant": lambda: VARIANTS,
    "read_by": lambda: READERS,
}
"""What a field may say. Who knows the words that the router writes adds its columns here."""
NAMED: Mapping[str, naming.Kind] = {"user": "user", "key": "key"}
OF_THE_RANGE = ("zone", "range", "since", "until")
INDEXED = (*OF_THE_RANGE, "account", "experiment")
"""What an index finds, however few there are of it. For all else so many requests are looked through: see paging."""


class SelectionForm(NumericForm, forms.Form):
    """What was asked for, checked: `since` and `until` become moments."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in WORDS.keys() & self.fields.keys():
            self._check_word(name, cleaned.get(name) or "")
        found = self._range(cleaned)
        return {**cleaned, "since": found.since, "until": found.until}

    def _check_word(self, name: str, given: str) -> None:
        if (
            name in {"outcome", "range", "traffic", "variant", "read_by"}
            and given
            and given not in (allowed := list(WORDS[name]()))
        ):
            self.add_error(name, f"{given[:50]!r} is none of {', '.join(allowed)}.")

    def _range(self, cleaned: Mapping[str, Any]) -> Range:
        """The moments that were given, else those of the preset."""
        zone = self._zone(cleaned.get("zone") or "UTC")
        named = str(cleaned.get("range"))
        found = ranges.preset(named, now(), zone) if named in PRESETS else Range()
        since = self._moment("since", cleaned, ranges.first_moment, zone) or found.since
        until = self._moment("until", cleaned, ranges.end_moment, zone) or found.until
        if since and until and since >= until:
            self.add_error("until", f"{until.isoformat()} is not after {since.isoformat()}, where the range begins.")
        return Range(since=since, until=until)

    def _zone(self, name: str) -> ZoneInfo:
        try:
            check_zone(name)
        except ValidationError as problem:
            self.add_error("zone", problem)
            return ZoneInfo("UTC")
        return ZoneInfo(name)

    def _moment(self, name: str, cleaned: Mapping[str, Any], read: Callable[..., Any], zone: ZoneInfo) -> Any:
        try:
            return read(cleaned[name], zone) if cleaned.get(name) else None
        except ValueError as problem:
            self.add_error(name, str(problem))
            return None

    def clean_metadata(self) -> str:
        given: str = self.cleaned_data["metadata"]
        if not given:
            return given
        if not all(given.partition("=")):
            raise ValidationError(f"{given[:50]!r}: write a name and its value, like ticket=42 or run.step=3.")
        try:
            metadata.condition(given)
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem
        return given

    def clean_account(self) -> AccountName | None:
        slug: str = self.cleaned_data["account"]
        try:
            return naming.account_of(slug) if slug else None
        except ValidationError as problem:
            raise ValidationError(f"There is no account {slug[:50]!r} of yours.") from problem


class RecordFilter(django_filters.FilterSet):  # type: ignore[misc]
    """?range=7d&zone=Europe/Berlin&model=openai:gpt-5&outcome=failure&metadata=ticket=42&q=timeout"""

    zone = django_filters.CharFilter(method="as_it_is", label="time zone of days")
    range = django_filters.CharFilter(method="as_it_is", label=f"one of {', '.join(PRESETS)}")
    since = django_filters.CharFilter(
        field_name="created_at", lookup_expr="gte", label="a day of the zone, or a moment"
    )
    until = django_filters.CharFilter(
        field_name="created_at", lookup_expr="lt", label="a day, which is in it, or a moment"
    )
    account = django_filters.CharFilter(method="of_account", label="by its slug")
    user = django_filters.CharFilter(method="of_user", label="by name")
    key = django_filters.CharFilter(method="of_key", label="by name")
    key_id = django_filters.NumberFilter(min_value=0, max_value=2**63 - 1)
    experiment = django_filters.NumberFilter(min_value=1, max_value=2**63 - 1, label="a test's number")
    phase = django_filters.NumberFilter(min_value=1, max_value=2**15 - 1, label="of a test")
    tag = django_filters.CharFilter(method="of_tag")
    traffic = django_filters.CharFilter(method="of_traffic", label="real or sandbox")
    min_cost_usd = django_filters.NumberFilter(method="of_cost", min_value=0, max_value=10**9)
    max_cost_usd = django_filters.NumberFilter(method="of_cost", min_value=0, max_value=10**9)
    min_latency_ms = django_filters.NumberFilter(
        field_name="latency_ms", lookup_expr="gte", min_value=0, max_value=2**31 - 1
    )
    max_latency_ms = django_filters.NumberFilter(
        field_name="latency_ms", lookup_expr="lte", min_value=0, max_value=2**31 - 1
    )
    min_confidence = django_filters.NumberFilter(method="of_confidence", min_value=0, max_value=1)
    max_confidence = django_filters.NumberFilter(method="of_confidence", min_value=0, max_value=1)
    metadata = django_filters.CharFilter(method="of_metadata", label="name=value of the caller's own object")
    q = django_filters.CharFilter(
        method="search", label="operation id, session, task, worker, model, or words of the error"
    )

    class Meta:
        model = Record
        form = SelectionForm
        fields: ClassVar = [
            "model", "provider", "deployment", "policy", "task_type", "category", "complexity", "outcome", "error_kind",
            "is_sandbox", "is_stream", "is_reported", "is_cost_disputed", "session", "task_id", "worker",
            "variant", "unit", "second", "read_by",
        ]  # fmt: skip

    @property
    def selected(self) -> dict[str, Any]:
        """What is asked for, by field, without what is not. Only of a set that is valid."""
        return {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "")}

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for more than an index finds."""
        return bool(self.selected.keys() - {*INDEXED}) and self.operation is None

    @property
    def operation(self) -> uuid.UUID | None:
        """The one request that is searched for, by its id."""
        try:
            return uuid.UUID(self.selected.get("q", ""))
        except ValueError:
            return None

    def values_of(self, name: str) -> tuple[str, ...]:
        """What a field asks for, as text; of people and keys the ids."""
        given = self.selected[name]
        kind = NAMED.get(name)
        return tuple(map(str, naming.ids_of(kind, given))) if kind else (str(given),)

    def in_range(self) -> QuerySet[Record]:
        """All of the range and account, whatever else is asked for."""
        found: QuerySet[Record] = self.queryset.all()
        for name in INDEXED:
            found = self.filters[name].filter(found, self.form.cleaned_data[name])
        return found

    def filter_queryset(self, queryset: QuerySet[Record]) -> QuerySet[Record]:
        if self.operation:
            return queryset.filter(operation_id=self.operation)
        return super().filter_queryset(queryset)  # type: ignore[no-any-return]

    def as_it_is(self, records: QuerySet[Record], _name: str, _given: Any) -> QuerySet[Record]:
        """What only says how another field is meant."""
        return records

    def of_account(self, records: QuerySet[Record], _name: str, given: AccountName) -> QuerySet[Record]:
        return records.filter(account_id=given.id)

    def of_user(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        return records.filter(user_id__in=naming.ids_of("user", given))

    def of_key(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        return records.filter(key_id__in=naming.ids_of("key", given))

    def of_tag(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        """The column is text[], which PostgreSQL compares with nothing else."""
        return records.annotate(held=Cast("tags", ArrayField(TextField()))).filter(**{"held__contains": [given]})

    def of_traffic(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        return records.filter(is_sandbox=given == "sandbox")

    def of_cost(self, records: QuerySet[Record], name: str, given: Any) -> QuerySet[Record]:
        return records.filter(**{f"cost_nano__{'gte' if name.startswith('min') else 'lte'}": int(given * NANO)})

    def of_confidence(self, records: QuerySet[Record], name: str, given: Any) -> QuerySet[Record]:
        """The column is in hundredths but half as precise as what PostgreSQL would compare it with."""
        bound = Cast(given, Real())
        return records.filter(**{f"confidence__{'gte' if name.startswith('min') else 'lte'}": bound})

    def of_metadata(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        return records.filter(metadata.condition(given))

    def search(self, records: QuerySet[Record], _name: str, given: str) -> QuerySet[Record]:
        words = Q(session=given) | Q(task_id=given) | Q(worker=given) | Q(model__icontains=given)
        return records.filter(words | Q(requested_model__icontains=given) | Q(error__icontains=given))
