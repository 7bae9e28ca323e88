"""What waits for a person: prices in doubt, proposals and triggered alerts, each with what can be done about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.db.models import QuerySet

from budgets.alerts import raising
from experiments.learning import proposals
from models_registry.prices import rows
from routerhub.audit.pages import StaffPage, page
from routerhub.audit.permissions import may

SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One sort of things that wait."""

    name: str
    title: str
    find: Callable[[], QuerySet[Any]]
    template: str
    """Which draws what one of them is about, as `row`."""
    buttons: tuple[tuple[str, str], ...]
    """The actions of the table's list, and their words."""


KINDS = (
    Kind(
        name="alerts", title="Alerts", find=raising.triggered, template="inbox/alert.html",
        buttons=(("acknowledge_alerts", "Acknowledge"),),
    ),
    Kind(
        name="prices", title="Prices that wait for approval", find=rows.waiting, template="inbox/price.html",
        buttons=(("approve_prices", "Approve…"), ("reject_prices", "Reject…")),
    ),
    Kind(
        name="proposals", title="Proposals", find=proposals.waiting, template="inbox/proposal.html",
        buttons=(("accept", "Accept…"), ("reject", "Reject…")),
    ),
)  # fmt: skip


def seen_by(user: Any) -> tuple[Kind, ...]:
    """What somebody may see of it."""
    return tuple(kind for kind in KINDS if may(user, "view", kind.find().model))


def counted(user: Any) -> Mapping[str, int]:
    """How many of each kind wait, of those that somebody may see, in one query."""
    kinds = seen_by(user)
    if not kinds:
        return {}
    found = [kind.find().order_by().values("pk").query.sql_with_params() for kind in kinds]
    columns = ", ".join(f"(SELECT count(*) FROM ({query}) AS waiting)" for query, _ in found)  # noqa: S608 - Django wrote it
    with connection.cursor() as cursor:
        values = [each for _, given in found for each in given]
        cursor.execute(f"SELECT {columns}", values)
        return dict(zip((kind.name for kind in kinds), cursor.fetchone(), strict=True))


@page("inbox/", "inbox")
class InboxPage(StaffPage):
    """The newest of each kind. A button does what the same action of the table's own list does, and asks why where that does."""

    title = "Inbox"
    template_name = "inbox/inbox.html"

    @classmethod
    def may_see(cls, user: Any) -> bool:
        return bool(seen_by(user))

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        user = self.request.user
        counts = counted(user)
        shown = [_shown(user, kind, counts[kind.name]) for kind in seen_by(user) if counts[kind.name]]
        return super().get_context_data(**given, kinds=shown, checkbox=ACTION_CHECKBOX_NAME)


def _shown(user: Any, kind: Kind, count: int) -> dict[str, Any]:
    table = kind.find().model
    return {
        "kind": kind, "count": count, "rows": kind.find()[:SHOWN], "may_decide": may(user, "change", table),
        "list": f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist",
        "page": f"admin:{table._meta.app_label}_{table._meta.model_name}_change",
    }  # fmt: skip
