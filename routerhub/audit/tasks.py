"""The chain's background work. Each task is repeatable: a wake-up that is lost or doubled changes nothing."""

from celery import shared_task

from routerhub.audit.chain import sealing, verifying
from routerhub.audit.change import Change
from routerhub.tenancy.tasks import AcrossAccounts


@shared_task(base=AcrossAccounts)
def seal_chain() -> int:
    """Seal what arrived. Returns how many rows."""
    return sealing.seal()


@shared_task(base=AcrossAccounts)
def verify_newest() -> int:
    """Look whether what was sealed since the last walk is as it was. Returns how many problems there are."""
    return len(verifying.verify_newest(Change(reason="every day")).problems)


@shared_task(base=AcrossAccounts)
def verify_chain() -> int:
    """Walk the whole chain. Returns how many problems there are."""
    return len(verifying.verify(Change(reason="every week")).problems)
