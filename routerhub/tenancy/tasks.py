"""In which scope a Celery task runs: it is declared with the task, since anybody may send one.

`@shared_task` sees nothing of any account; `@shared_task(base=OfAccount)` and `@shared_task(base=AcrossAccounts)` do.
"""

from collections.abc import Mapping
from typing import Any

from celery import Task

from routerhub.tenancy.scope import NOBODY, SYSTEM, Scope, within


class ScopedTask(Task):  # type: ignore[type-arg]
    """Sees nothing of any account."""

    abstract = True

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        with within(self.scope(options)):
            return super().__call__(*arguments, **options)

    def scope(self, options: Mapping[str, Any]) -> Scope:
        return NOBODY


class AcrossAccounts(ScopedTask):
    """Sees the rows of all accounts."""

    abstract = True

    def scope(self, options: Mapping[str, Any]) -> Scope:
        return SYSTEM


class OfAccount(ScopedTask):
    """Sees the rows of the account that its argument `account_id`, given by name, says."""

    abstract = True

    def scope(self, options: Mapping[str, Any]) -> Scope:
        return Scope(account_id=options["account_id"])
