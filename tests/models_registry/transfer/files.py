"""Files of models, as imports take them in and exports write them."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.choices import ImportState
from models_registry.models import Deployment, Import, Model, Price, Provider
from models_registry.transfer import importing, resources
from models_registry.transfer.resources import TABLES
from routerhub.releases.models import Release
from tests.cast import because

GPT, MINI = "openai:gpt-5", "openai:gpt-5-mini"
MODELS, PROVIDERS = TABLES["models"], TABLES["providers"]
AWKWARD = {
    GPT: {"name": "=1+1", "description": 'say "hi"\ntwice, — 日本語 🦜', "best_for": "'quoted'"},
    MINI: {"name": "+1", "description": "-1", "best_for": "@SUM(A1)"},
}


def exported(format_name: str, table: Any = MODELS) -> bytes:
    return resources.write_file(table, catalogue_compiler.compile_bundle()[table.kind], format_name)


def as_csv(*rows: dict[str, Any]) -> bytes:
    """The rows, with every column that one of them has."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def new_row(number: int, **more: Any) -> dict[str, Any]:
    place = {"provider": "openai", "upstream_model": f"m{number}", "status": "available", "prices": []}
    return {
        "id": f"openai:new-{number}", "name": f"New {number}", "context_window": 1000, "max_output": 100,
        "deployments": json.dumps([place]), **more,
    }  # fmt: skip


def counts() -> list[int]:
    return [model.history.count() for model in (Provider, Model, Deployment, Price)] + [Release.objects.count()]


def work(content: bytes, author: Any = None, reason: str = "from a list", table: str = "models") -> Import:
    """The whole way of a CSV file."""
    job = importing.submit(table, "csv", "list.csv", content, because("", author))
    importing.work_all()
    job.refresh_from_db()
    assert job.state == ImportState.CHECKED, job.outcome
    importing.confirm(job, because(reason, author))
    importing.work_all()
    job.refresh_from_db()
    return job


def abandoned(job: Import) -> None:
    """As a process leaves it that was killed a while ago."""
    Import.objects.filter(pk=job.pk).update(touched_at=now() - importing.STALE_AFTER - timedelta(seconds=1))
