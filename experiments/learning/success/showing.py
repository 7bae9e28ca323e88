"""The demonstration as a table and a chart. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from experiments.learning.success import evaluating
from experiments.learning.success.evaluating import (
    CATEGORY_OF,
    Choices,
    Figure,
    Point,
    Question,
    Ranged,
    cost_at,
    quality_at,
)

SAVED: Mapping[str, Figure] = {
    "cost at equal quality": cost_at,
    "cost at 1 point less": lambda points, single: cost_at(points, single - 0.01),
    "quality at equal cost": lambda points, single: _lead(quality_at(points, 1.0), single),
    "at 2/3 of the cost": lambda points, single: _lead(quality_at(points, 2 / 3), single),
    "at 1/3 of the cost": lambda points, single: _lead(quality_at(points, 1 / 3), single),
}
"""Costs are shares of the best single model's; qualities are differences from its, in points of success."""
LEARNED, HELD_OUT_TASKS = "learned success", "learned success, tasks held out whole"
PROFILE_TASKS = "profiles by found category, tasks held out whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Everything that was measured."""

    questions: int
    best: str
    best_quality: float
    mix_quality: float
    """Of a model drawn at random."""
    mix_cost: float
    oracle_quality: float
    """Of whoever knows every outcome."""
    singles: Mapping[str, Point]
    curves: Mapping[str, Sequence[Point]]
    figures: Mapping[str, Mapping[str, Ranged]]
    tasks: Mapping[str, tuple[float, float]]
    """By task held out whole: quality at the price of quality 0 by profile, and by learned success."""


def _lead(quality: float | None, single: float) -> float | None:
    return None if quality is None else 100 * (quality - single)


def evaluate(rows: Sequence[Mapping[str, Any]], prices: Mapping[str, float]) -> Shown:
    """Raises ValueError, KeyError."""
    questions = evaluating.read(rows)
    found = _choices(questions, prices)
    best = evaluating.best_single(questions)
    models = list(questions[0].scores)
    everybody: Choices = [[model] * len(questions) for model in models]
    singles = dict(zip(models, evaluating.curve(questions, everybody, prices), strict=True))
    return Shown(
        questions=len(questions), best=best, best_quality=singles[best].quality,
        mix_quality=fmean(point.quality for point in singles.values()), mix_cost=fmean(point.cost for point in singles.values()),
        oracle_quality=fmean(max(each.scores.values()) for each in questions), singles=singles,
        curves={name: evaluating.curve(questions, chosen, prices) for name, chosen in found.items()},
        figures={
            name: evaluating.ranged(questions, chosen, prices, SAVED) for name, chosen in found.items()
        },
        tasks=_tasks(questions, found[PROFILE_TASKS][0], found[HELD_OUT_TASKS][0]),
    )  # fmt: skip


def _choices(questions: Sequence[Question], prices: Mapping[str, float]) -> dict[str, Choices]:
    by_found, by_read = (
        evaluating.profile_by(of)
        for of in (lambda each: each.category, lambda each: CATEGORY_OF.get(each.task, each.category))
    )
    ways = {
        "profiles by found category": evaluating.held_out(questions, by_found),
        "profiles by perfect category": evaluating.held_out(questions, by_read),
        "profiles by benchmark": evaluating.held_out(questions, evaluating.profile_by(evaluating.task_of)),
        LEARNED: evaluating.held_out(questions, evaluating.learned),
        PROFILE_TASKS: evaluating.held_out(questions, by_found, evaluating.task_of),
        HELD_OUT_TASKS: evaluating.held_out(questions, evaluating.learned, evaluating.task_of),
    }
    return {name: evaluating.choices(questions, chances, prices) for name, chances in ways.items()}


def _tasks(
    questions: Sequence[Question], profile: Sequence[str], learned: Sequence[str]
) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[list[float], list[float]]] = {}
    for each, one, other in zip(questions, profile, learned, strict=True):
        lists = found.setdefault(each.task, ([], []))
        lists[0].append(each.scores[one])
        lists[1].append(each.scores[other])
    return {task: (fmean(one), fmean(other)) for task, (one, other) in sorted(found.items())}


# --- as text


def told(shown: Shown) -> str:
    """As Markdown."""
    lines = [
        f"{shown.questions:,} questions, {len(shown.singles)} models. Best single model: {shown.best}, {shown.best_quality:.3f}."
        f" One drawn at random: {shown.mix_quality:.3f} at {shown.mix_cost:.2f} of its cost. Whoever knew every outcome:"
        f" {shown.oracle_quality:.3f}.",
        *_table(["", *SAVED], [[name, *map(_cell, found, found.values())] for name, found in shown.figures.items()]),
        *_table(
            ["model alone", "quality", "cost"],
            [[model, f"{point.quality:.3f}", f"{point.cost:.2f}"] for model, point in shown.singles.items()],
        ),
        *_table(
            ["task held out whole", "profile", "learned"],
            [[task, f"{one:.3f}", f"{other:.3f}"] for task, (one, other) in shown.tasks.items()],
        ),
    ]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["", *(f"| {' | '.join(line)} |" for line in lines)]


def _cell(figure: str, found: Ranged) -> str:
    value, low, high = found
    if value is None:
        return "never"
    spelled = "{:.2f}" if figure.startswith("cost") else "{:+.1f}"
    between = f" ({spelled.format(low)} to {spelled.format(high)})" if low is not None and high is not None else ""
    return spelled.format(value) + between


# --- as a chart

WIDTH, HEIGHT, LEFT, TOP = 760, 420, 60, 20
SHOWN_CURVES = {
    LEARNED: "#2563eb", "profiles by perfect category": "#d97706", "profiles by found category": "#6b7280",
}  # fmt: skip


def svg(shown: Shown) -> str:
    """Quality against cost: the curves, and each model alone as a dot."""
    inside_width, inside_height = WIDTH - LEFT - 20, HEIGHT - TOP - 50
    top = max(point.quality for name in SHOWN_CURVES for point in shown.curves[name]) + 0.01
    low = min(point.quality for point in shown.curves[LEARNED]) - 0.03

    def place(point: Point) -> tuple[float, float]:
        share = (point.quality - low) / (top - low)
        return LEFT + inside_width * min(point.cost, 1.1) / 1.1, TOP + inside_height * (1 - share)

    parts = [_axes(low, top, inside_width, inside_height)]
    for at, (name, colour) in enumerate(SHOWN_CURVES.items()):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, _upper(shown.curves[name])))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{WIDTH - 240}" y="{HEIGHT - 110 + 18 * at}" fill="{colour}">{name}</text>')
    for model, point in shown.singles.items():
        if point.quality > low:
            x, y = place(point)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#111827"><title>{model}</title></circle>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>\n"])


def _upper(points: Sequence[Point]) -> list[Point]:
    """Those than which none is both cheaper and better, the cheapest first."""
    found: list[Point] = []
    for point in sorted(points, key=lambda each: (each.cost, -each.quality)):
        if not found or point.quality > found[-1].quality:
            found.append(point)
    return found


def _axes(low: float, top: float, width: int, height: int) -> str:
    parts = [f'<path d="M{LEFT} {TOP}v{height}h{width}" fill="none" stroke="#6b7280"/>']
    for step in range(6):
        x = LEFT + width * step / 5.5
        parts.append(
            f'<text x="{x:.0f}" y="{TOP + height + 18}" text-anchor="middle" fill="#374151">{step / 5:.1f}</text>'
        )
    for step in range(5):
        quality = low + (top - low) * step / 4
        y = TOP + height * (1 - step / 4)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end" fill="#374151">{quality:.2f}</text>')
    parts.append(
        f'<text x="{LEFT + width / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle" fill="#374151">'
        "cost, of the best single model's (dots: each model alone; up: share of questions answered right)</text>"
    )
    return "\n".join(parts)
