"""The Celery application: wake-ups for background work. No fact travels through the broker.

The package imports it, so that every process of the product wakes the same workers.
"""

import os

from celery import Celery

from routerhub.tenancy.tasks import ScopedTask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")

app = Celery("routerhub", task_cls=ScopedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["routerhub.gateway.batches"])
