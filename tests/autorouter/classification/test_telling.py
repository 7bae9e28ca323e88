"""What people are told of a task: who read it, how sure that is, and what else it may be."""

from dataclasses import replace
from decimal import Decimal

import pytest

from autorouter.classification.telling import sentence, sureness
from autorouter.decision.decision_json import task_columns
from autorouter.decision.embedding import embedding_task
from autorouter.decision.explain import task_json
from autorouter.types import Category, Likely, Reader, Reading, Task
from tests.autorouter.fakes import task

PLAIN = task(category="analysis", origin="local")


def likely(**shares: str) -> Likely:
    return tuple((name, Decimal(share)) for name, share in shares.items())  # type: ignore[misc]


def reading(by: Reader, category: Category, share: str) -> Reading:
    return Reading(by=by, likely=((category, Decimal(share)),), complexity="simple")


TABLE, AGREES = reading("table", "factual", "0.41"), reading("table", "analysis", "0.55")
ENCODER, MODEL = reading("encoder", "analysis", "0.78"), reading("model", "analysis", "1")
TOGETHER = replace(PLAIN, origin="encoder", likely=likely(analysis="0.70", factual="0.2"), readings=(TABLE, ENCODER))
FAILED = ", since acme:small failed: No deployment answered."


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (replace(PLAIN, likely=likely(analysis="0.91", factual="0.04")), "The table took it for analysis (0.91)."),
        (
            replace(PLAIN, likely=likely(analysis="0.41", factual="0.38")),
            "The table took it for analysis (0.41, unsure), else factual (0.38).",
        ),
        (
            TOGETHER,
            "The table took it for factual (0.41), the encoder for analysis (0.78); together analysis (0.70), "
            "else factual (0.20).",
        ),
        (
            replace(TOGETHER, readings=(AGREES, ENCODER)),
            "The table took it for analysis (0.55), so did the encoder (0.78); together analysis (0.70), else factual (0.20).",
        ),
        (
            replace(PLAIN, origin="model acme:small", readings=(TABLE, ENCODER, MODEL)),
            "The table took it for factual (0.41), the encoder for analysis (0.78), the router model for analysis; "
            "the router model's word counts.",
        ),
        (
            replace(PLAIN, likely=likely(analysis="0.91"), origin=f"local{FAILED}"),
            "The table took it for analysis (0.91). It stays at that, since acme:small failed: No deployment answered.",
        ),
        (task(category="multimodal", origin="local", likely=likely(multimodal="1")), "What is attached makes it multimodal."),
        (task(), "The request itself says that it is coding."),
        (
            task(likely=likely(coding="0.6", analysis="0.3")),
            "The request itself says that it is coding (0.60), else analysis (0.30).",
        ),
        (embedding_task(7), ""),
    ],
)  # fmt: skip
def test_one_sentence_tells_who_took_it_for_what(asked: Task, said: str) -> None:
    assert sentence(asked) == said


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        (TOGETHER, ("encoder", 0.7, "factual")),
        (replace(TOGETHER, origin=f"encoder{FAILED}"), ("encoder", 0.7, "factual")),
        (replace(PLAIN, likely=likely(analysis="0.91"), origin=f"local{FAILED}"), ("table", 0.91, "")),
        (replace(PLAIN, origin="model acme:small", readings=(TABLE, MODEL)), ("model", None, "")),
        (task(), ("", None, "")),
        (embedding_task(7), ("", None, "")),
    ],
)
def test_a_record_keeps_who_read_it_and_how_sure(asked: Task, columns: tuple[str, float | None, str]) -> None:
    found = task_columns(asked)
    assert (found["read_by"], found["confidence"], found["second"]) == columns


def test_the_json_has_what_each_reader_said_where_several_did() -> None:
    told = task_json(TOGETHER)
    assert (told["confidence"], told["second"], told["read_by"]) == (0.7, "factual", "encoder")
    assert list(told["likely"].items()) == [("analysis", 0.7), ("factual", 0.2)]
    assert [(each["by"], each["category"], each["confidence"]) for each in told["readings"]] == [
        ("table", "factual", 0.41), ("encoder", "analysis", 0.78),
    ]  # fmt: skip
    asked = replace(PLAIN, origin="model acme:small", readings=(TABLE, MODEL))
    assert task_json(asked)["readings"][1]["likely"] is None, "the router model names no probability"
    assert "readings" not in task_json(replace(PLAIN, likely=likely(analysis="1")))


def test_a_probability_has_a_word() -> None:
    assert [sureness(share) for share in (0.8, 0.79, 0.5, 0.49)] == ["sure", "fairly sure", "fairly sure", "unsure"]
