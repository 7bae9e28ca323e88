"""OpenAI's embeddings: POST /v1/embeddings. Only what is decided upon is checked; the rest passes through, both ways."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from autorouter.classification.classify import CHARS_PER_TOKEN
from models_registry.types import Usage
from models_registry.upstream import embeddings
from models_registry.upstream.embeddings import Embeddings
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, ChatRequest, Controls
from routerhub.gateway.protocols.controls import FIELD, read_controls

PATH = "/v1/embeddings"
TAKEN_OUT = frozenset({FIELD, "model", "sandbox"})
FORMATS = ("float", "base64")
MAX_INPUTS, MAX_DIMENSIONS = 2_048, 100_000
CHOOSING = ("candidates", "policy", "task_type")
"""Controls by which the router would choose."""
INPUT = f"a text, a list of 1 to {MAX_INPUTS:,} texts, a list of tokens, or a list of 1 to {MAX_INPUTS:,} of such lists"


def read(body: bytes, headers: Mapping[str, str]) -> ChatRequest:
    """The request in a body. Header names are in lower case. Raises BadRequest, which names the field."""
    raw = fields.json_object(body)
    _demand_input(raw.get("input"))
    fields.whole(raw.get("dimensions"), "dimensions", MAX_DIMENSIONS)
    if (spelling := raw.get("encoding_format")) is not None and spelling not in FORMATS:
        raise fields.wrong("encoding_format", spelling, f"one of {', '.join(FORMATS)}")
    return ChatRequest(
        model=_model(raw.get("model")),
        messages=(),
        content={name: value for name, value in raw.items() if name not in TAKEN_OUT},
        script=raw.get("sandbox"),
        stream=False,
        include_usage=False,
        max_output_tokens=None,
        choices=0,
        has_tools=False,
        is_structured=False,
        max_input_tokens=len(body),
        controls=_controls(raw.get(FIELD), headers),
    )


def _model(raw: object) -> str:
    if raw == AUTO or (isinstance(raw, str) and raw.startswith(POLICY_PREFIX)):
        raise BadRequest(
            f"model: {raw!r} was given; allowed is the id of one embedding model. Vectors of two models do not mix, so nothing "
            "is chosen between them.",
            "model",
        )
    return fields.text(raw, "model")


def _controls(raw: object, headers: Mapping[str, str]) -> Controls:
    controls = read_controls(raw, headers)
    for name in CHOOSING:
        if getattr(controls, name):
            raise BadRequest(
                f"{FIELD}.{name}: nothing is chosen between embedding models; leave it out.", f"{FIELD}.{name}"
            )
    return controls


def _demand_input(raw: object) -> None:
    """Raises BadRequest."""
    if not (_is_text(raw) or _is_tokens(raw)):
        if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_INPUTS:
            raise fields.wrong("input", raw, INPUT)
        is_one = _is_text if isinstance(raw[0], str) else _is_tokens
        for at, each in enumerate(raw):
            if not is_one(each):
                raise fields.wrong(f"input[{at}]", each, "a text or a list of tokens, not empty, as those before it")


def _is_text(raw: object) -> bool:
    return isinstance(raw, str) and raw != ""


def _is_tokens(raw: object) -> bool:
    return isinstance(raw, list) and bool(raw) and all([type(each) is int and each >= 0 for each in raw])


def estimated_tokens(request: ChatRequest) -> int:
    """Of all inputs together: their tokens where they come as such, else at four characters each."""
    return sum([_tokens(each) for each in embeddings.inputs(request.content)])


def _tokens(given: Sequence[Any]) -> int:
    return -(-len(given) // CHARS_PER_TOKEN) if isinstance(given, str) else len(given)


def write(answer: Embeddings, request: ChatRequest, model: str, usage: Usage, metadata: Mapping[str, Any]) -> bytes:
    """The answer with the `routerhub` object, its vectors spelled as the client asked for."""
    spelled = embeddings.as_base64 if request.content.get("encoding_format") == "base64" else embeddings.as_floats
    data = [
        {**given, "object": "embedding", "index": at, "embedding": spelled(vector)}
        for at, (given, vector) in enumerate(zip(answer.native["data"], answer.vectors, strict=True))
    ]
    told = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
    if answer.usage is not None and not usage.is_estimated:
        told = {**answer.native["usage"], **told}
    return orjson.dumps(
        {**answer.native, "object": "list", "data": data, "model": model, "usage": told, FIELD: metadata}
    )
