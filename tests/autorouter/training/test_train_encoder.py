"""The encoder's weights are made by a command from labels and a base, and the product runs what comes out."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import onnx
import pytest
from django.core.management import CommandError, call_command

from autorouter.encoder.model import Encoder
from tests.autorouter.training import tiny_base

TEXTS = {
    "coding": "fix this code bug",
    "reasoning": "prove that sum",
    "creative": "write poem rain",
    "factual": "who was that",
    "conversation": "hello you there",
}


@pytest.fixture(autouse=True)
def quickly_compiled() -> Iterator[None]:
    """So small a network takes longer to optimise than to train."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)  # type: ignore[no-untyped-call]
    yield
    jax.config.update("jax_disable_most_optimizations", False)  # type: ignore[no-untyped-call]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tiny_base.made(tmp_path)


def written(path: Path, **changed: object) -> Path:
    """Labels of twelve sources, the same prompts in each; the last has what is changed."""
    rows: list[dict[str, object]] = [
        {
            "prompt": text,
            "category": name,
            "second": None,
            "difficulty": "simple" if name == "conversation" else "complex",
            "source": f"source {number}",
        }
        for number in range(12)
        for name, text in TEXTS.items()
    ]
    rows[-1] |= changed
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def trained(base: Path, labels: Path, *more: str) -> tuple[Path, str]:
    said, out = StringIO(), base / "out.onnx"
    options = ("--epochs", "20", "--batch", "8", "--rate", "0.003", "--seed-prompts", "0")
    call_command("train_encoder", "--labels", labels, "--base", base, "--out", out, *options, *more, stdout=said)
    return out, said.getvalue()


def test_what_the_command_writes_reads_prompts_as_it_was_taught_and_says_what_it_is(base: Path) -> None:
    labels = written(base / "labels.jsonl")
    out, said = trained(base, labels, "--leave-out", "0")
    judged = Encoder(out).judge(list(TEXTS.values()))
    assert [one.category for one in judged] == list(TEXTS)
    assert [one.complexity for one in judged] == ["complex"] * 4 + ["simple"]
    assert "50 prompts of 10 sources" in said
    assert "right              1.000 [1.000, 1.000] of 10" in said
    assert "50 prompts of 10 sources" in Encoder(out).card
    first = out.read_bytes()
    assert trained(base, labels, "--leave-out", "0")[0].read_bytes() == first
    facts = {one.key for one in onnx.load(out).metadata_props}
    assert {"tokenizer", "labels", "temperatures", "card"} <= facts


def test_what_was_left_out_is_judged_by_encoder_and_table_and_calibrates_a_file(base: Path) -> None:
    labels, said = written(base / "labels.jsonl"), StringIO()
    file, _ = trained(base, labels, "--leave-out", "0", "--category-temperature", "2")
    assert temperatures(file) == {"category": 2, "complexity": 1}
    card = base / "card.md"
    card.write_text("# How it was judged")
    options = ("--seed-prompts", "0", "--leave-out", "0", "--calibrate", file, "--card", card)
    call_command("judge_encoder", "--labels", labels, "--encoder", file, *options, stdout=said)
    assert "all, encoder:\n  right              1.000 [1.000, 1.000] of 10" in said.getvalue()
    assert 0 < temperatures(file)["category"] < 2, "it was always right, and may be surer"
    assert Encoder(file).card == "# How it was judged"


def temperatures(file: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads({one.key: one.value for one in onnx.load(file).metadata_props}["temperatures"])
    return found


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"category": "maths"}, "line 60: category is 'maths', and may be coding, reasoning"),
        ({"difficulty": "hard"}, "line 60: difficulty is 'hard', and may be None, simple"),
    ],
)
def test_a_label_that_is_none_is_told_with_its_line(base: Path, changed: dict[str, str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        trained(base, written(base / "labels.jsonl", **changed))


def test_a_folder_that_is_no_base_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"there is no .*config\.json"):
        trained(tmp_path, written(tmp_path / "labels.jsonl"))
