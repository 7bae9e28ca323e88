"""Learned success shown on questions whose outcome is known for every model: a curve of quality against cost. Pure.

A line of the file has `question`, `scores` (by model, 0 to 1) and `task_name`. Questions are held out in turn. Every way of
choosing gives each model a chance of success, and the price of quality is swept: the model with the largest chance minus its
cost times that price is chosen, once for every price, which draws the curve.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from operator import mul
from statistics import fmean

from autorouter.classification import vocabulary
from autorouter.classification.classify import classify
from experiments.learning.success import evidence, fitting
from experiments.learning.success.evidence import FOLDS
from experiments.learning.success.fitting import prior_logit, sigmoid
from experiments.learning.success.outcomes import Outcome, Priors

OUTPUT_TOKENS = 200
"""Of an answer, reckoned for every model alike."""
PRICES = (0.0, *(10 ** (step / 8) for step in range(33)))
"""Quality in points of success for what a mean request at the dearest model costs, in thousandths: 0, then 1 to 10,000."""
SMOOTHED = 10
"""A profile's score is that of so many questions more that are as the model's mean."""
RESAMPLED = 100
CATEGORY_OF = {
    "math": "reasoning", "gsm8k": "reasoning", "gpqa": "reasoning", "agentverse-mgsm": "reasoning",
    "agentverse-logicgrid": "reasoning", "commonsense_qa": "reasoning", "natural_qa": "factual", "trivia_qa": "factual",
    "arc_challenge": "factual", "openbook_qa": "factual", "mmlu": "analysis", "mbpp": "coding", "human_eval": "coding",
    "commongen": "creative",
}  # fmt: skip
"""What a reader would say that the questions of these benchmarks are about."""
Chances = Mapping[str, float]
"""By model."""
Costs = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question with what every model made of it."""

    number: str
    task: str
    category: str
    """As the classifier finds it."""
    terms: tuple[int, ...]
    tokens: float
    """Prompt and answer."""
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What choosing at one price of quality comes to."""

    quality: float
    cost: float
    """Of the best single model's."""


def read(rows: Iterable[Mapping[str, object]]) -> list[Question]:
    """The questions of such a file, without their text."""
    return [_question(str(at), row) for at, row in enumerate(rows)]


def _question(number: str, row: Mapping[str, object]) -> Question:
    text, scores = str(row["question"]), row["scores"]
    if not isinstance(scores, dict):
        raise ValueError(f"scores: {str(scores)[:60]!r} is not an object of model to score.")
    task = classify([{"role": "user", "content": text}])
    return Question(
        number=number, task=str(row.get("task_name", "")), category=task.category, terms=vocabulary.numbers([text]),
        tokens=task.input_tokens + OUTPUT_TOKENS, scores={model: float(score) for model, score in sorted(scores.items())},
    )  # fmt: skip


def best_single(questions: Sequence[Question]) -> str:
    models = questions[0].scores
    return max(models, key=lambda model: fmean(each.scores[model] for each in questions))


# --- ways of choosing


def fold_of(question: Question) -> str:
    return str(int.from_bytes(blake2b(question.number.encode(), digest_size=4).digest(), "big") % FOLDS)


def task_of(question: Question) -> str:
    return question.task


Chooser = Callable[[Sequence[Question], Sequence[Question]], list[Chances]]
"""From the questions that were learned from, and those that are chosen for, each of these one's chances."""


def held_out(
    questions: Sequence[Question], chooser: Chooser, part_of: Callable[[Question], str] = fold_of
) -> list[Chances]:
    """Every question's chances by what the other parts teach, in the order of the questions."""
    found: dict[str, Chances] = {}
    for part in sorted({part_of(each) for each in questions}):
        learned_from = [each for each in questions if part_of(each) != part]
        asked = [each for each in questions if part_of(each) == part]
        found |= {each.number: chances for each, chances in zip(asked, chooser(learned_from, asked), strict=True)}
    return [found[each.number] for each in questions]


def profile_by(kind_of: Callable[[Question], str]) -> Chooser:
    """Each model's mean in the kind of task."""

    def choose(learned_from: Sequence[Question], asked: Sequence[Question]) -> list[Chances]:
        means = _means(learned_from, kind_of)
        overall = _means(learned_from, lambda _: "")[""]
        return [means.get(kind_of(each), overall) for each in asked]

    return choose


def learned(learned_from: Sequence[Question], asked: Sequence[Question]) -> list[Chances]:
    """Exactly what decisions do: the profile by found category, moved by shifts and words, and by nothing that is common."""
    means = _means(learned_from, lambda each: each.category)
    priors: Priors = {
        (model, kind): Decimal(str(round(100 * mean, 1)))
        for kind, found in means.items()
        for model, mean in found.items()
    }
    fit = fitting.fit([each for question in learned_from for each in outcomes_of(question)], priors)
    return [
        {
            model: sigmoid(
                prior_logit(priors, model, each.category)
                + (evidence.moved(fit.by_words.get(model), each.category, each.terms) or 0.0)
            )
            for model in each.scores
        }
        for each in asked
    ]


def outcomes_of(question: Question) -> list[Outcome]:
    return [
        Outcome(model=model, kind=question.category, terms=question.terms, score=score, question=question.number)
        for model, score in question.scores.items()
    ]


def _means(questions: Sequence[Question], kind_of: Callable[[Question], str]) -> dict[str, dict[str, float]]:
    """By kind and model."""
    overall = {model: fmean(each.scores[model] for each in questions) for model in questions[0].scores}
    kinds: dict[str, list[Question]] = {}
    for each in questions:
        kinds.setdefault(kind_of(each), []).append(each)
    return {
        kind: {
            model: (sum(each.scores[model] for each in found) + SMOOTHED * mean) / (len(found) + SMOOTHED)
            for model, mean in overall.items()
        }
        for kind, found in kinds.items()
    }


# --- curves

Choices = Sequence[Sequence[str]]
"""For each price of quality, the model that each question gets."""


def choices(questions: Sequence[Question], chances: Sequence[Chances], prices: Costs) -> Choices:
    """Prices by model in USD per million tokens; a price of quality is relative to the dearest one's mean request."""
    dearest = max(prices.values()) * fmean(each.tokens for each in questions)
    return [
        [
            max(found, key=lambda model: (found[model] - paid * prices[model] * each.tokens / dearest, model))
            for each, found in zip(questions, chances, strict=True)
        ]
        for paid in (price / 1_000 for price in PRICES)
    ]


def curve(
    questions: Sequence[Question], chosen: Choices, prices: Costs, counts: Sequence[int] | None = None
) -> list[Point]:
    """Quality and cost at each price of quality; `counts`: how often each question counts, once by default."""
    times = counts or [1] * len(questions)
    best, total = best_single(questions), sum(times)
    whole = sum(map(mul, times, (prices[best] * each.tokens for each in questions)))
    return [
        Point(
            quality=sum(map(mul, times, (each.scores[model] for each, model in zip(questions, models, strict=True)))) / total,
            cost=sum(map(mul, times, (prices[model] * each.tokens for each, model in zip(questions, models, strict=True))))
            / whole,
        )
        for models in chosen
    ]  # fmt: skip


def cost_at(points: Sequence[Point], quality: float) -> float | None:
    """The least cost at which the curve has at least this quality; None where it never does."""
    enough = [point.cost for point in points if point.quality >= quality]
    return min(enough) if enough else None


def quality_at(points: Sequence[Point], cost: float) -> float | None:
    """The best quality for at most this cost."""
    cheap = [point.quality for point in points if point.cost <= cost]
    return max(cheap) if cheap else None


Figure = Callable[[Sequence[Point], float], float | None]
"""Of a curve, and of the best single model's quality on the same questions."""
Ranged = tuple[float | None, float | None, float | None]
"""A figure, with the 2.5 and 97.5 % of it over questions drawn anew; None where it is not reached."""


def ranged(
    questions: Sequence[Question], chosen: Choices, prices: Costs, figures: Mapping[str, Figure]
) -> dict[str, Ranged]:
    """Every figure of a curve with its interval."""
    best, drawn = best_single(questions), random.Random(5)  # noqa: S311 - a fixed one, so that figures can be made again

    def of(counts: Sequence[int]) -> dict[str, float | None]:
        single = sum(map(mul, counts, (each.scores[best] for each in questions))) / sum(counts)
        points = curve(questions, chosen, prices, counts)
        return {name: figure(points, single) for name, figure in figures.items()}

    everybody = range(len(questions))
    draws = [Counter(drawn.choices(everybody, k=len(questions))) for _ in range(RESAMPLED)]
    samples = [of([counts[place] for place in everybody]) for counts in draws]
    whole = of([1] * len(questions))
    return {name: (whole[name], *_bounds([sample[name] for sample in samples])) for name in figures}


def _bounds(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    found = sorted(value for value in values if value is not None)
    if len(found) < len(values):
        return None, None
    return found[int(0.025 * len(found))], found[-1 - int(0.025 * len(found))]
