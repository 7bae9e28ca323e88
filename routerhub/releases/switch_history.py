"""The turns of the switches in the history, with who, when and why. They are entered from the switches' file, where they wait
while the database is away, or were made by a command, which asks it nothing."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction

from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.releases import switches
from routerhub.releases.models import Rollout

logger = logging.getLogger(__name__)


def turn(line: str, is_on: bool, change: Change) -> None:
    """Turn a switch, which counts in any case, and enter it at once where the database answers. Raises UnknownLine."""
    switches.turn(line, is_on, change)
    try:
        enter()
    except DatabaseError as problem:
        logger.warning("action=enter_switches problem=%s", problem)


@transaction.atomic
def enter() -> None:
    """Enter every turn that the history does not have, each once. Those of a line without a pointer wait for it."""
    entered = [each for each in switches.unentered() if _is_entered(each)]
    if entered:
        transaction.on_commit(lambda: switches.forget_entered(entered))


def _is_entered(turn: Mapping[str, Any]) -> bool:
    """Whether the history has it now. One that another process entered meanwhile is not entered twice."""
    row = Rollout.objects.select_for_update().filter(line=turn["line"]).first()
    at = datetime.fromisoformat(turn["at"])
    if row and (row.switch_turned_at is None or row.switch_turned_at < at):
        row.switch_on, row.switch_turned_at = turn["on"], at
        history.stamp(row, _change(turn))
        row.save()
    return row is not None


def _change(turn: Mapping[str, Any]) -> Change:
    """Whoever turned it by a command is no user: the name that the system knows them by stands in the reason."""
    author = User.objects.filter(pk=turn["author_id"]).first() if turn["author_id"] else None
    by = "" if author else f" (by {turn['author']}, at the command line)"
    return Change(author=author, reason=f"{turn['reason']}{by}", address=turn["address"])
