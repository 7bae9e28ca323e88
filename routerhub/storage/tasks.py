"""Background work on what is kept."""

from celery import shared_task
from django.utils.timezone import now

from routerhub.storage.models import File, Item
from routerhub.tenancy.tasks import AcrossAccounts


@shared_task(base=AcrossAccounts)
def forget_expired() -> int:
    """Delete what is not kept any longer, claims of processes that died among it. Returns how many."""
    File.objects.filter(expires_at__lte=now()).delete()
    return Item.objects.filter(expires_at__lte=now()).delete()[0]
