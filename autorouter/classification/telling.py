"""What is told of a task for people: who read it, how sure that is, and what else it may be. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal

from autorouter.types import EMBEDDING, Category, Likely, Reader, Reading, Task

Sureness = Literal["sure", "fairly sure", "unsure"]
SURE, FAIRLY_SURE = Decimal("0.8"), Decimal("0.5")
MENTIONED = Decimal("0.05")
"""What is less likely is not worth a word."""
READER_NAMES: Mapping[Reader, str] = {"table": "the table", "encoder": "the encoder", "model": "the router model"}


def sureness(confidence: Decimal | float) -> Sureness:
    """One word for a probability."""
    return "sure" if confidence >= SURE else "fairly sure" if confidence >= FAIRLY_SURE else "unsure"


def sentence(task: Task) -> str:
    """Who took it for what, what that makes together, and why nobody read it better. Empty where vectors are asked for."""
    if task.category == EMBEDDING:
        return ""
    if task.category == "multimodal" and task.read_by:
        return "What is attached makes it multimodal."
    reason = task.origin.partition(", since ")[2].rstrip(".")
    after = f" It stays at that, since {reason}." if reason else ""
    return f"{_read(task)}.{after}"


def _read(task: Task) -> str:
    if not task.read_by:
        return f"The request itself says that it is {task.category}{_share(task.likely)}{_else(task.likely)}"
    if len(task.readings) < 2:
        return f"{_capital(READER_NAMES[task.read_by])} took it for {_outcome(task)}"
    said = ", ".join(_said(task.readings))
    counts = "the router model's word counts" if task.read_by == "model" else f"together {_outcome(task)}"
    return f"{_capital(said)}; {counts}"


def _said(readings: tuple[Reading, ...]) -> Iterator[str]:
    """What each of them said. The router model names a category and no probability."""
    first = readings[0].likely[0][0]
    for number, each in enumerate(readings):
        category, share = each.likely[0][0], "" if each.by == "model" else _share(each.likely)
        name = READER_NAMES[each.by]
        if number == 0:
            yield f"{name} took it for {category}{share}"
        else:
            yield f"so did {name}{share}" if category == first else f"{name} for {category}{share}"


def _outcome(task: Task) -> str:
    return f"{task.category}{_share(task.likely, with_word=True)}{_else(task.likely)}"


def _share(likely: Likely, with_word: bool = False) -> str:
    if not likely:
        return ""
    share = likely[0][1]
    word = ", unsure" if with_word and sureness(share) == "unsure" else ""
    return f" ({share:.2f}{word})"


def _else(likely: Likely) -> str:
    """The next likely category, where it is worth a word."""
    if len(likely) < 2 or likely[1][1] < MENTIONED:
        return ""
    second: Category = likely[1][0]
    return f", else {second} ({likely[1][1]:.2f})"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
