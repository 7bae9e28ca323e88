"""Whether complexity tells where small models fail: measured on outcomes that nothing was trained on."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autorouter.classification.table import Weights, judge

MMLU_FILE = "routellm_mmlu.csv"
NINE_MODELS_FILE = "llmrouter_9models_train.jsonl"
WEAK, STRONG = "mistral-7b-instruct-v0.3", "llama-3.1-nemotron-51b-instruct"
TASKS = {
    "GSM8K": ["gsm8k"],
    "MATH": ["math"],
    "code (MBPP, HumanEval)": ["mbpp", "human_eval"],
    "all fourteen tasks": [],
}
"""Of the nine models' outcomes. None named: all."""
FAILS_BELOW = 0.5
RESAMPLES = 200
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """Prompts with the scores, 0 to 1, of a weak and of a strong model."""

    name: str
    prompts: Sequence[str]
    weak: Array
    strong: Array


def outcomes(folder: Path) -> list[Outcomes]:
    """RouteLLM's MMLU (Mixtral 8x7B and GPT-4) and LLMRouter's tasks. Raises FileNotFoundError."""
    with (folder / MMLU_FILE).open(encoding="utf-8", newline="") as rows:
        mmlu = list(csv.DictReader(rows))
    with (folder / NINE_MODELS_FILE).open(encoding="utf-8") as rows:
        nine = [json.loads(row) for row in rows]
    return [
        Outcomes(
            name="MMLU",
            prompts=[row["prompt"] for row in mmlu],
            weak=np.array([float(row["mixtral_8x7b_correct"]) for row in mmlu]),
            strong=np.array([float(row["gpt4_1106_correct"]) for row in mmlu]),
        ),
        *(
            _of_nine(name, [row for row in nine if not tasks or row["task_name"] in tasks])
            for name, tasks in TASKS.items()
        ),
    ]


def _of_nine(name: str, rows: Sequence[Mapping[str, Any]]) -> Outcomes:
    return Outcomes(
        name=name,
        prompts=[row["question"] for row in rows],
        weak=np.array([row["scores"][WEAK] for row in rows]),
        strong=np.array([row["scores"][STRONG] for row in rows]),
    )


def outcome_lines(weights: Weights, sets: Sequence[Outcomes]) -> Iterator[str]:
    """A line for each set; in brackets what 95 % of resamples of the prompts give."""
    for given in sets:
        hardness = np.array([_hardness(weights, prompt) for prompt in given.prompts])
        curve = _interval(area, hardness, given.weak < FAILS_BELOW)
        gap = _interval(recovered, hardness, given.weak, given.strong)
        yield f"{given.name}: area under the curve {curve}, APGR {gap}, of {len(hardness)}"


def _hardness(weights: Weights, prompt: str) -> float:
    """The expected complexity."""
    _, moderate, hard = judge(weights, [prompt]).complexities
    return moderate + 2 * hard


def _interval(figure: Callable[..., float], *columns: npt.NDArray[Any]) -> str:
    chance, count = np.random.default_rng(7), len(columns[0])
    resamples = [chance.integers(0, count, count) for _ in range(RESAMPLES)]
    low, high = np.percentile([figure(*(column[at] for column in columns)) for at in resamples], [2.5, 97.5])
    return f"{figure(*columns):.3f} [{low:.3f}, {high:.3f}]"


def area(hardness: Array, fails: npt.NDArray[np.bool_]) -> float:
    """The chance that a prompt on which the weak model fails is harder than another, ties half; 0.5 tells nothing."""
    _, place, times = np.unique(hardness, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]
    of = int(fails.sum())
    return float((ranks[fails].sum() - of * (of + 1) / 2) / (of * (len(fails) - of)))


def recovered(hardness: Array, weak: Array, strong: Array) -> float:
    """The average performance gap recovered (RouteLLM): of what the strong model does better than the weak one, how much is
    left when only a share of the prompts, the hardest, go to it, as the mean over all shares; 0.5 tells nothing."""
    _, place, times = np.unique(-hardness, return_inverse=True, return_counts=True)
    gains = (np.bincount(place, weights=strong - weak) / times)[place][np.argsort(-hardness, kind="stable")]
    gained = np.concatenate([[0.0], np.cumsum(gains)])
    return float((gained / gained[-1]).mean())
