"""The trained network as one file: graph, tokenizer, labels, temperatures and model card."""

import json
from collections.abc import Mapping
from pathlib import Path

import onnx

from autorouter.classification.judged import CATEGORIES
from autorouter.types import COMPLEXITIES

UNCALIBRATED: Mapping[str, float] = {"category": 1.0, "complexity": 1.0}


def described(model: onnx.ModelProto, tokenizer: Path, temperatures: Mapping[str, float], card: str) -> onnx.ModelProto:
    """The model with all that whoever runs it must know."""
    facts = {
        "tokenizer": _tokenizer(tokenizer),
        "labels": json.dumps({"categories": CATEGORIES, "complexities": COMPLEXITIES}),
        "temperatures": json.dumps(dict(temperatures)),
        "card": card,
    }
    found = onnx.ModelProto()
    found.CopyFrom(model)
    del found.metadata_props[:]
    for key, value in facts.items():
        found.metadata_props.add(key=key, value=value)
    return found


def _tokenizer(path: Path) -> str:
    """Without padding and truncation: which part of a text is read is the reader's affair."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    return json.dumps(whole | {"padding": None, "truncation": None}, ensure_ascii=False, separators=(",", ":"))
