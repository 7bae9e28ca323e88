"""Changed rows of the router's tables saved: live for all, for a share of the users, or as a draft that is live for nobody."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from autorouter.configuration.compiler import LINE
from autorouter.models import RouterConfiguration
from routerhub import numerals
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import rollout, store

LIVE = rollout.EVERYBODY
DRAFT = 0


@transaction.atomic
def change_row(row: models.Model, change: Change) -> int:
    """Save a changed row of any of these tables and publish. Raises ValidationError, InvalidRelease."""
    save_row(row, change)
    return publish(change)


def save_row(row: models.Model, change: Change) -> None:
    """Save a changed row and publish nothing. Raises ValidationError."""
    row.full_clean()
    history.stamp(row, change)
    row.save()


def publish(change: Change) -> int:
    """Make the tables the live router release and return its number. Raises InvalidRelease; writes nothing then."""
    return store.publish(LINE, change)


def read_share(text: str) -> int:
    """For how many percent of the users: 100 for "live", 0 for "draft", or a number between. Raises ValidationError."""
    if text in {"live", "draft"}:
        return LIVE if text == "live" else DRAFT
    percent = numerals.whole(text) or 0
    try:
        rollout.demand_share(percent)
    except ValueError as problem:
        allowed = "live, draft or a number of percent from 1 to 100"
        raise ValidationError({"as": f"{text!r} is not {allowed}."}) from problem
    return percent


def differs(row: RouterConfiguration, values: Mapping[str, Any]) -> bool:
    """Whether these values change anything."""
    return any(getattr(row, name) != value for name, value in values.items())


@transaction.atomic
def save_tuning(
    row: RouterConfiguration, values: Mapping[str, Any], percent: int, change: Change, label: str = ""
) -> int:
    """Change these values and make the release live for `percent` of the users. A draft may be called `label`. Returns its
    number.

    Values that are there already change nothing: the number is that of the newest release in use.
    Raises ValidationError, InvalidRelease; nothing is written then.
    """
    if label and percent != DRAFT:
        raise ValidationError({"label": f"{label!r} would be the name of a draft, and this is none: leave it out."})
    if not differs(row, values):
        in_use = rollout.pointer(LINE)
        return in_use.stable if in_use.candidate is None else in_use.candidate

    def edit() -> None:
        for name, value in values.items():
            setattr(row, name, value)
        save_row(row, change)

    if percent == LIVE:
        edit()
        return publish(change)
    number = store.draft(LINE, edit, change, label)
    if percent:
        rollout.roll_out(LINE, number, percent, change)
    return number
