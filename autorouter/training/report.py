"""How well the classifier does on prompts of sources it was not trained on, as text."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from autorouter.classification.features import is_pasted
from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.table import Weights, judged, sums
from autorouter.training.calibrating import Held, calibrated
from autorouter.training.examples import Counted
from autorouter.training.fitting import fit
from autorouter.training.prompts import FOLDS, Prompt, folds
from autorouter.types import COMPLEXITIES

SUREST = 0.7
BINS = 10
Found = tuple[Prompt, Judged]
"""A prompt with what was found."""


def held_out(prompts: Sequence[Counted], tested: Sequence[Prompt]) -> list[Held]:
    """Each tested prompt, read by weights fitted without a sixth of the sources, its own among them."""
    fold_of = folds(each.prompt for each in prompts)
    held: list[Held] = []
    for fold in range(FOLDS):
        weights = fit([each for each in prompts if fold_of.get(each.prompt.source) != fold])
        left_out = [prompt for prompt in tested if fold_of.get(prompt.source, 0) == fold]
        held += [Held(prompt=prompt, lanes=tuple(sums(weights, prompt.asked)), fold=fold) for prompt in left_out]
    return held


def found(weights: Weights, held: Sequence[Held]) -> list[Found]:
    """What comes out for prompts held out, calibrated on the other sixths alone. Of the weights only the form counts."""
    out: list[Found] = []
    for fold in range(FOLDS):
        others = calibrated(weights, [each for each in held if each.fold != fold])
        for each in held:
            if each.fold == fold:
                *lanes, complexity = each.lanes
                out.append((each.prompt, judged(others, each.prompt.asked[-1], lanes, complexity)))
    return out


def lines(out: Sequence[Found], typed: Iterable[str] = ()) -> Iterator[str]:
    """All figures of prompts labelled by reading; `typed` names the sources that people really typed."""
    names = frozenset(typed)
    pasted = [each for each in out if is_pasted(each[0].asked[-1])]
    yield figures("all", out)
    if real := [each for each in out if each[0].source in names]:
        yield figures("typed by people", real)
    if pasted:
        yield figures("a bare question behind a pasted text", pasted)
    yield from category_lines(out)
    yield from complexity_lines(out)
    for name, of in (("all", out), ("a bare question behind a pasted text", pasted)):
        if of:
            yield f"reliability, {name}"
            yield from reliability_lines(of)


def figures(name: str, out: Sequence[Found]) -> str:
    """How many were right, either label, among the surest, and how far confidence is from it."""
    surest = sorted(out, key=lambda each: -each[1].confidence)[: round(SUREST * len(out))]
    return (
        f"{name}: right {_share(out, _is_right):.3f}, either label {_share(out, _is_either):.3f}, surest {SUREST:.0%} "
        f"{_share(surest, _is_right):.3f}, calibration error {calibration_error(out):.3f}, of {len(out)}"
    )


def _is_right(each: Found) -> bool:
    prompt, judgement = each
    return judgement.category == prompt.category


def _is_either(each: Found) -> bool:
    prompt, judgement = each
    return judgement.category in {prompt.category, prompt.second}


def _share(out: Sequence[Found], holds: Callable[[Found], bool]) -> float:
    return sum(map(holds, out)) / len(out)


def calibration_error(out: Sequence[Found]) -> float:
    """The expected one: the mean distance of confidence from the share that is right, by tenths of confidence."""
    return sum(len(of) * abs(_mean_confidence(of) - _share(of, _is_right)) for of in _bins(out).values()) / len(out)


def reliability_lines(out: Sequence[Found]) -> Iterator[str]:
    """A line for each tenth of confidence."""
    for tenth, of in sorted(_bins(out).items()):
        yield (
            f"  {tenth / BINS:.1f} to {(tenth + 1) / BINS:.1f}: confidence {_mean_confidence(of):.2f}, right "
            f"{_share(of, _is_right):.2f}, of {len(of)}"
        )


def _bins(out: Iterable[Found]) -> dict[int, list[Found]]:
    bins: dict[int, list[Found]] = {}
    for each in out:
        bins.setdefault(min(int(each[1].confidence * BINS), BINS - 1), []).append(each)
    return bins


def _mean_confidence(out: Sequence[Found]) -> float:
    return sum(judgement.confidence for _, judgement in out) / len(out)


def category_lines(out: Sequence[Found]) -> Iterator[str]:
    """A line for each category: precision, recall, and what its prompts were taken for."""
    pairs = Counter((prompt.category, judgement.category) for prompt, judgement in out)
    for category in CATEGORIES:
        of = sum(times for (true, _), times in pairs.items() if true == category)
        taken_for_it = sum(times for (_, taken), times in pairs.items() if taken == category)
        if of:
            confused = {taken: pairs[category, taken] for taken in CATEGORIES if pairs[category, taken]}
            hits = pairs[category, category]
            precision = f"{hits / taken_for_it:.2f}" if taken_for_it else "   -"
            yield f"  {category:13} precision {precision} recall {hits / of:.2f} of {of:4}  {_listed(confused)}"


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counts.items(), key=lambda item: -item[1]))


def complexity_lines(out: Iterable[Found]) -> Iterator[str]:
    """A line for each labelled complexity, with what its prompts were taken for."""
    pairs = Counter((prompt.complexity, judgement.complexity) for prompt, judgement in out if prompt.complexity)
    if total := sum(pairs.values()):
        yield f"complexity right {sum(pairs[name, name] for name in COMPLEXITIES) / total:.3f} of {total}"
        for true in COMPLEXITIES:
            if taken := {name: pairs[true, name] for name in COMPLEXITIES if pairs[true, name]}:
                yield f"  {true:13} {_listed(taken)}"


def family_lines(held: Sequence[Held]) -> Iterator[str]:
    """How often prompts whose category is given by their source are found right, and the mean of the families."""
    right: dict[str, list[bool]] = {}
    for each in held:
        *lanes, _ = each.lanes
        found = CATEGORIES[lanes.index(max(lanes))]
        right.setdefault(each.prompt.group, []).append(found == each.prompt.category)
    shares = [sum(of) / len(of) for of in right.values()]
    hits = sum(map(sum, right.values()))
    mean = sum(shares) / len(shares)
    yield f"by families: right {hits / len(held):.3f} of {len(held)}, mean of {len(shares)} families {mean:.3f}"


def misread(out: Iterable[Found]) -> Iterator[str]:
    """The prompts taken for another category, to be read for wrong labels."""
    for prompt, judgement in out:
        if prompt.category != judgement.category:
            yield f"{prompt.source}: {prompt.category} taken for {judgement.category}: {prompt.asked[-1][:150]!r}"
