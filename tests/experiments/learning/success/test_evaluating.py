"""The demonstration on questions whose outcome every model has."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.experiments.learning.success.lessons import GOOD_AT, WORDS
from tests.experiments.traffic import LARGE, MIDDLE, SMALL


def test_learned_success_gets_more_for_less_than_the_best_single_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The large one fails one question in ten, the two small ones together none, at a twentieth of its price."""
    rows = [
        {
            "question": f"{prompt.format(number)} {WORDS[number % 9]}", "task_name": prompt[:9],
            "scores": {SMALL: int(SMALL in good), MIDDLE: int(MIDDLE in good), LARGE: int(number % 10 > 0)},
        }
        for prompt, good in GOOD_AT.items() for number in range(60)
    ]  # fmt: skip
    file, prices, chart = tmp_path / "questions.jsonl", tmp_path / "prices.json", tmp_path / "chart.svg"
    file.write_text("\n".join(map(json.dumps, rows)))
    prices.write_text(
        json.dumps({SMALL: {"input_price": 0.1}, MIDDLE: {"input_price": 0.1}, LARGE: {"input_price": 2}})
    )
    call_command("evaluate_learning", str(file), "--prices", str(prices), "--svg", str(chart))
    told = capsys.readouterr().out
    assert told.startswith(f"120 questions, 3 models. Best single model: {LARGE}, 0.900.")
    assert "| learned success | 0.05 (0.05 to 0.05) |" in told
    assert f"| {SMALL} | 0.500 | 0.05 |" in told
    assert chart.read_text().count("<polyline") == 3
    file.write_text(json.dumps({"question": "Why?"}))
    with pytest.raises(CommandError, match="scores"):
        call_command("evaluate_learning", str(file), "--prices", str(prices))
