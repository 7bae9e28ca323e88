"""The labelled prompts: the seed set that ships, and sets kept elsewhere."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from autorouter import seed_prompts
from autorouter.types import Category, Complexity

SEED = "seed"
LABELLED_FILE = "prompts/labelled_prompts.jsonl"
BIGGEN_FILE = "prompts/biggen_bench_inputs.jsonl"
MMLU_FILE = "routing/routellm_mmlu.csv"

BIGGEN_TASKS: Mapping[Category, str] = {
    "coding": "coding_for_math tool_making json_csv_xml code_revision if_else_statements",
    "reasoning": "executable_planning multistep_tom multilingual_reasoning deductive competition_mwp inductive"
    " first_order_logic high_school_mwp legal_reason math_proof",
    "creative": "writing_a_speech lexical_constraint poem_writing role_playing",
    "factual": "ambiguous cultural_awareness robust_translation follow_the_system_prompt false_context honesty",
    "analysis": "guess_the_emotion faux_pas_explanation multi_task_inference historical_text_comprehension multi_source"
    " llm_judge_absolute llm_judge_relative essay_revision",
}
"""BiGGen-Bench's tasks that are of one category throughout; the others are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a user asked, turn by turn, and what it is. None: not labelled."""

    asked: tuple[str, ...]
    category: Category | None
    complexity: Complexity | None
    source: str
    group: str
    """The part of a source whose prompts look alike; each counts for only so much."""
    language: str = ""


def own_prompts() -> list[Prompt]:
    """The project's own prompts, by file and line."""
    return [_seed(row) for row in seed_prompts.rows()]


def clean_prompts(folder: Path) -> list[Prompt]:
    """The prompts of public sets that may be used. Raises FileNotFoundError for a folder without them."""
    labelled = [_labelled(row) for row in _rows(folder / LABELLED_FILE)]
    categories = {task: category for category, tasks in BIGGEN_TASKS.items() for task in tasks.split()}
    biggen = [_biggen(row, categories[row["task"]]) for row in _rows(folder / BIGGEN_FILE) if row["task"] in categories]
    return labelled + biggen


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _seed(row: Mapping[str, Any]) -> Prompt:
    return Prompt(
        asked=tuple(message["content"] for message in row["messages"] if message["role"] == "user"),
        category=row["category"],
        complexity=row["complexity"],
        source=SEED,
        group=SEED,
        language=row["language"],
    )


def _labelled(row: Mapping[str, Any]) -> Prompt:
    source = cast(str, row["source"])
    return Prompt(
        asked=(row["prompt"],),
        category=row["category"],
        complexity=row["complexity"],
        source=source,
        group=f"{source} {row['orig_label']}" if source == "llmrouter" else source,
    )


def _biggen(row: Mapping[str, Any], category: Category) -> Prompt:
    return Prompt(asked=(row["input"],), category=category, complexity=None, source="biggen", group="biggen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A prompt that a weak model got right or wrong."""

    prompt: str
    failed: bool


def mmlu_outcomes(folder: Path) -> list[Outcome]:
    """RouteLLM's multiple-choice prompts with Mixtral 8x7B's outcomes. Only measured on, never trained on."""
    with (folder / MMLU_FILE).open(encoding="utf-8", newline="") as lines:
        return [
            Outcome(prompt=row["prompt"], failed=row["mixtral_8x7b_correct"] == "0") for row in csv.DictReader(lines)
        ]
