"""The ways by which people are told: checked when they are saved, sealed, and opened by who sends alone."""

import base64
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import transaction
from django.utils import timezone

from budgets.alerts import chat, waking
from budgets.alerts.guard import SETTING
from budgets.alerts.raising import delivery, new_message_id
from budgets.choices import ChannelKind
from budgets.models import AlertChannel, Delivery
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.egress import url_refusal
from routerhub.sealing import Sealer, Unreadable

__all__ = ["Address", "Unreadable", "check", "mail_url", "make", "open_address", "rotate", "save", "test"]
OVERLAP = timedelta(days=1)
"""So long a webhook is signed with the secret before the last rotation too."""
MAX_ADDRESS = 2_000
SECRET_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a channel leads, and what its webhooks are signed with."""

    url: str
    """Of an email, the address alone."""
    secret: str = ""
    old_secret: str = ""
    old_until: str = ""
    """ISO 8601: so long the old one signs too."""

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Those that sign, the newest first."""
        is_old_in_use = self.old_secret and now < datetime.fromisoformat(self.old_until)
        return (self.secret, self.old_secret) if is_old_in_use else (self.secret,)


def make(row: AlertChannel, url: str, change: Change) -> str:
    """Give a channel its address, the first one or another, and save it. Returns what webhooks are signed with, which is told
    now and never again: another address has another secret.

    Raises ValidationError for `address`.
    """
    row.shown = check(row.kind, url)
    address = Address(url=url, secret=_new_secret() if row.kind == ChannelKind.WEBHOOK else "")
    _seal(row, address)
    save(row, change)
    return address.secret


def rotate(row: AlertChannel, change: Change) -> str:
    """Another secret for a webhook, told now and never again; for a day the one before signs too. Raises ValidationError."""
    if row.kind != ChannelKind.WEBHOOK:
        raise ValidationError({"kind": f"{row.get_kind_display()} is not signed: only a webhook has a secret."})
    before = open_address(row)
    until = (timezone.now() + OVERLAP).isoformat()
    _seal(row, replace(before, secret=_new_secret(), old_secret=before.secret, old_until=until))
    save(row, change)
    return open_address(row).secret


def test(row: AlertChannel) -> Delivery:
    """Have a message sent that says what it is: what becomes of it stands in the log."""
    moment = timezone.now()
    content = {
        "type": "alert.test", "timestamp": moment.isoformat(),
        "data": {"kind": "test", "title": f"This is a test of the channel {row.name}.", "figures": {}},
    }  # fmt: skip
    sent = delivery(row, new_message_id(), content, moment)
    sent.save()
    transaction.on_commit(waking.wake)
    return sent


def save(row: AlertChannel, change: Change) -> None:
    history.stamp(row, change)
    row.save()


def open_address(row: AlertChannel) -> Address:
    """Raises Unreadable."""
    return Address(**json.loads(Sealer(settings.STORAGE_KEYS).open(_name(row), bytes(row.sealed))))


def mail_url(address: str) -> str:
    """How the site's mail server is told to send to an address. Raises ValidationError where there is none."""
    if not settings.ALERT_MAIL_URL:
        raise ValidationError({"address": "No email can be sent: ALERT_MAIL_URL is not set."})
    parts = urlsplit(settings.ALERT_MAIL_URL)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "to"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("to", address)])))


def check(kind: str, url: str) -> str:
    """What is shown of the address. Raises ValidationError where nothing can be sent to it."""
    checks = {ChannelKind.EMAIL: _checked_email, ChannelKind.WEBHOOK: _checked_webhook, ChannelKind.CHAT: chat.checked}
    if not url or len(url) > MAX_ADDRESS:
        raise ValidationError({"address": f"Write 1 to {MAX_ADDRESS:,} characters."})
    try:
        return checks[ChannelKind(kind)](url)
    except ValidationError as problem:
        raise ValidationError({"address": problem.messages}) from problem


def _checked_email(address: str) -> str:
    validate_email(address)
    mail_url(address)
    return address


def _checked_webhook(url: str) -> str:
    """Scheme and host: the rest may be a secret."""
    URLValidator(["http", "https"], message="Write a web address, like https://example.com/alerts.")(url)
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValidationError("Leave out user and password: a webhook proves itself by its signature.")
    if problem := url_refusal(url, settings.ALERT_PRIVATE_NETWORKS, SETTING):
        raise ValidationError(problem)
    return f"{parts.scheme}://{parts.netloc}/…"


def _seal(row: AlertChannel, address: Address) -> None:
    content = {name: getattr(address, name) for name in Address.__dataclass_fields__}
    row.sealed = Sealer(settings.STORAGE_KEYS).seal(_name(row), json.dumps(content).encode())


def _name(row: AlertChannel) -> str:
    """What it is sealed for: it opens in no other row."""
    return f"alert channel {row.pk}"


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
