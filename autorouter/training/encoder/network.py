"""The network: a BERT-like encoder with two heads, as functions over named arrays. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from autorouter.classification.judged import CATEGORIES
from autorouter.types import COMPLEXITIES

Parameters = Mapping[str, jax.Array]
"""By name: those of the base as it has them, and `category` and `complexity`, each with .weight and .bias."""
Kept = tuple[jax.Array, jax.Array]
"""What dropout leaves of the embedded tokens (b, t, width) and of what the heads read (b, 2 width): factors, 0 where dropped."""
Numbers = npt.NDArray[np.float32]
EPSILON = 1e-12
HIDDEN = -1e9
HEADS_OF: Mapping[str, int] = {"category": len(CATEGORIES), "complexity": len(COMPLEXITIES)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What the arrays do not say themselves, and how many layers they are."""

    layers: int
    heads: int


def begun(base: Mapping[str, Numbers], chance: np.random.Generator) -> dict[str, Numbers]:
    """The base's parameters, and heads that know nothing yet. They read the mean of all tokens beside the first one."""
    width = base["embeddings.LayerNorm.weight"].shape[0]
    found = dict(base)
    for name, labels in HEADS_OF.items():
        found[f"{name}.weight"] = (0.02 * chance.standard_normal((2 * width, labels))).astype(np.float32)
        found[f"{name}.bias"] = np.zeros(labels, np.float32)
    return found


def logits(
    parameters: Parameters, shape: Shape, ids: jax.Array, mask: jax.Array, kept: Kept | None = None
) -> tuple[jax.Array, jax.Array]:
    """Of categories (b, 7) and complexities (b, 3), of ids and mask (b, t). While training, some numbers are dropped."""
    states = _embedded(parameters, ids)
    if kept:
        states = states * kept[0]
    for layer in range(shape.layers):
        states = _layer(parameters, f"encoder.layer.{layer}", shape.heads, states, mask)
    mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    read = jnp.concatenate([mean, states[:, 0]], -1)
    if kept:
        read = read * kept[1]
    category, complexity = (read @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"] for name in HEADS_OF)
    return category, complexity


def _embedded(parameters: Parameters, ids: jax.Array) -> jax.Array:
    words = parameters["embeddings.word_embeddings.weight"][ids]
    positions = parameters["embeddings.position_embeddings.weight"][: ids.shape[1]]
    kind = parameters["embeddings.token_type_embeddings.weight"][0]
    return _normed(parameters, "embeddings.LayerNorm", words + positions + kind)


def _layer(parameters: Parameters, name: str, heads: int, states: jax.Array, mask: jax.Array) -> jax.Array:
    attended = _linear(
        parameters,
        f"{name}.attention.output.dense",
        _attended(parameters, f"{name}.attention.self", heads, states, mask),
    )
    states = _normed(parameters, f"{name}.attention.output.LayerNorm", states + attended)
    wide = jax.nn.gelu(_linear(parameters, f"{name}.intermediate.dense", states), approximate=False)
    return _normed(parameters, f"{name}.output.LayerNorm", states + _linear(parameters, f"{name}.output.dense", wide))


def _attended(parameters: Parameters, name: str, heads: int, states: jax.Array, mask: jax.Array) -> jax.Array:
    rows, tokens, width = states.shape

    def split(part: str) -> jax.Array:
        return _linear(parameters, f"{name}.{part}", states).reshape(rows, tokens, heads, -1).transpose(0, 2, 1, 3)

    query, key, value = map(split, ("query", "key", "value"))
    scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(width // heads)
    shares = jax.nn.softmax(scores + (1 - mask[:, None, None, :]) * HIDDEN, -1)
    return (shares @ value).transpose(0, 2, 1, 3).reshape(rows, tokens, width)


def _linear(parameters: Parameters, name: str, states: jax.Array) -> jax.Array:
    return states @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]


def _normed(parameters: Parameters, name: str, states: jax.Array) -> jax.Array:
    centred = states - states.mean(-1, keepdims=True)
    spread = jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
    return centred / spread * parameters[f"{name}.weight"] + parameters[f"{name}.bias"]
