"""What training prints: figures of prompts that were held out, and calibration fitted to them alone."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from autorouter.classification import classify as shipped
from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.classification.table import judge, sums
from autorouter.training import report
from autorouter.training.calibrating import Held, calibrated
from autorouter.training.outcomes import area, recovered
from autorouter.training.prompts import Prompt
from autorouter.types import Category

PASTED = "A report of last year's sales.\n" * 30 + "\nWho wrote it?"


def prompt(category: Category = "coding", text: str = "a", second: Category | None = None, source: str = "s") -> Prompt:
    return Prompt(asked=(text,), category=category, second=second, complexity="simple", source=source)


def judged(category: Category, confidence: float = 1.0) -> Judged:
    rest = (1 - confidence) / 6
    return Judged(
        categories=tuple(confidence if name == category else rest for name in CATEGORIES), complexities=(1.0, 0.0, 0.0)
    )


def held(count: int, right: int, lane: float, text: str = "a") -> list[Held]:
    """So many prompts of coding, of which the table takes all but `right` for research."""
    lanes = [(lane, *[0.0] * 7), (*[0.0] * 6, lane, 0.0)]
    return [Held(prompt=prompt(text=text), lanes=lanes[at >= right], fold=at % 6) for at in range(count)]


def test_the_report_gives_right_either_label_the_surest_and_the_distance_of_confidence() -> None:
    out = [
        (prompt(), judged("coding", 0.9)),
        (prompt(second="analysis"), judged("analysis", 0.8)),
        (prompt(), judged("research", 0.7)),
    ]
    assert report.figures("all", out) == (
        "all: right 0.333, either label 0.667, surest 70% 0.500, calibration error 0.533, of 3"
    )
    assert list(report.reliability_lines(out)) == [
        "  0.7 to 0.8: confidence 0.70, right 0.00, of 1",
        "  0.8 to 0.9: confidence 0.80, right 0.00, of 1",
        "  0.9 to 1.0: confidence 0.90, right 1.00, of 1",
    ]


def test_the_report_gives_precision_and_recall() -> None:
    assert list(report.category_lines([(prompt(), judged("analysis")), (prompt(), judged("coding"))])) == [
        "  coding        precision 1.00 recall 0.50 of    2  coding 1, analysis 1"
    ]


def test_a_temperature_makes_confidence_what_it_was_right_for_of_plain_and_of_pasted_prompts_each() -> None:
    plain, pasted = held(96, 78, lane=4.0), held(96, 36, lane=4.0, text=PASTED)
    weights = calibrated(shipped.WEIGHTS, [*plain, *pasted])
    for temperature, share in zip(weights.temperatures, (78 / 96, 36 / 96), strict=True):
        odds = np.exp(4.0 / temperature)
        assert odds / (odds + 6) == pytest.approx(share, abs=0.02)


def test_what_was_held_out_with_a_prompt_says_nothing_of_it() -> None:
    known = held(60, 60, lane=2.0)
    assert report.found(shipped.WEIGHTS, known)[0] == report.found(shipped.WEIGHTS, [*known, known[0]])[0]


def test_pasted_prompts_are_judged_by_their_own_temperature() -> None:
    plain, pasted = shipped.WEIGHTS.temperatures
    *lanes, _ = sums(shipped.WEIGHTS, [PASTED])
    odds = np.exp(np.array(lanes) / pasted)
    assert judge(shipped.WEIGHTS, [PASTED]).categories == pytest.approx(tuple(odds / odds.sum()))
    assert plain != pasted


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert area(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, True, False, True])) == 0.875


def test_the_gap_is_recovered_the_sooner_the_better_the_hard_prompts_are_known() -> None:
    weak, strong = np.array([1.0, 1.0, 0.0, 0.0]), np.ones(4)
    assert recovered(np.array([1.0, 2.0, 3.0, 4.0]), weak, strong) == pytest.approx(0.7)
    assert recovered(np.array([4.0, 3.0, 2.0, 1.0]), weak, strong) == pytest.approx(0.3)
    assert recovered(np.zeros(4), weak, strong) == pytest.approx(0.5)


def test_the_command_says_what_it_was_trained_on_and_how_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autorouter.management.commands.train_classifier.own_prompts", lambda: [])
    rows = [
        {"prompt": f"{word} {at}", "category": category, "second": None, "difficulty": "simple", "source": f"s{at}"}
        for at in range(6)
        for word, category in (("zorbl please", "coding"), ("frimp now", "research"))
    ]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    out = StringIO()
    call_command("train_classifier", labels=labels, typed="s1", stdout=out)
    assert "labels.jsonl (SHA-256 " in out.getvalue()
    assert "12 prompts of 6 sources" in out.getvalue()
    assert "all: right 1.000" in out.getvalue()
    assert "typed by people: right 1.000" in out.getvalue()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no .*labels\.gz"):
        call_command("train_classifier", labels=tmp_path / "labels.gz")
