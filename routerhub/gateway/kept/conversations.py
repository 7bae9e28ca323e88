"""Which conversation a request belongs to: the one that it names, or the one whose calls of tools it goes on with. Pure.

Whoever called tools also gets what they gave, though each request is decided anew: until the model has answered without a call,
a conversation keeps its model. One that has no name is known by its first call, whose id every client sends again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from models_registry.upstream.base import Choice
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, ChatRequest

PREFIX = "tools:"
Messages = Sequence[Mapping[str, Any]]


def name_of(request: ChatRequest) -> str:
    """The conversation whose model is to answer. Empty: there is none, or no call of it is open."""
    if request.controls.session:
        return request.controls.session
    is_open = _is_chosen(request) and _ends_with_results(request.messages)
    return _named(_first_call(request.messages)) if is_open else ""


def name_after(request: ChatRequest, called: str) -> str:
    """The conversation that remembers who answered, with `called` as the id of the first tool that it called. Empty: none."""
    if request.controls.session:
        return request.controls.session
    return _named(_first_call(request.messages) or called) if called and _is_chosen(request) else ""


def called_in(choices: Sequence[Choice]) -> str:
    """The id of the first call in an answer, or in a piece of one. Empty: it has none."""
    return next((call.id for choice in choices for call in choice.tool_calls), "")


def _is_chosen(request: ChatRequest) -> bool:
    """Whether the model is RouterHub's to choose."""
    return request.model == AUTO or request.model.startswith(POLICY_PREFIX)


def _ends_with_results(messages: Messages) -> bool:
    """Whether what the last calls gave is all that came since, beside words of the user."""
    for message in reversed(messages):
        if message["role"] in {"tool", "assistant"}:
            return bool(message["role"] == "tool")
    return False


def _first_call(messages: Messages) -> str:
    for message in messages:
        calls = message.get("tool_calls")
        if isinstance(calls, list) and calls and isinstance(calls[0], dict):
            return str(calls[0].get("id") or "")
    return ""


def _named(call: str) -> str:
    """An id may be longer than a name, since it may carry what its model signed."""
    return f"{PREFIX}{hashlib.sha256(call.encode()).hexdigest()[:40]}" if call else ""
