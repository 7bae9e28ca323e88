"""Background work: looks at tests and at rollouts by steps, rounds of adjusting and of learning."""

from celery import shared_task
from django.utils.timezone import now

from experiments.ab import guarding
from experiments.learning import adjusting, proposals
from experiments.learning.success import proposing
from experiments.rollouts import arms, stepping
from routerhub.tenancy.tasks import AcrossAccounts


@shared_task(base=AcrossAccounts)
def adjust_policies() -> None:
    """One round over every policy that staff let be adjusted by performance."""
    adjusting.adjust_all()


@shared_task(base=AcrossAccounts)
def look_at_tests() -> None:
    """Guardrails, budget and planned end of each test that runs."""
    guarding.look_at_all(now())


@shared_task(base=AcrossAccounts)
def learn() -> None:
    """One look at records and feedback, with proposals for a person to decide on."""
    proposals.learn()


@shared_task(base=AcrossAccounts)
def learn_success() -> None:
    """One look at outcomes, with a proposal for each model of which they surely say something. It may take minutes."""
    proposing.learn()


@shared_task(base=AcrossAccounts)
def check_rollouts() -> None:
    """Look at what is rolled out by steps, and go on, wait or withdraw it."""
    stepping.check_all(arms.look)
