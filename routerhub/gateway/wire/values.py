"""A request as the pipeline sees it, whatever protocol it came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from autorouter.types import Priority

AUTO = "auto"
POLICY_PREFIX = "policy:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """What the caller tells RouterHub, in the `routerhub` field or in x-routerhub-* headers. Empty: nothing said."""

    task_type: str = ""
    policy: str = ""
    priority: Priority | None = None
    session: str = ""
    previous_model: str = ""
    candidates: tuple[str, ...] | None = None
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    tags: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """A chat completion that is asked for. `payload` is what goes upstream, but for the model and the output limit."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    payload: Mapping[str, Any]
    stream: bool
    include_usage: bool
    max_output_tokens: int | None
    choices: int
    """How many answers are wanted at once (`n`)."""
    has_tools: bool
    is_structured: bool
    max_input_tokens: int
    """An upper bound of the prompt's size: no tokenizer makes more tokens than there are bytes of text."""
    controls: Controls


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """From where the request came, for the audit."""

    ip: str | None
    user_agent: str
