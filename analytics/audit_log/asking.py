"""What an address asks of the audit log: the same for the page, the API and the export."""

import ipaddress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import StreamingHttpResponse
from django.utils.timezone import now

from analytics.audit_log.searching import KINDS, MAX_EXPORTED, all_entries
from analytics.audit_log.types import Asked, Entry, Viewer
from analytics.exports.streaming import file_name, stream
from analytics.exports.types import About, Column
from analytics.requests import ranges
from budgets.limits.zones import check_zone
from budgets.people.naming import account_of
from routerhub.audit import events
from routerhub.audit.change import Change
from routerhub.audit.forms import NumericForm

COLUMNS = (
    Column(name="at", kind="moment"), Column(name="kind"), Column(name="who"), Column(name="address"), Column(name="account"),
    Column(name="subject"), Column(name="text"), Column(name="source"), Column(name="key"),
)  # fmt: skip


class AuditForm(NumericForm, forms.Form):
    """?since=2026-11-01&until=2026-11-08&kind=changed&who=ada&address=10.0.0.0/8&subject=limit&account=acme&q=words"""

    since = forms.CharField(required=False, label="From")
    until = forms.CharField(required=False, label="To, with that day")
    zone = forms.CharField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        required=False, choices=[("", "all"), *((each, each) for each in KINDS)],
        error_messages={"invalid_choice": f"'%(value)s' is none of {', '.join(KINDS)}."},
    )  # fmt: skip
    who = forms.CharField(required=False, max_length=150, label="Who (person or key)")
    address = forms.CharField(required=False, label="Address or network")
    subject = forms.CharField(required=False, max_length=200, label="What (table or model)")
    account = forms.CharField(required=False)
    q = forms.CharField(required=False, max_length=200, label="Words, or an operation id")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("since", "until"):
            self.fields[name].widget.input_type = "date"

    def clean_zone(self) -> ZoneInfo:
        name: str = self.cleaned_data["zone"] or "UTC"
        check_zone(name)
        return ZoneInfo(name)

    def clean_address(self) -> str:
        given: str = self.cleaned_data["address"]
        try:
            return str(ipaddress.ip_network(given, strict=False)) if given else ""
        except ValueError as problem:
            raise ValidationError(f"{given[:50]!r} is no address and no network such as 10.0.0.0/8.") from problem

    def clean_account(self) -> int | None:
        slug: str = self.cleaned_data["account"]
        try:
            return account_of(slug).id if slug else None
        except ValidationError as problem:
            raise ValidationError(f"There is no account {slug[:50]!r} of yours.") from problem

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        zone = cleaned.get("zone") or ZoneInfo("UTC")
        since, until = self._moment("since", ranges.first_moment, zone), self._moment("until", ranges.end_moment, zone)
        if since and until and since >= until:
            self.add_error("until", f"{until.isoformat()} is not after {since.isoformat()}, where the range begins.")
        return {**cleaned, "since": since, "until": until}

    def _moment(self, name: str, read: Any, zone: ZoneInfo) -> datetime | None:
        given = self.cleaned_data.get(name)
        try:
            return read(given, zone) if given else None
        except ValueError as problem:
            self.add_error(name, str(problem))
            return None

    def asked(self) -> Asked:
        """Of a valid form."""
        found = self.cleaned_data
        return Asked(
            since=found["since"], until=found["until"], who=found["who"], address=found["address"], kind=found["kind"],
            subject=found["subject"], account_id=found["account"], text=found["q"],
        )  # fmt: skip


def download(form: AuditForm, viewer: Viewer, format_name: str, change: Change) -> StreamingHttpResponse:
    """Up to MAX_EXPORTED entries of a valid form as a file; that somebody took it along is an entry itself. Raises
    ValidationError for a format that there is not."""
    asked, zone = form.asked(), form.cleaned_data["zone"].key
    given = {name: str(form.data[name]) for name in form.fields if form.data.get(name)}
    entries = all_entries(asked, viewer)
    newest, oldest = asked.until or now(), asked.since or datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    about = About(title="Audit log", zone=zone, facts={**given, "at_most": f"{MAX_EXPORTED:,} entries"})
    name = file_name("audit", oldest, newest, zone)
    sent = stream((as_json(each) for each in entries), COLUMNS, format_name, name, about)
    events.note("exported", change, f"audit log, {format_name}")
    return sent


def as_json(entry: Entry) -> dict[str, Any]:
    return {column.name: getattr(entry, column.name) for column in COLUMNS}
