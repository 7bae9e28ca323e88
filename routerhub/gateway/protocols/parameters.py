"""What becomes of each parameter of the client dialects that are not the neutral one, before an upstream is chosen.

What is read goes on in the neutral spelling, where each upstream has a rule of its own for it: see
models_registry.upstream.carrying. An upstream of the client's own dialect gets the client's own body, whatever stands here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.controls import FIELD

UNSUPPORTED = "invalid_value"
OURS = frozenset({FIELD, "model", "stream", "sandbox"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """One dialect's parameters, each with one rule. What is not here is unknown, and dropped."""

    read: frozenset[str]
    dropped: frozenset[str]
    """Nobody else has anything like it, and the answer is the same without: the headers name it."""
    refused: Mapping[str, tuple[str, str]]
    """Without it the request would be another one: what to do instead, and the error's code."""

    def check(self, raw: Mapping[str, Any]) -> None:
        """Raises BadRequest for what is refused."""
        for name, (instead, code) in self.refused.items():
            if raw.get(name):
                raise BadRequest(f"{name}: it is not supported here; {instead}.", name, code)

    def dropped_of(self, raw: Mapping[str, Any]) -> set[str]:
        """Those of a body's parameters that only an upstream of the same dialect gets."""
        return {name for name, value in raw.items() if name not in self.read and value is not None}


MESSAGES = Parameters(
    read=OURS
    | {"messages", "system", "max_tokens", "tools", "tool_choice", "output_config", "thinking", "temperature", "top_p",
       "stop_sequences"},
    dropped=frozenset(
        {"betas", "cache_control", "compaction", "context_management", "diagnostics", "metadata", "service_tier", "speed",
         "top_k", "user_profile_id", "workspace_id"}
    ),
    refused={
        "thread": ("send the whole conversation without it", "thread_unsupported_request"),
        "mcp_servers": ("the client has to call them", UNSUPPORTED),
        "container": ("no upstream here runs code", UNSUPPORTED),
        "fallbacks": ("RouterHub chooses who answers instead", UNSUPPORTED),
        "fallback_credit_token": ("RouterHub chooses who answers instead", UNSUPPORTED),
        "billing_policy": ("the account of the key is billed", UNSUPPORTED),
        "inference_geo": ("its price is another one", UNSUPPORTED),
    },
)  # fmt: skip
RESPONSES = Parameters(
    read=OURS
    | {"input", "instructions", "max_output_tokens", "metadata", "tools", "tool_choice", "text", "reasoning", "include",
       "top_logprobs", "store", "stream_options", "previous_response_id", "temperature", "top_p", "parallel_tool_calls", "user",
       "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "service_tier",
       "moderation"},
    dropped=frozenset({"access_programs", "context_management", "image", "max_tool_calls", "truncation"}),
    refused={
        "conversation": ("send the whole conversation as input", UNSUPPORTED),
        "background": ("wait for the answer, or stream it", UNSUPPORTED),
        "prompt": ("send its text as input", UNSUPPORTED),
    },
)  # fmt: skip

LIST_PRICE: Mapping[str, Sequence[Any]] = {
    "service_tier": (None, "auto", "default", "flex", "standard_only"), "speed": (None, "standard"),
}  # fmt: skip
"""Parameters that raise the price, with the values that do not: the hold is made for the price that the catalogue knows."""


def at_list_price(raw: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The body without what would raise its price, and the names of that. It is answered all the same, only not as fast."""
    dear = [name for name, plain in LIST_PRICE.items() if name in raw and raw[name] not in plain]
    if not dear:
        return raw, ()
    return {name: value for name, value in raw.items() if name not in dear}, fields.dropped(dear)
