"""The prompts that ship: what people ask, labelled. The classifier is trained on them, and where there is no recorded
traffic yet, previews replay some of them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def rows() -> Iterator[dict[str, Any]]:
    """{"messages", "category", "complexity", "language"}, by file and line."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
