"""What OpenAI's models take of sampling and effort, by their names there: those that reason refuse what they do not know. Pure.

Reasoning models take the defaults of sampling alone, and no log probabilities; those from 5.1 to 5.4 take both while they do not
reason, which they do not unless they are told (github.com/vercel/ai/issues/10932, github.com/BerriAI/litellm/pull/34599). Which
efforts each knows is litellm 1.109.1's list of models, read on 2026-11-21. Other makers' names have their maker in front of them,
or no such beginning.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from models_registry.upstream.base import EFFORTS, NOTHING_LACKS, Lacking

DEFAULTS: Mapping[str, Any] = {
    "temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {},
}  # fmt: skip
"""Of sampling, as a model has it that takes nothing else."""
NOT_REASONING = ("gpt-5-chat", "gpt-5-search")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "o1": ("low", "medium", "high"), "o3": ("low", "medium", "high"), "o4": ("low", "medium", "high"),
    "gpt-5.1": ("none", "low", "medium", "high"), "gpt-5.": ("none", "low", "medium", "high", "xhigh"),
    "gpt-5": ("minimal", "low", "medium", "high"),
    "gpt-6-luna": ("none", "low", "medium", "high", "xhigh", "max"), "gpt-6": ("low", "medium", "high", "xhigh", "max"),
}  # fmt: skip
"""Efforts by how a name begins: the first that fits counts."""
SAMPLED_AT_REST = ("gpt-5.1", "gpt-5.2", "gpt-5.3", "gpt-5.4")


@lru_cache(maxsize=1_000)
def efforts(model: str) -> tuple[str, ...]:
    """Those that a model knows; empty where it is none of OpenAI's reasoning models."""
    if model.startswith(NOT_REASONING):
        return ()
    return next((known for beginning, known in KNOWN.items() if model.startswith(beginning)), ())


def takes_sampling(model: str, effort: str | None) -> bool:
    return not efforts(model) or (effort in (None, "none") and model.startswith(SAMPLED_AT_REST))


def nearest(model: str, effort: str) -> str:
    """The effort that a model knows in place of one: the next higher one, or its highest."""
    known, wanted = efforts(model), EFFORTS.index(effort)
    return next((each for each in known if EFFORTS.index(each) >= wanted), known[-1]) if known else effort


def fitted(content: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """A content, in the neutral spelling, as this model takes it."""
    if not efforts(model):
        return content
    effort = content.get("reasoning_effort")
    is_sampled = takes_sampling(model, effort)
    made = {name: value for name, value in content.items() if is_sampled or name not in DEFAULTS}
    return {**made, "reasoning_effort": nearest(model, effort)} if effort in EFFORTS else made


def lacking(content: Mapping[str, Any], model: str) -> Lacking:
    """What of sampling it does not take: left out, but for log probabilities, which nothing stands for."""
    if takes_sampling(model, content.get("reasoning_effort")):
        return NOTHING_LACKS
    left_out = [name for name, usual in DEFAULTS.items() if content.get(name) not in (None, usual)]
    return Lacking(refused="logprobs" if content.get("logprobs") else "", dropped=tuple(left_out))
