"""The ready sentence encoder that training starts from."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from autorouter.training.encoder.network import Shape

WEIGHTS, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"
UNUSED = ("pooler.", "embeddings.position_ids")


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A base of BERT's form, read."""

    parameters: dict[str, np.ndarray]
    shape: Shape
    tokenizer: str
    """Its JSON, without padding and truncation: which part of a text is read is not the tokenizer's affair."""
    digest: str
    """SHA-256 of its weights."""


def read(folder: Path) -> Base:
    """Raises FileNotFoundError for a folder that lacks one of the three files."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    found = {name.removeprefix("bert."): values for name, values in load_file(folder / WEIGHTS).items()}
    whole = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    return Base(
        parameters={name: values for name, values in sorted(found.items()) if not name.startswith(UNUSED)},
        shape=Shape(layers=config["num_hidden_layers"], heads=config["num_attention_heads"]),
        tokenizer=json.dumps(whole | {"padding": None, "truncation": None}, ensure_ascii=False, separators=(",", ":")),
        digest=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
    )
