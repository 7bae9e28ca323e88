"""What a request is about: the table of words says it, and where that is unsure those who read better and slower.

Whatever goes wrong with them, what was found before counts, and the task says so.
"""

import logging
from dataclasses import replace
from decimal import Decimal

from autorouter.classification.classify import CERTAIN, MULTIMODAL, Read, read_locally
from autorouter.classification.judged import Judged
from autorouter.classification.vocabulary import numbered
from autorouter.encoder import combined
from autorouter.errors import RouterError
from autorouter.types import Asks, Reading, RouterConfig, Task
from budgets.errors import BudgetError
from routerhub.gateway import router_model
from routerhub.gateway.errors import AllFailed, BudgetRefused
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Arrival
from routerhub.gateway.runtime import Runtime

logger = logging.getLogger(__name__)
MAX_ORIGIN = 200
FAILURES = (AllFailed, BudgetRefused, BudgetError, RouterError, ValueError, TimeoutError)


async def task_of(runtime: Runtime, arrival: Arrival) -> Task:
    """The task of a request. A dry run pays for no question."""
    request, config = arrival.request, arrival.rankings.router.config
    read = numbered(
        read_locally(request.messages, request.has_tools, request.is_structured, request.stream),
        arrival.rankings.router,
    )
    task = await _with_encoder(runtime, read, config)
    if request.controls.dry_run or not _asks(config.classifies_with_model, task, config.model_threshold):
        return task
    return task if read.judged is None else await _as_model_says(runtime, arrival, read.judged, task)


async def _with_encoder(runtime: Runtime, read: Read, config: RouterConfig) -> Task:
    """What table and encoder make of it; the table alone where it is sure."""
    if runtime.encoder is None or not combined.is_unsure(read, config):
        return read.task
    heard = await runtime.encoder.hear(read.asked[-1], config.encoder_deadline_ms)
    metrics.ENCODER.labels(heard.result).observe(heard.took_us / 1e6)
    return combined.task_of(read, heard, config)


def _asks(when: Asks, task: Task, threshold: Decimal) -> bool:
    return when == "always" or (when == "unsure" and task.confidence is not None and task.confidence < threshold)


async def _as_model_says(runtime: Runtime, arrival: Arrival, judged: Judged, task: Task) -> Task:
    """The task with the category that the router model names. How often it is right is not known, so this has no probability:
    what the others gave stays in their readings. Attachments say more than words."""
    config, began = arrival.rankings.router.config, runtime.clock.monotonic()
    try:
        category, complexity = await router_model.ask(runtime, arrival, task)
    except FAILURES as problem:
        text = f"no answer within {config.router_deadline_ms} ms" if isinstance(problem, TimeoutError) else str(problem)
        logger.warning("action=classify fallback=local problem=%s", type(problem).__name__)
        joint = "; " if ", since " in task.origin else ", since "
        return replace(task, origin=f"{task.origin}{joint}{config.router_model} failed: {text}"[:MAX_ORIGIN])
    took_us = round(1_000_000 * (runtime.clock.monotonic() - began))
    before = task.readings or (Reading(by="table", likely=judged.likely, complexity=judged.complexity),)
    said = Reading(by="model", likely=((category, CERTAIN),), complexity=complexity, took_us=took_us)
    found = replace(task, complexity=complexity, readings=(*before, said), origin=f"model {config.router_model}")
    return found if task.category == MULTIMODAL else replace(found, category=category, likely=())
