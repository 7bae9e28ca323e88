"""What the encoder learns from: prompts labelled by reading, and the seed set beside them."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from autorouter.classification.judged import CATEGORIES
from autorouter.training.prompts import SEED, Prompt, folds, own_prompts, read_labels
from autorouter.types import COMPLEXITIES, Category

SEED_PROMPTS = 5_000
SEED_WEIGHT = 0.35
"""The seed set is written, not typed: it is there for what nobody happened to ask."""
KIND_POWER = 0.5
"""A category's prompts count (mean number / own number) to this power: 0 leaves the rare ones rare, 1 makes all alike."""
SECOND_SHARE = 0.2
"""Of a label where a reader named a second one."""
SMOOTHED = 0.03
"""Of each label goes to all categories alike."""
LENGTHS = (16, 24, 32, 48, 64, 96, 128)
"""Batches are padded to one of these, so that the network is compiled as often and no more."""
Numbers = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A prompt as numbers: token ids, the probabilities to learn, and how much it counts."""

    ids: Sequence[int]
    categories: Numbers
    complexities: Numbers
    """All zero where nobody said."""
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Prompts of about one length, padded."""

    ids: Ids
    mask: Numbers
    categories: Numbers
    complexities: Numbers
    weights: Numbers


def labels(path: Path) -> list[Prompt]:
    """Prompts labelled by reading. Raises ValueError, naming the line and what is allowed there."""
    found = read_labels(path)
    for number, prompt in enumerate(found, start=1):
        _check(number, "category", prompt.category, CATEGORIES)
        _check(number, "second", prompt.second, (None, *CATEGORIES))
        _check(number, "difficulty", prompt.complexity, (None, *COMPLEXITIES))
    return found


def _check(number: int, field: str, value: object, allowed: Sequence[str | None]) -> None:
    if value not in allowed:
        raise ValueError(f"line {number}: {field} is {value!r}, and may be {', '.join(str(one) for one in allowed)}")


def seeds(most: int = SEED_PROMPTS) -> list[Prompt]:
    """Some of the seed set, the same each time. Their complexity is not a reader's, so it is left out."""
    prompts = own_prompts()
    random.Random(2).shuffle(prompts)  # noqa: S311 - an order, not a secret
    return [replace(prompt, complexity=None) for prompt in prompts[:most]]


def parted(prompts: Sequence[Prompt], sixth: int | None) -> tuple[list[Prompt], list[Prompt]]:
    """What is trained on, and what is held back: a sixth of the sources, whole. None: nothing is."""
    fold_of = folds(prompts)
    held = [prompt for prompt in prompts if fold_of[prompt.source] == sixth]
    return [prompt for prompt in prompts if fold_of[prompt.source] != sixth], held


def digest(prompts: Iterable[Prompt]) -> str:
    """Names the prompts, their labels and their order."""
    found = hashlib.sha256()
    for one in prompts:
        found.update(repr((one.asked, one.category, one.second, one.complexity, one.source)).encode(errors="replace"))
    return found.hexdigest()[:12]


def examples(prompts: Sequence[Prompt], ids: Sequence[Sequence[int]]) -> list[Example]:
    """Each prompt, given its token ids, as numbers; the rarer its kind, the more it counts."""
    kinds = _kind_weights(prompts)
    return [
        Example(
            ids=found,
            categories=category_shares(one),
            complexities=complexity_shares(one),
            weight=kinds[one.category] * (SEED_WEIGHT if one.source == SEED else 1),
        )
        for one, found in zip(prompts, ids, strict=True)
    ]


def _kind_weights(prompts: Iterable[Prompt]) -> dict[Category, float]:
    """1 on average over the prompts."""
    counts = Counter(one.category for one in prompts)
    raw = {name: times**-KIND_POWER for name, times in counts.items()}
    mean = sum(raw[name] * times for name, times in counts.items()) / counts.total()
    return {name: weight / mean for name, weight in raw.items()}


def category_shares(one: Prompt) -> Numbers:
    shares = np.full(len(CATEGORIES), SMOOTHED / len(CATEGORIES), np.float32)
    shares[CATEGORIES.index(one.category)] += (1 - SMOOTHED) * (1 - SECOND_SHARE if one.second else 1)
    if one.second:
        shares[CATEGORIES.index(one.second)] += (1 - SMOOTHED) * SECOND_SHARE
    return shares


def complexity_shares(one: Prompt) -> Numbers:
    shares = np.zeros(len(COMPLEXITIES), np.float32)
    if one.complexity:
        shares[COMPLEXITIES.index(one.complexity)] = 1
    return shares


def batches(found: Sequence[Example], size: int, chance: random.Random) -> list[Batch]:
    """All of one pass, in a random order, each of prompts of about one length; what does not fill a batch waits for the next."""
    order = sorted(range(len(found)), key=lambda place: len(found[place].ids) + 6 * chance.random())
    chosen = [order[first : first + size] for first in range(0, len(order) - size + 1, size)]
    chance.shuffle(chosen)
    return [_batch([found[place] for place in places]) for places in chosen]


def _batch(chosen: Sequence[Example]) -> Batch:
    ids, mask = padded([one.ids for one in chosen])
    return Batch(
        ids=ids,
        mask=mask,
        categories=np.stack([one.categories for one in chosen]),
        complexities=np.stack([one.complexities for one in chosen]),
        weights=np.array([one.weight for one in chosen], np.float32),
    )


def padded(ids: Sequence[Sequence[int]]) -> tuple[Ids, Numbers]:
    """Token ids side by side and which of them are there, as long as the next of LENGTHS."""
    longest = max(map(len, ids))
    width = next(length for length in LENGTHS if length >= longest)
    found = np.zeros((len(ids), width), np.int32)
    mask = np.zeros((len(ids), width), np.float32)
    for row, one in enumerate(ids):
        found[row, : len(one)], mask[row, : len(one)] = one, 1
    return found, mask
