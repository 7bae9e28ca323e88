"""Whoever dies while applying an import leaves nothing half done: real processes, and a database that commits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection, transaction

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue.release0 import STATIC
from models_registry.choices import ImportState
from models_registry.models import Import, Model
from models_registry.transfer import importing
from routerhub.releases import rollout
from routerhub.releases.models import Release
from tests import seeds
from tests.cast import because
from tests.models_registry.transfer.files import GPT, abandoned, as_csv, counts, new_row
from tests.stack import eventually

ROOT = Path(__file__).resolve().parents[3]
WORKER = """
import os, sys
import django
sys.path.insert(0, os.getcwd())
django.setup()
from models_registry.transfer import importing
from routerhub.releases import store
publish = store.publish
def slow(*given):
    print("written", flush=True)
    sys.stdin.read()
    return publish(*given)
if sys.argv[1] == "slow":
    store.publish = slow
print(importing.work_all(), flush=True)
"""


def worker(pace: str) -> "subprocess.Popen[str]":
    """Works the imports in a process of its own; a slow one stops before it publishes, its rows written."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEY": "for a test",
        "DJANGO_SETTINGS_MODULE": "routerhub.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, pace], cwd=ROOT, env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def checked(content: bytes) -> Import:
    seeds.catalogue()
    job = importing.submit("models", "csv", "list.csv", content, because(""))
    importing.work_all()
    importing.confirm(job, because("yes"))
    return job


def nobody_applies(job: Import) -> bool:
    """Whether no transaction holds the import."""
    with transaction.atomic():
        return Import.objects.select_for_update(skip_locked=True).filter(pk=job.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_while_it_applies_leaves_nothing_half_written_and_the_next_one_finishes() -> None:
    job = checked(as_csv(*(new_row(number) for number in range(300)), {**new_row(0), "id": GPT, "name": "Ours"}))
    before, bundle = counts(), catalogue_compiler.compile_bundle()
    dying = worker("slow")
    assert dying.stdout is not None
    assert dying.stdout.readline() == "written\n"
    dying.send_signal(signal.SIGKILL)
    dying.communicate()
    eventually(lambda: nobody_applies(job))  # the server ends the transaction of the dead
    assert counts() == before
    assert catalogue_compiler.compile_bundle() == bundle
    job.refresh_from_db()
    assert job.state == ImportState.APPLYING
    abandoned(job)
    next_one = worker("fast")
    assert next_one.communicate(timeout=60)[0] == "1\n"
    job.refresh_from_db()
    assert (job.state, job.outcome["new"], job.outcome["changed"]) == (ImportState.APPLIED, 300, 1)
    assert Model.objects.count() == len(STATIC.models) + 300
    assert rollout.pointers()["catalogue"].stable == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_apply_an_import_once() -> None:
    job = checked(as_csv(*(new_row(number) for number in range(50))))
    first = worker("slow")
    assert first.stdout is not None
    assert first.stdout.readline() == "written\n"
    abandoned_in_the_eyes_of_others = worker("fast")
    assert abandoned_in_the_eyes_of_others.communicate(timeout=60)[0] == "0\n"
    first.communicate("go on\n", timeout=60)
    job.refresh_from_db()
    assert job.state == ImportState.APPLIED
    assert (Model.objects.count(), Release.objects.filter(line="catalogue").count()) == (len(STATIC.models) + 50, 2)
    assert Model.history.filter(history_change_reason="yes").count() == 50
