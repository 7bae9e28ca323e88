"""Requests that several readers read, recorded in the small shop of tests.experiments.traffic."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from autorouter.decision import decision_json
from autorouter.types import QUESTION_TAG, Category, Complexity, Likely, Reader, Reading, Task
from tests.analytics.rows import insert_many
from tests.autorouter.fakes import task
from tests.experiments.traffic import PLAIN, request

CERTAIN = Decimal(1)


def reading(
    by: Reader, category: Category, complexity: Complexity = "moderate", took_us: int = 0, sure: str = "1"
) -> Reading:
    likely: Likely = ((category, Decimal(sure)),)
    return Reading(by=by, likely=likely, complexity=complexity, took_us=took_us)


def read(*readings: Reading, origin: str = "", sure: str = "", at: datetime | None = None, **columns: Any) -> uuid.UUID:
    """One request as the last of these readers saw it, and so sure of it."""
    last = readings[-1]
    category = last.likely[0][0]
    about = {
        "category": category, "complexity": last.complexity, "origin": origin or "local",
        "likely": ((category, Decimal(sure)),) if sure else (), "readings": readings if len(readings) > 1 else (),
    }  # fmt: skip
    found: Task = task(**about)
    return request(PLAIN, at, asked=about, **{**decision_json.task_columns(found), **columns})


def by_table(count: int = 1, sure: float = 0.8, **columns: Any) -> list[uuid.UUID]:
    """So many, without what their decisions came from."""
    usual: dict[str, Any] = {"category": "coding", "read_by": "table", "confidence": sure}
    return insert_many(count, **usual, decision={"task": {"origin": "local"}}, **columns)


def by_encoder(
    table: Category, encoder: Category, took_us: int = 6_000, sure: str = "0.7", **columns: Any
) -> uuid.UUID:
    said = reading("table", table), reading("encoder", encoder, took_us=took_us)
    return read(*said, origin="encoder", sure=sure, **columns)


def by_model(table: Category, encoder: Category, model: Category, took_us: int = 800_000, **columns: Any) -> uuid.UUID:
    said = reading("table", table), reading("encoder", encoder), reading("model", model, took_us=took_us)
    return read(*said, origin="model acme:small", **columns)


def question(**columns: Any) -> uuid.UUID:
    """What the router model was asked."""
    return request(PLAIN, asked={"origin": "local"}, tags=[QUESTION_TAG], read_by="table", cost_nano=40_000, **columns)
