"""Background work of the router."""

from celery import shared_task

from autorouter.people import sessions


@shared_task(across_accounts=True)
def forget_ended_sessions() -> None:
    """Delete conversations that were silent for too long."""
    sessions.forget_ended()
