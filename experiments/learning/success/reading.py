"""Outcome files read and checked whole: JSONL or CSV, a line for each outcome. Pure.

A line has `prompt` (or `terms`, the numbers of its known words), `model`, `score` (0 to 1), and where it likes `category` (with
`terms` it must), `complexity`, `at` and `source`. The prompt is read and forgotten.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal, get_args

from autorouter.classification import vocabulary
from autorouter.classification.classify import classify
from autorouter.decision.success import NUMBER_BITS
from autorouter.types import CATEGORIES, COMPLEXITIES
from routerhub import numerals

Format = Literal["jsonl", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
FIELDS = ("prompt", "terms", "model", "score", "category", "complexity", "at", "source")
MAX_TERMS, MAX_SOURCE_CHARS = 2_000, 64
DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One outcome as it is kept."""

    digest: str
    question: str
    model: str
    category: str
    complexity: str
    terms: tuple[int, ...]
    score: float
    source: str
    happened_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with a field of a line. No field: the line as a whole."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A whole file. With problems it is not taken in."""

    lines: Sequence[Line]
    problems: Sequence[Problem]


class _Wrong(Exception):
    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(message)


def read(content: bytes, file_format: str, source: str, model_of: Callable[[str], str]) -> File:
    """Every line, or every problem. `source` is of lines that name none; `model_of` gives a model's id and raises ValueError."""
    lines: dict[str, Line] = {}
    problems = []
    for number, raw in _rows(content, file_format):
        if isinstance(raw, str):
            problems.append(Problem(line=number, field="", message=raw))
            continue
        line, wrong = _line(raw, source, model_of)
        problems += [Problem(line=number, field=each.field, message=each.message) for each in wrong]
        if line:
            lines[line.digest] = line
    if not lines and not problems:
        problems = [Problem(line=1, field="", message="The file has no outcome.")]
    return File(lines=list(lines.values()), problems=problems)


def _rows(content: bytes, file_format: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Each line by its number, or what keeps it from being read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        yield 1, f"Byte {problem.start} is not UTF-8."
        return
    yield from _csv(text) if file_format == "csv" else _jsonl(text)


def _csv(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    try:
        for row in rows:
            if None in row:
                yield rows.line_num, f"It has more than the {len(rows.fieldnames or ())} cells of the first line."
            else:
                yield rows.line_num, {name: cell for name, cell in row.items() if cell}
    except csv.Error as problem:
        yield rows.line_num, f"It is not CSV: {problem}."


def _jsonl(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as problem:
            yield number, f"It is not JSON: {problem}."
        else:
            yield number, found if isinstance(found, dict) else f"{line[:60]!r} is not a JSON object."


def _line(raw: Mapping[str, Any], source: str, model_of: Callable[[str], str]) -> tuple[Line | None, list[_Wrong]]:
    wrong = [
        _Wrong(name, f"There is no such field. Allowed: {', '.join(FIELDS)}.") for name in raw if name not in FIELDS
    ]
    found: dict[str, Any] = {}
    readers: Mapping[str, Callable[[], Any]] = {
        "model": lambda: _model(raw.get("model"), model_of),
        "score": lambda: _score(raw.get("score")),
        "at": lambda: _moment(raw.get("at")),
        "source": lambda: _source(raw.get("source", source)),
        "asked": lambda: _asked(raw),
    }
    for name, reader in readers.items():
        try:
            found[name] = reader()
        except _Wrong as problem:
            wrong.append(problem)
    return (None, wrong) if wrong else (_made(found), [])


def _made(found: Mapping[str, Any]) -> Line:
    question, terms, category, complexity = found["asked"]
    key = json.dumps([question, found["model"], found["source"], found["at"] and found["at"].isoformat()])
    return Line(
        digest=_digest(key), question=question, model=found["model"], category=category, complexity=complexity,
        terms=terms, score=found["score"], source=found["source"], happened_at=found["at"],
    )  # fmt: skip


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).hexdigest()


def _model(given: Any, model_of: Callable[[str], str]) -> str:
    if not isinstance(given, str) or not given:
        raise _Wrong("model", f"{given!r} is not the id or an alias of a model.")
    try:
        return model_of(given)
    except ValueError as problem:
        raise _Wrong("model", str(problem)) from problem


def _score(given: Any) -> float:
    score = None if isinstance(given, bool) else numerals.exact(given)
    if score is None or not 0 <= score <= 1:
        raise _Wrong("score", f"{given!r} is not a number from 0 to 1.")
    return float(score)


def _moment(given: Any) -> datetime | None:
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError as problem:
        raise _Wrong("at", f"{given!r} is not a moment such as 2026-11-21T09:30:00Z.") from problem
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _source(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= MAX_SOURCE_CHARS or "\x00" in given:
        raise _Wrong("source", f"{str(given)[:80]!r} is not a text of 1 to {MAX_SOURCE_CHARS} characters.")
    return given


def _asked(raw: Mapping[str, Any]) -> tuple[str, tuple[int, ...], str, str]:
    """Question, words, category and complexity."""
    category = _one_of("category", raw.get("category"), CATEGORIES)
    complexity = _one_of("complexity", raw.get("complexity"), COMPLEXITIES)
    if ("prompt" in raw) == ("terms" in raw):
        raise _Wrong("prompt", "Give either the prompt or the terms of one.")
    if "terms" in raw:
        if not category:
            raise _Wrong("category", f"Without a prompt it must be given. Allowed: {', '.join(CATEGORIES)}.")
        terms = _terms(raw["terms"])
        return _digest(json.dumps([category, terms])), terms, category, complexity
    prompt = raw["prompt"]
    if not isinstance(prompt, str) or not prompt.strip():
        raise _Wrong("prompt", f"{str(prompt)[:60]!r} is not a text with words.")
    task = classify([{"role": "user", "content": prompt}])
    return _digest(prompt), vocabulary.numbers([prompt]), category or task.category, complexity or task.complexity


def _one_of(field: str, given: Any, allowed: Sequence[str]) -> str:
    if given in (None, *allowed):
        return given or ""
    raise _Wrong(field, f"{str(given)[:60]!r} is not one of {', '.join(allowed)}.")


def _terms(given: Any) -> tuple[int, ...]:
    numbers = given.split() if isinstance(given, str) else given
    found = [numerals.whole(str(each)) for each in numbers] if isinstance(numbers, list) else [None]
    if len(found) > MAX_TERMS or any(each is None or not 0 <= each < 1 << NUMBER_BITS for each in found):
        allowed = f"up to {MAX_TERMS:,} whole numbers from 0 to {(1 << NUMBER_BITS) - 1:,}"
        raise _Wrong("terms", f"{str(given)[:60]!r} is not a list of {allowed}.")
    return tuple(sorted({each for each in found if each is not None}))
