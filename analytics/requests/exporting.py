"""A selection of requests as a file: at once where it is small."""

from django.core.exceptions import ValidationError
from django.http import StreamingHttpResponse
from django.utils.timezone import now

from analytics.exports.streaming import file_name, stream
from analytics.exports.types import About
from analytics.requests.columns import COLUMNS, rows
from analytics.requests.filters import RecordFilter
from routerhub.audit import events
from routerhub.audit.change import Change

MAX_AT_ONCE = 50_000
"""Rows that are sent at once. More are written in the background, so that nothing waits for whoever reads slowly."""
TOO_MANY = f"These are more than {MAX_AT_ONCE:,} requests: POST /api/exports writes them in the background, or narrow the range."


def download(
    chosen: RecordFilter, format_name: str, change: Change, account_id: int | None = None
) -> StreamingHttpResponse:
    """The requests of a valid selection; that somebody took them along stands in the audit log. Raises ValidationError, with the
    code "too_many" for too many of them."""
    if chosen.qs.order_by()[: MAX_AT_ONCE + 1].count() > MAX_AT_ONCE:
        raise ValidationError({"range": ValidationError(TOO_MANY, "too_many")})
    sent = stream(rows(chosen.qs), COLUMNS, format_name, name_of(chosen), about(chosen))
    told(chosen, format_name, change, account_id)
    return sent


def told(chosen: RecordFilter, format_name: str, change: Change, account_id: int | None) -> None:
    """Keep in the audit log who took which requests along; of a key, its account's people see it."""
    events.note("exported", change, f"{name_of(chosen)}, {format_name}", account_id)


def name_of(chosen: RecordFilter) -> str:
    """The name of its file, without ending."""
    selected, moment = chosen.selected, now()
    since = selected.get("since") or chosen.qs.order_by("created_at").values_list("created_at", flat=True).first()
    return file_name("requests", since or moment, selected.get("until") or moment, zone_of(chosen))


def zone_of(chosen: RecordFilter) -> str:
    return str(chosen.selected.get("zone", "UTC"))


def about(chosen: RecordFilter) -> About:
    """What the file says of itself: the range and every filter as it was given."""
    selected = chosen.selected
    facts = {name: str(chosen.data[name]) for name in selected if chosen.data.get(name)}
    facts |= {name: selected[name].isoformat() for name in ("since", "until") if name in selected}
    return About(title="Requests", zone=zone_of(chosen), facts={**facts, "made_at": now().isoformat()})
