"""A made-up file of outcomes: of the shop's models the small one is good at Python alone, the middle one at SQL alone."""

import json
from collections.abc import Iterator
from typing import Any

from tests.experiments.traffic import LARGE, MIDDLE, SMALL

PYTHON, SQL = (
    "Write a Python function that returns the {0}th prime number",
    "Why is the SQL query on table {0} so slow?",
)
GOOD_AT = {PYTHON: (SMALL, LARGE), SQL: (MIDDLE, LARGE)}
WORDS = ("red", "green", "blue", "small", "large", "first", "last", "new", "old", "open")


def lines(count: int = 40, **facts: Any) -> Iterator[dict[str, Any]]:
    """So many prompts of either sort, each with an outcome of every model; one in ten went the other way."""
    for prompt, good in GOOD_AT.items():
        for number in range(count):
            for place, model in enumerate((SMALL, MIDDLE, LARGE)):
                went_well = (model in good) != (number % 10 == 3 * place)
                text = f"{prompt.format(number)} {WORDS[number % 7]} {WORDS[number % 10]}"
                yield {"prompt": text, "model": model, "score": int(went_well), "category": "coding", **facts}


def jsonl(count: int = 40, **facts: Any) -> bytes:
    return "\n".join(map(json.dumps, lines(count, **facts))).encode()
