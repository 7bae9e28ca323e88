"""What the sandbox answers where vectors are asked for: the same input always gets the same vector of length 1. Pure."""

import hashlib
import math
import random
from collections.abc import Mapping
from typing import Any

import orjson

from models_registry.sandbox.answers import CHARS_PER_TOKEN, BadField, whole
from models_registry.upstream import embeddings

WIDTH, MAX_WIDTH = 1_536, 8_192


def answer(body: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer. Raises BadField."""
    if not isinstance(body.get("input"), str | list) or not body["input"]:
        raise BadField("input", "write a text, a list of texts, or tokens.")
    width = whole(body, "dimensions", 1, MAX_WIDTH) or WIDTH
    asked = embeddings.inputs(body)
    spelled = embeddings.as_base64 if body.get("encoding_format") == "base64" else embeddings.as_floats
    data = [
        {"object": "embedding", "index": at, "embedding": spelled(vector(each, width))} for at, each in enumerate(asked)
    ]
    tokens = sum(max(1, len(each) // CHARS_PER_TOKEN) if isinstance(each, str) else len(each) for each in asked)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": body.get("model", ""), "usage": usage}


def vector(given: Any, width: int) -> list[float]:
    """Made of the input's digest, in numbers that a float32 holds exactly."""
    source = random.Random(hashlib.sha256(orjson.dumps(given)).digest())  # noqa: S311 - made up, and the same every time
    raw = [source.gauss(0, 1) for _ in range(width)]
    length = math.sqrt(sum(each * each for each in raw))
    return list(embeddings.as_floats(embeddings.as_base64([each / length for each in raw])))
