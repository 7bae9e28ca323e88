"""How well the classifier does on prompts of sources it was not trained on, as text."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.table import Weights, judge, sums
from autorouter.training.fitting import fit
from autorouter.training.prompts import SEED, Outcome, Prompt
from autorouter.types import COMPLEXITIES

PARTS = 3
"""The seed set is held out a part at a time."""

Held = tuple[Prompt, Judged]
"""A held-out prompt with what was found."""


def held_out(prompts: Sequence[Prompt]) -> Iterator[tuple[str, list[Held]]]:
    """Each source by name, judged by weights fitted to the others; the seed set part by part."""
    for source in sorted({prompt.source for prompt in prompts if prompt.category} - {SEED}):
        yield source, _judged(prompts, lambda prompt, _, source=source: prompt.source == source)  # type: ignore[misc]
    if any(prompt.source == SEED for prompt in prompts):
        parts = [_judged(prompts, _part(number)) for number in range(PARTS)]
        yield SEED, [judged for part in parts for judged in part]


def _part(number: int) -> Callable[[Prompt, int], bool]:
    return lambda prompt, place: prompt.source == SEED and place % PARTS == number


def _judged(prompts: Sequence[Prompt], is_held: Callable[[Prompt, int], bool]) -> list[Held]:
    held = [prompt for place, prompt in enumerate(prompts) if is_held(prompt, place)]
    weights = fit([prompt for place, prompt in enumerate(prompts) if not is_held(prompt, place)])
    return [(prompt, judge(weights, prompt.asked)) for prompt in held]


def category_lines(judged: Sequence[Held]) -> Iterator[str]:
    """Accuracy, then a line for each category: precision, recall, and what its prompts were taken for."""
    pairs = Counter((str(prompt.category), str(found.category)) for prompt, found in judged)
    right = sum(times for (true, found), times in pairs.items() if true == found)
    yield f"accuracy {right / len(judged):.3f} of {len(judged)}"
    for category in CATEGORIES:
        of = sum(times for (true, _), times in pairs.items() if true == category)
        found = sum(times for (_, taken), times in pairs.items() if taken == category)
        if of:
            confused = {taken: pairs[category, taken] for taken in CATEGORIES if pairs[category, taken]}
            hits = pairs[category, category]
            precision = f"{hits / found:.2f}" if found else "   -"
            yield f"  {category:13} precision {precision} recall {hits / of:.2f} of {of:4}  {_listed(confused)}"


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counts.items(), key=lambda item: -item[1]))


def complexity_lines(judged: Iterable[Held]) -> Iterator[str]:
    """A line for each labelled complexity, with what its prompts were taken for."""
    pairs = Counter((str(prompt.complexity), str(found.complexity)) for prompt, found in judged if prompt.complexity)
    if total := sum(pairs.values()):
        yield f"complexity right {sum(pairs[name, name] for name in COMPLEXITIES) / total:.3f} of {total}"
        for true in COMPLEXITIES:
            if taken := {found: pairs[true, found] for found in COMPLEXITIES if pairs[true, found]}:
                yield f"  {true:13} {_listed(taken)}"


def outcome_lines(weights: Weights, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Whether the complexity tells where a weak model fails: the area under the curve, and failures by complexity."""
    scores = [sums(weights, [outcome.prompt])[-1] for outcome in outcomes]
    failed = [outcome.failed for outcome in outcomes]
    yield f"failures of the weak model: area under the curve {area(scores, failed):.3f} of {len(outcomes)} prompts"
    for place, name in enumerate(COMPLEXITIES):
        of = [fail for score, fail in zip(scores, failed, strict=True) if _step(weights, score) == place]
        if of:
            yield f"  {name:13} {sum(of) / len(of):.3f} of {len(of)}"


def _step(weights: Weights, score: float) -> int:
    return sum(score > step for step in weights.steps)


def area(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The chance that a positive scores above a negative, ties half; 0.5 tells nothing. Needs one of each."""
    ranks: dict[float, float] = {}
    ordered = sorted(scores)
    first = 0
    for score, times in sorted(Counter(ordered).items()):
        ranks[score] = first + (times + 1) / 2
        first += times
    of = sum(positive)
    total = sum(ranks[score] for score, is_positive in zip(scores, positive, strict=True) if is_positive)
    return (total - of * (of + 1) / 2) / (of * (len(scores) - of))


def confusing(judged: Iterable[Held], folder: Path) -> Iterator[str]:
    """The seed prompts that were taken for another category, to be read for wrong labels."""
    for prompt, judgement in judged:
        found = judgement.category
        if prompt.source == SEED and prompt.category != found:
            yield f"{folder.name}/{prompt.category}.jsonl, taken for {found}: {prompt.asked[-1][:150]!r}"
