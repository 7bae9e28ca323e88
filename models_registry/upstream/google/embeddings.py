"""Vectors from Google's batchEmbedContents: what is sent, and what comes back."""

from collections.abc import Mapping
from typing import Any

from models_registry.upstream import embeddings
from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import Rejected
from models_registry.upstream.google.request import TABLE
from models_registry.upstream.wire.json_values import count, mapping, mappings

MAX_TEXTS = 100
"""So many it takes at once."""


def payload_of(request: UpstreamRequest) -> dict[str, Any]:
    """The body to send. Raises Rejected: tokens and more texts than that it does not take."""
    texts = embeddings.inputs(request.content)
    if not all([isinstance(each, str) for each in texts]):
        raise _rejected("tokens were given; allowed are texts")
    if len(texts) > MAX_TEXTS:
        raise _rejected(f"{len(texts):,} texts were given; allowed are up to {MAX_TEXTS}")
    width = request.content.get("dimensions")
    beside = {"model": f"models/{request.model}", **({} if width is None else {"outputDimensionality": width})}
    script = {} if request.script is None else {"sandbox": request.script}
    return {"requests": [{**beside, "content": {"parts": [{"text": text}]}} for text in texts], **script}


def _rejected(what: str) -> Rejected:
    text = f"input: {what} by {TABLE.title}."
    return Rejected(text, was_sent=False, code="unsupported_parameter", param="input")


def read(answer: Mapping[str, Any], content: Mapping[str, Any]) -> Embeddings:
    """The vectors in an answer, for a request of this content. Raises Failed, or Rejected for vectors of another width."""
    data = [{"embedding": each.get("values")} for each in mappings(answer.get("embeddings"))]
    tokens = count(mapping(answer.get("usageMetadata")).get("promptTokenCount"))
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens}}
    return embeddings.read_object({"data": data, **usage}, content)
