"""What a request is about: the table of words says it, and where that is unsure those who read better and slower.

Whatever goes wrong with them, what was found before counts, and the task says so.
"""

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

from autorouter.classification.classify import read_locally
from autorouter.classification.vocabulary import numbered
from autorouter.errors import RouterError
from autorouter.types import Asks, Task
from budgets.errors import BudgetError
from routerhub.gateway import router_model
from routerhub.gateway.errors import AllFailed, BudgetRefused
from routerhub.gateway.operation import Arrival
from routerhub.gateway.runtime import Runtime

logger = logging.getLogger(__name__)
MAX_ORIGIN = 200
FAILURES = (AllFailed, BudgetRefused, BudgetError, RouterError, ValueError, TimeoutError)


async def task_of(runtime: Runtime, arrival: Arrival) -> Task:
    """The task of a request. A dry run pays for no question."""
    request, config = arrival.request, arrival.rankings.router.config
    read = read_locally(request.messages, request.has_tools, request.is_structured, request.stream)
    task = numbered(read, arrival.rankings.router).task
    if request.controls.dry_run or not _asks(config.classifies_with_model, task, config.model_threshold):
        return task
    try:
        async with asyncio.timeout(config.router_deadline_ms / 1_000):
            return await router_model.ask(runtime, arrival, task)
    except FAILURES as problem:
        text = f"no answer within {config.router_deadline_ms} ms" if isinstance(problem, TimeoutError) else str(problem)
        logger.warning("action=classify fallback=local problem=%s", type(problem).__name__)
        return replace(task, origin=f"local, since {config.router_model} failed: {text}"[:MAX_ORIGIN])


def _asks(when: Asks, task: Task, threshold: Decimal) -> bool:
    return when == "always" or (when == "unsure" and task.confidence is not None and task.confidence < threshold)
