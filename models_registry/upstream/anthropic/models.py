"""What Anthropic's models take of sampling and thinking, by their names there: each refuses what it does not know. Pure.

Up to the generation 4.5 they think by a budget and know no effort; from 4.6 on they think as they see fit, by effort; from 4.7 on
they take no temperature; from 4 on they take a temperature or a top_p, not both (https://platform.claude.com/docs/en/about-claude/models/migration-guide).
"""

from collections.abc import Mapping
from typing import Any

FAMILY = "claude-"
BY_BUDGET = (
    "claude-3", "claude-haiku-4", "claude-sonnet-4-0", "claude-sonnet-4-2", "claude-sonnet-4-5", "claude-opus-4-0",
    "claude-opus-4-1", "claude-opus-4-2", "claude-opus-4-5",
)  # fmt: skip
SAMPLED = (*BY_BUDGET, "claude-sonnet-4-6", "claude-opus-4-6")
TAKING_BOTH = "claude-3"
SAMPLING = ("temperature", "top_p", "top_k")


def thinks_by_budget(model: str) -> bool:
    return model.startswith(BY_BUDGET)


def takes_sampling(model: str) -> bool:
    """What another maker serves in this dialect is taken to do."""
    return model.startswith(SAMPLED) or not model.startswith(FAMILY)


def untaken(body: Mapping[str, Any], model: str) -> tuple[str, ...]:
    """What of a body's sampling this model refuses."""
    if not takes_sampling(model):
        return SAMPLING
    takes_both = model.startswith(TAKING_BOTH) or not model.startswith(FAMILY)
    return () if takes_both or body.get("temperature") is None else ("top_p",)


def fitted(body: Mapping[str, Any], model: str) -> dict[str, Any]:
    """A client's own body without what this model refuses: which one answers, it need not have known."""
    left_out = untaken(body, model)
    made = {name: value for name, value in body.items() if name not in left_out}
    thinking, config = made.get("thinking"), made.get("output_config")
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if thinks_by_budget(model):
        if kind == "adaptive":
            del made["thinking"]
        if isinstance(config, dict):
            rest = {name: value for name, value in config.items() if name != "effort"}
            made = (
                {**made, "output_config": rest}
                if rest
                else {name: made[name] for name in made if name != "output_config"}
            )
    elif kind == "enabled" and isinstance(thinking, dict) and model.startswith(FAMILY):
        rest = {name: value for name, value in thinking.items() if name not in {"type", "budget_tokens"}}
        made["thinking"] = {"type": "adaptive", **rest}
    return made
