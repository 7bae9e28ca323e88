"""In which scope a Celery task runs: whoever sends it says nothing of it, since anybody may."""

from typing import Any

from celery import Task

from routerhub.tenancy.scope import NOBODY, Scope, system, within


class ScopedTask(Task):  # type: ignore[type-arg]
    """A task sees nothing, but by one of these."""

    abstract = True
    across_accounts = False
    """`@shared_task(across_accounts=True)`: it sees the rows of all accounts."""
    of_account = False
    """`@shared_task(of_account=True)`: it takes an `account_id`, by name, and sees the rows of that account."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.across_accounts:
            with system():
                return super().__call__(*arguments, **options)
        with within(Scope(account_id=options["account_id"]) if self.of_account else NOBODY):
            return super().__call__(*arguments, **options)
