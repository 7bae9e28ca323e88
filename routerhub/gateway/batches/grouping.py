"""Requests of a batch that are alike get one model, by the decision for the first of them.

Alike are those that leave the choice to the router (`auto` or a policy) without saying more of it, and that are of the same
category and complexity. The others of a group are not decided anew: they get its model for as long as that can answer them.
"""

from dataclasses import replace

from autorouter.types import Task
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, ChatRequest
from routerhub.gateway.protocols.controls import NOTHING


class Groups:
    """The model of each group, by its name: what is asked for, category and complexity."""

    def __init__(self, models: dict[str, str]) -> None:
        self.models = models
        self.are_kept = True
        """Whether no group was added since they were kept."""

    def add(self, name: str, model: str) -> None:
        """The model of the first one counts."""
        if name not in self.models:
            self.models[name] = model
            self.are_kept = False


def name_of(request: ChatRequest, task: Task) -> str:
    """The group that a request belongs to. Empty: none."""
    asks_router = request.model == AUTO or request.model.startswith(POLICY_PREFIX)
    says_more = replace(request.controls, tags=(), cache="", task_id="", worker="") != NOTHING or request.previous_model
    return f"{request.model}, {task.category}, {task.complexity}" if asks_router and not says_more else ""
