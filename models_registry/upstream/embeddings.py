"""Embeddings as OpenAI and the servers compatible with it speak them: what is sent, and what comes back.

A vector comes as a list of numbers, or as the base64 of its float32s. Some servers know only one of the two, whatever they
are asked for; what they sent is kept as it is, and whoever needs the other spelling converts it (`as_floats`, `as_base64`).
"""

import binascii
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from models_registry.types import Usage
from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.errors import Failed, Rejected
from models_registry.upstream.wire.refusals import loads

Vector = Sequence[float] | str
"""Numbers, or their base64."""
FLOAT_BYTES = 4
FORMAT = "encoding_format"


@dataclass(frozen=True, kw_only=True, slots=True)
class Embeddings:
    """One vector for each input, in their order."""

    vectors: tuple[Vector, ...]
    usage: Usage | None
    """None where the upstream did not say, or said what makes no sense."""
    native: Mapping[str, Any]
    """The answer as it came."""


@runtime_checkable
class Embedder(Protocol):
    """An adapter whose dialect has embeddings."""

    async def embed(self, request: UpstreamRequest) -> Embeddings:
        """The vectors of `request.content["input"]`. Raises UpstreamError."""
        ...


def payload(request: UpstreamRequest) -> dict[str, Any]:
    """What is sent: the content as the client wrote it, with the model's name there."""
    script = {} if request.script is None else {"sandbox": request.script}
    return {**request.content, "model": request.model, **script}


def in_other_format(sent: Mapping[str, Any], refused: Rejected) -> dict[str, Any] | None:
    """The same asked for in the other spelling, where the server does not know the one that it was asked for."""
    if refused.param != FORMAT and FORMAT not in str(refused):
        return None
    return {**sent, FORMAT: "float" if sent.get(FORMAT) == "base64" else "base64"}


def inputs(content: Mapping[str, Any]) -> Sequence[Any]:
    """What a vector is wanted for, each text or list of tokens by itself."""
    given = content["input"]
    is_one = isinstance(given, str) or (given and isinstance(given[0], int))
    return [given] if is_one else given


def read(body: bytes, content: Mapping[str, Any]) -> Embeddings:
    """The vectors in a body, for a request of this content. Raises Failed, or Rejected for vectors of another width."""
    return read_object(loads(body), content)


def read_object(answer: Any, content: Mapping[str, Any]) -> Embeddings:
    """The same of what a body holds."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise Failed("Its answer has no list of vectors.", status=200)
    wanted = len(inputs(content))
    places = [each.get("index", at) for at, each in enumerate(data)]
    if not all(type(each) is int for each in places) or sorted(places) != list(range(wanted)):
        raise Failed(f"Its answer has {len(data)} vectors for {wanted} inputs, or numbers them otherwise.", status=200)
    data = [each for _, each in sorted(zip(places, data, strict=True), key=lambda pair: pair[0])]
    vectors = tuple([each.get("embedding") for each in data])
    _demand_width({_width(each) for each in vectors}, content.get("dimensions"))
    return Embeddings(vectors=vectors, usage=_usage(answer.get("usage")), native={**answer, "data": data})


def _width(vector: Any) -> int:
    """How many numbers it has. Raises Failed where it is none."""
    if isinstance(vector, str) and (floats := _decoded(vector)) is not None:
        return len(floats)
    if isinstance(vector, list) and all([isinstance(each, float | int) for each in vector]):
        return len(vector)
    raise Failed("A vector of its answer is neither a list of numbers nor base64.", status=200)


def _demand_width(widths: set[int], wanted: int | None) -> None:
    """An upstream that passes over `dimensions` has made vectors, and may bill them, but not those that were asked for."""
    if len(widths) != 1 or 0 in widths:
        raise Failed("The vectors of its answer are empty, or not of one width.", status=200)
    (width,) = widths
    if wanted is not None and width != wanted:
        text = f"dimensions: {wanted} was given, but the model makes vectors of {width} numbers."
        raise Rejected(text, status=400, code="invalid_value", param="dimensions", was_refused=False)


def _usage(raw: object) -> Usage | None:
    tokens = raw.get("prompt_tokens", raw.get("total_tokens")) if isinstance(raw, dict) else None
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 0:
        return None
    return Usage(input_tokens=tokens, output_tokens=0)


# --- the two spellings


def _decoded(text: str) -> "array[float] | None":
    floats = array("f")
    try:
        floats.frombytes(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    if sys.byteorder == "big":
        floats.byteswap()
    return floats


def as_floats(vector: Vector) -> Sequence[float]:
    """The vector as numbers."""
    return vector if not isinstance(vector, str) else list(_decoded(vector) or ())


def as_base64(vector: Vector) -> str:
    """The vector as the base64 of its float32s, little-endian."""
    if isinstance(vector, str):
        return vector
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return b64encode(floats.tobytes()).decode()
