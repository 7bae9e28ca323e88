"""Fine-tunes the network: Adam with weight decay, clipped slopes, a warm-up and a rate that falls along a line.

One seed for the heads, the order and dropout: the same labels, base and settings give the same weights on the same
processor with the same packages; elsewhere sums are rounded otherwise, and weights differ in their last digits.
"""

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from autorouter.training.encoder.base import Base
from autorouter.training.encoder.data import Batch, Example, batches
from autorouter.training.encoder.network import HEADS_OF, Kept, Numbers, Parameters, Shape, begun, logits

COMPLEXITY_SHARE = 0.3
"""What the complexity's loss counts beside the category's."""
HEADS_FASTER, EMBEDDINGS_FASTER = 10.0, 0.5
MEAN_KEPT, SQUARE_KEPT = 0.9, 0.98
DECAY = 0.01
TINY = 1e-8
MAX_SLOPE = 1.0
WARM_UP = 0.06
"""Of all steps."""
DROPPED = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    epochs: int = 3
    batch: int = 32
    rate: float = 6e-5
    seed: int = 0


Told = Callable[[int, int, float], None]
"""Is told the step, of how many, and the loss."""
State = tuple[jax.Array, jax.Array, jax.Array]
"""All parameters in a row, the running mean of their slopes, and that of the slopes' squares."""
Given = tuple[Batch, Kept]
BATCH_FIELDS = ["ids", "mask", "categories", "complexities", "weights"]
jax.tree_util.register_dataclass(Batch, data_fields=BATCH_FIELDS, meta_fields=[])


def fit(base: Base, examples: Sequence[Example], settings: Settings, told: Told) -> dict[str, Numbers]:
    """The parameters after all epochs. Raises ValueError for fewer examples than a batch."""
    if len(examples) < settings.batch:
        raise ValueError(f"{len(examples)} prompts are fewer than a batch of {settings.batch}")
    chance = np.random.default_rng(settings.seed)
    parameters = begun(base.parameters, chance)
    row, named = ravel_pytree(parameters)
    faster, _ = ravel_pytree({name: np.full(values.shape, _faster(name)) for name, values in parameters.items()})
    state: State = (row, jnp.zeros_like(row), jnp.zeros_like(row))
    steps = settings.epochs * (len(examples) // settings.batch)
    slope = _slope(base.shape, named)
    for number, batch in enumerate(_passes(examples, settings), start=1):
        loss, slopes = slope(state[0], batch, _kept(batch, base, chance))
        state = _moved(state, slopes, faster * _rate(settings.rate, number, steps), number)
        told(number, steps, float(loss))
    return {name: np.asarray(values) for name, values in named(state[0]).items()}


def _passes(examples: Sequence[Example], settings: Settings) -> Iterator[Batch]:
    for epoch in range(settings.epochs):
        chance = random.Random(settings.seed + epoch)  # noqa: S311 - an order, not a secret
        yield from batches(examples, settings.batch, chance)


def _kept(batch: Batch, base: Base, chance: np.random.Generator) -> Kept:
    width = base.parameters["embeddings.LayerNorm.weight"].shape[0]
    sizes = (*batch.ids.shape, width), (len(batch.ids), 2 * width)
    embedded, read = ((chance.random(size, np.float32) >= DROPPED) / (1 - DROPPED) for size in sizes)
    return jnp.asarray(embedded, jnp.float32), jnp.asarray(read, jnp.float32)


@functools.cache
def _slope(shape: Shape, named: Callable[[jax.Array], Parameters]) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """The loss of a batch and its slope along every parameter."""

    def loss(row: jax.Array, batch: Batch, kept: Kept) -> jax.Array:
        given = {name: jnp.asarray(getattr(batch, name)) for name in BATCH_FIELDS}
        category, complexity = logits(named(row), shape, given["ids"], given["mask"], kept)
        losses = _cross_entropy(given["categories"], category)
        losses += COMPLEXITY_SHARE * _cross_entropy(given["complexities"], complexity)
        return jnp.mean(given["weights"] * losses)

    return jax.jit(jax.value_and_grad(loss))


def _cross_entropy(shares: jax.Array, found: jax.Array) -> jax.Array:
    return -jnp.sum(shares * jax.nn.log_softmax(found), -1)


@functools.partial(jax.jit, donate_argnums=0)
def _moved(state: State, slopes: jax.Array, rates: jax.Array, number: int) -> State:
    row, mean, square = state
    slopes *= jnp.minimum(1.0, MAX_SLOPE / (jnp.sqrt((slopes**2).sum()) + TINY))
    mean = MEAN_KEPT * mean + (1 - MEAN_KEPT) * slopes
    square = SQUARE_KEPT * square + (1 - SQUARE_KEPT) * slopes**2
    spread = jnp.sqrt(square / (1 - SQUARE_KEPT**number)) + TINY
    return row - rates * (mean / (1 - MEAN_KEPT**number) / spread + DECAY * row), mean, square


def _rate(most: float, number: int, steps: int) -> float:
    return most * min(number / (WARM_UP * steps), max(0.0, (steps - number) / ((1 - WARM_UP) * steps)))


def _faster(name: str) -> float:
    if name.partition(".")[0] in HEADS_OF:
        return HEADS_FASTER
    return EMBEDDINGS_FASTER if name.startswith("embeddings.") else 1.0
