"""Background work of the router."""

from celery import shared_task

from autorouter.people import sessions
from routerhub.tenancy.tasks import AcrossAccounts


@shared_task(base=AcrossAccounts)
def forget_ended_sessions() -> None:
    """Delete conversations that were silent for too long."""
    sessions.forget_ended()
