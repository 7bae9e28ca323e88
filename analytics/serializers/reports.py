"""What is asked of the reports by an address, and how they answer: money as decimal text in USD, times in milliseconds."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError as Refused
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, now
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics.exports.types import FORMATS
from analytics.models import PolicyBand
from analytics.reports.types import Page
from analytics.windows.types import Dimension, Order, Question, Step, Traffic
from budgets.limits.zones import check_zone
from budgets.people import naming
from routerhub import numerals
from routerhub.audit.serializers import Choice, Reasoned, Strict, WholeNumber

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
MAX_LIMIT = 1_000
DEFAULT_DAYS, MAX_VALUES = 30, 100


@extend_schema_field(OpenApiTypes.STR)
class Moment(serializers.CharField):
    """A day, or a moment with its zone: what it is comes out as a date or a datetime."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            found = parse_date(text) or parse_datetime(text)
        except ValueError:
            found = None
        if found is None or (isinstance(found, datetime) and is_naive(found)):
            raise serializers.ValidationError(
                f"{text!r} is neither a day such as 2026-11-01 nor a moment with its zone such as 2026-11-01T08:00:00+01:00."
            )
        return found


class RangeQuery(Strict):
    """Which requests a report is about."""

    since = Moment(required=False, help_text=f"The first day, or a moment. Else the last {DEFAULT_DAYS} days.")
    until = Moment(required=False, help_text="The last day, which is in it; or a moment, which is not. Else now.")
    timezone = serializers.CharField(
        required=False,
        help_text="Whose days they are, e.g. Europe/Berlin. Else the account's, where there is one, or UTC.",
    )
    traffic = Choice(
        choices=get_args(Traffic),
        default="real",
        help_text="What the sandbox made up is told among the rest by both alone.",
    )

    def __init__(self, *arguments: Any, data: QueryDict | None = None, **options: Any) -> None:
        if data is not None:
            options["data"] = {name: data.getlist(name) if name in DIMENSIONS else data[name] for name in data}
        super().__init__(*arguments, **options)

    def get_fields(self) -> dict[str, Any]:
        """Each dimension can be filtered by."""
        return {**super().get_fields(), **{name: _filter() for name in DIMENSIONS}}

    def question(self, accounts: frozenset[int] | None, **more: Any) -> Question:
        """What was asked, of these accounts. Raises Django's ValidationError."""
        values = self.validated_data
        where = {name: tuple(values[name]) for name in DIMENSIONS if name in values}
        accounts = _narrowed(accounts, where)
        zone = _zone(values.get("timezone"), accounts)
        since, until = _bounds(values.get("since"), values.get("until"), ZoneInfo(zone))
        return Question(
            since=since, until=until, zone=zone, accounts=accounts, traffic=values["traffic"],
            where={name: _ids(name, texts) for name, texts in where.items() if name != "account"}, **more,
        )  # fmt: skip


class WhoseQuery(RangeQuery):
    """Which requests a report is about that is told of accounts as a whole."""

    def get_fields(self) -> dict[str, Any]:
        return {
            name: field for name, field in super().get_fields().items() if name not in DIMENSIONS or name == "account"
        }


class FileQuery(serializers.Serializer[Any]):
    """In which format the answer is sent, as a file; as JSON of the API where none is named."""

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "as": Choice(choices=FORMATS, required=False, help_text="Sends a file.")}


class OpportunitiesQuery(FileQuery, RangeQuery):
    """A range, and how it is told."""


class ReportQuery(FileQuery, RangeQuery):
    """A range, and how it is told."""

    group_by = serializers.CharField(
        default="", allow_blank=True, help_text=f"Up to three, with commas between them: {', '.join(DIMENSIONS)}."
    )
    step = Choice(choices=get_args(Step), required=False, help_text="Figures step by step beside those of the range.")
    order = Choice(choices=get_args(Order), default="requests", help_text="The most first; names from A on.")
    limit = WholeNumber(
        default=50, min_value=1, max_value=MAX_LIMIT, help_text="So many groups; the others are told as one."
    )
    offset = WholeNumber(default=0, min_value=0, max_value=1_000_000_000)
    compare = serializers.BooleanField(default=False, help_text="Whether the period before is told beside.")
    distributions = serializers.BooleanField(
        default=True, help_text="Whether times are told with quantiles and a histogram."
    )

    def validate_group_by(self, text: str) -> tuple[str, ...]:
        found = tuple(name.strip() for name in text.split(",") if name.strip())
        if unknown := [name for name in found if name not in DIMENSIONS]:
            raise serializers.ValidationError(f"{unknown[0]!r} is none of {', '.join(DIMENSIONS)}.")
        return found

    def page(self) -> Page:
        return Page(**{name: self.validated_data[name] for name in Page.__slots__})

    def asked(self, accounts: frozenset[int] | None) -> Question:
        values = self.validated_data
        return self.question(
            accounts, by=values["group_by"], step=values.get("step"), distributions=values["distributions"]
        )


def _filter() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(allow_blank=True), required=False, max_length=MAX_VALUES,
        help_text="Any of these, the parameter repeated; empty: those without.",
    )  # fmt: skip


def _narrowed(accounts: frozenset[int] | None, where: Mapping[Dimension, tuple[str, ...]]) -> frozenset[int] | None:
    """To the accounts that are named. Raises ValidationError for one that is not among them."""
    if "account" not in where:
        return accounts
    return frozenset(naming.account_of(slug, accounts).id for slug in where["account"])


def _zone(given: str | None, accounts: frozenset[int] | None) -> str:
    if given is None:
        return naming.zone_of(next(iter(accounts))) if accounts and len(accounts) == 1 else "UTC"
    try:
        check_zone(given)
    except Refused as refused:
        raise Refused({"timezone": refused.messages}) from refused
    return given


def _bounds(since: date | None, until: date | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = until or now().astimezone(zone).date()
    end = last if isinstance(last, datetime) else _midnight(last + timedelta(days=1), zone)
    first = since or end.astimezone(zone).date() - timedelta(days=DEFAULT_DAYS)
    return first if isinstance(first, datetime) else _midnight(first, zone), end


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _ids(name: Dimension, texts: tuple[str, ...]) -> tuple[str, ...]:
    """People are named; keys go by their id. Raises ValidationError."""
    if name == "key" and (wrong := [text for text in texts if text and numerals.whole(text) is None]):
        raise Refused({"key": f"{wrong[0]!r} is not the id of a key."})
    return tuple(str(naming.id_of("user", text)) if name == "user" and text else text for text in texts)


class DearestQuery(RangeQuery):
    """A range, and how many of the dearest."""

    limit = WholeNumber(default=20, min_value=1, max_value=MAX_LIMIT)


class PolicyBandSerializer(Reasoned, Strict, serializers.ModelSerializer[PolicyBand]):
    class Meta:
        model = PolicyBand
        fields = ["policy", "low_percent", "high_percent", "reason"]
