"""What of a request reaches whoever answers it, and what does not: told by the names that its client knows. Pure."""

from collections.abc import Mapping
from typing import Any

from models_registry.types import Model
from models_registry.upstream.base import Adapter
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import ChatRequest

EFFORT = "reasoning_effort"


def content_for(request: ChatRequest, model: Model) -> Mapping[str, Any]:
    """What is asked of the model. One that does not reason refuses to be told how much."""
    if not _is_idle_effort(request, model):
        return request.content
    return {name: value for name, value in request.content.items() if name != EFFORT}


def native_for(request: ChatRequest, model: Model) -> Mapping[str, Any] | None:
    """The client's own body for an upstream of its dialect; None where something of it has to be left out."""
    return None if _is_idle_effort(request, model) else request.native


def dropped(request: ChatRequest, model: Model, adapter: Adapter, name: str) -> tuple[str, ...]:
    """What an answer of this model, which has that name there, was given without, as far as a header can name it."""
    is_own = adapter.protocol == request.dialect and native_for(request, model) is request.native
    lacking = adapter.lacking(request.content, request.dialect, name).dropped
    names = {*lacking, *((EFFORT,) if _is_idle_effort(request, model) else ())}
    if not names and not request.left_out and (is_own or not request.dropped):
        return ()
    said = {request.names.get(each, each) for each in names} | set(request.left_out)
    return fields.dropped(said if is_own else said | set(request.dropped))


def refusal(request: ChatRequest, name: str) -> BadRequest:
    """Nobody who could answer carries this."""
    told = request.names.get(name, name)
    return BadRequest(
        f"{told}: none of the models that may answer can be asked for it; leave it out, or name a model that can.",
        told,
        "unsupported_parameter",
    )


def _is_idle_effort(request: ChatRequest, model: Model) -> bool:
    return not model.supports_reasoning and request.content.get(EFFORT) is not None
