"""Tests drafted by somebody for themselves or for an account: who may, checked in one place for pages."""

from collections.abc import Mapping
from typing import Any

from budgets.people.ownership import claim
from experiments.ab import lifecycle
from experiments.models import Experiment
from routerhub.audit.change import Change


def kept(
    draft: Experiment | None, user: Any, account: Any, is_own: bool, values: Mapping[str, Any], change: Change
) -> Experiment:
    """A new draft, or one that is gone on with; whose it is may be said anew. Raises ValidationError."""
    test = draft or Experiment(account=account)
    whose = user if is_own else None
    if draft is not None and draft.user != whose:
        lifecycle.discard(draft, change)
        test = Experiment(account=account)
    if test.pk is not None:
        return lifecycle.edit(test, values, change)
    test.user = whose
    claim(test, user, is_own)
    return lifecycle.draft(test, values, change)
