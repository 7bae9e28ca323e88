"""The tuning values saved: live for all, for a share of the users, or as a draft that is live for nobody."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from autorouter.configuration import save
from autorouter.models import RouterConfiguration
from routerhub.releases import rollout

LIVE = 100
DRAFT = 0


def read_way(text: str) -> int:
    """For how many percent of the users: 100 for "live", 0 for "draft", or a number between. Raises ValidationError."""
    if text in {"live", "draft"}:
        return LIVE if text == "live" else DRAFT
    if text.isdecimal() and 1 <= int(text) <= LIVE:
        return int(text)
    raise ValidationError({"as": f"{text!r} is not live, draft or a number of percent from 1 to 100."})


@transaction.atomic
def save(
    row: RouterConfiguration, values: Mapping[str, Any], percent: int, author: AbstractBaseUser | None, reason: str
) -> int:
    """Change these values and make the release live for `percent` of the users. Returns its number.

    Raises ValidationError, InvalidConfiguration; nothing is written then.
    """

    def change() -> None:
        for name, value in values.items():
            setattr(row, name, value)
        save.save_row(row, author, reason)

    if percent == LIVE:
        change()
        return save.publish(author, reason)
    number = rollout.draft("router", change, author, reason)
    if percent:
        rollout.roll_out("router", number, percent, author, reason)
    return number
