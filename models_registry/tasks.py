"""Background work of the registry. What is to be done stands in the database; a task only wakes it up."""

import os

from celery import shared_task

from models_registry import probing
from models_registry.circuits import rows
from models_registry.transfer import importing


@shared_task
def probe_deployments() -> None:
    """Ask every provider with a key whether it is there. Circuits that have ended are forgotten with it."""
    rows.forget_ended()
    probing.probe_all(os.environ)


@shared_task
def work_imports() -> None:
    """Check and apply the imports that wait, those that a stopped process left among them."""
    importing.work_all()
