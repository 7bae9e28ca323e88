"""Every process of the product wakes the same workers."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
ASK = "import django; django.setup(); from celery import current_app; print(current_app.conf.broker_url)"


def test_a_process_that_only_sets_django_up_uses_the_broker_of_the_settings() -> None:
    env = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
    env |= {"DJANGO_SETTINGS_MODULE": "routerhub.settings", "SECRET_KEY": "x", "DATABASE_URL": "postgres:///unused"}
    asked = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("redis://")


def test_every_scheduled_task_is_one_that_a_worker_knows() -> None:
    from routerhub.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
