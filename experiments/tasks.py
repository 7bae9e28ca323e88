"""Background work: rounds of adjusting and of learning."""

from celery import shared_task

from experiments.learning import adjusting, proposals


@shared_task(across_accounts=True)
def adjust_policies() -> None:
    """One round over every policy that staff let be adjusted by performance."""
    adjusting.adjust_all()


@shared_task(across_accounts=True)
def learn() -> None:
    """One look at records and feedback, with proposals for a person to decide on."""
    proposals.learn()
