"""What somebody did that no configuration table keeps: written by whoever sees it happen, searched and sealed with all else."""

from typing import Any, Literal

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from simple_history.models import HistoricalRecords

from routerhub.audit.change import Change, address_of
from routerhub.audit.models import Event
from routerhub.tenancy.scope import system

EventKind = Literal[
    "signed in",
    "sign-in failed",
    "signed out",
    "people changed",
    "exported",
    "body read",
    "body deleted",
    "release named",
    "outcomes imported",
    "outcomes deleted",
]
PEOPLE = {"user", "group"}
"""Tables of Django's own that decide who may do what. They keep no versions."""


def note(kind: EventKind, change: Change, subject: str = "", account_id: int | None = None) -> None:
    """Keep that somebody did something, in the transaction that does it. The change's reason says what."""
    with system():
        Event.objects.create(
            kind=kind, user_id=change.author_id, who=change.author.get_username() if change.author else "",
            account_id=account_id, address=change.address, subject=subject[:200], text=change.reason,
        )  # fmt: skip


@receiver(user_logged_in)
def _signed_in(request: Any, user: Any, **_: Any) -> None:
    note("signed in", Change(reason="", author=user, address=address_of(request) if request else None))


@receiver(user_logged_out)
def _signed_out(request: Any, user: Any, **_: Any) -> None:
    if user is not None:
        note("signed out", Change(reason="", author=user, address=address_of(request) if request else None))


@receiver(user_login_failed)
def _not_signed_in(credentials: Any, request: Any = None, **_: Any) -> None:
    """The name is kept where it is somebody's: what else is typed there may be a password."""
    given = credentials.get("username") or credentials.get("email") or ""
    user = get_user_model().objects.filter(username=given).first()
    note("sign-in failed", Change(reason="", author=user, address=address_of(request) if request else None))


@receiver(post_save, sender=LogEntry)
def _people_changed(instance: LogEntry, **_: Any) -> None:
    kind = instance.content_type
    if kind is None or kind.app_label != "auth" or kind.model not in PEOPLE:
        return
    request = getattr(HistoricalRecords.context, "request", None)
    change = Change(
        reason=instance.get_change_message(), author=instance.user, address=address_of(request) if request else None
    )
    note("people changed", change, f"{kind.model} {instance.object_repr}")
