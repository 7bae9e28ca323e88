"""The labelled prompts: the seed set that ships, and sets kept elsewhere."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autorouter import seed_prompts
from autorouter.types import Category, Complexity

SEED = "seed"
FOLDS = 6
"""Sources are left out a sixth at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a user asked, turn by turn, and what it is."""

    asked: tuple[str, ...]
    category: Category
    complexity: Complexity | None
    """None: not labelled."""
    source: str
    second: Category | None = None
    """Where a reasonable colleague could put it too."""
    language: str = ""
    group: str = ""
    """The part of a source whose prompts look alike."""


def own_prompts() -> list[Prompt]:
    """The project's own prompts, by file and line."""
    return [_seed(row) for row in seed_prompts.rows()]


def read_labels(path: Path) -> list[Prompt]:
    """Prompts that were labelled one by one: lines of `prompt, category, second, difficulty, source`."""
    return [
        Prompt(
            asked=(row["prompt"],),
            category=row["category"],
            second=row["second"],
            complexity=row["difficulty"],
            source=row["source"],
        )
        for row in _rows(path)
    ]


def family_prompts(path: Path) -> list[Prompt]:
    """Prompts whose category is that of their source: lines of `prompt, category, source, group`. Never trained on."""
    return [
        Prompt(
            asked=(row["prompt"],),
            category=row["category"],
            complexity=None,
            source=row["source"],
            group=f"{row['source']} {row['group']}",
        )
        for row in _rows(path)
    ]


def digest(path: Path) -> str:
    """The file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def folds(prompts: Iterable[Prompt]) -> dict[str, int]:
    """Which sixth each source is left out with. The seed set, the project's own, never is."""
    sizes = Counter(prompt.source for prompt in prompts if prompt.source != SEED)
    return {source: place % FOLDS for place, source in enumerate(sorted(sizes, key=lambda name: (-sizes[name], name)))}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    yield from map(json.loads, filter(None, text.split("\n")))


def _seed(row: Mapping[str, Any]) -> Prompt:
    return Prompt(
        asked=tuple(message["content"] for message in row["messages"] if message["role"] == "user"),
        category=row["category"],
        complexity=row["complexity"],
        source=SEED,
        language=row["language"],
    )
