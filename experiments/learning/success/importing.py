"""Outcome files taken in whole, or not at all; what came of a source is deleted by it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now

from autorouter import naming
from autorouter.errors import RouterError
from experiments.learning.success import reading
from experiments.learning.success.reading import FORMATS, Line, Problem
from experiments.models import ImportedOutcome
from models_registry.types import Catalogue
from routerhub.audit import events
from routerhub.audit.change import Change
from routerhub.releases import rollout, store

MAX_BYTES = 100_000_000
MAX_SHOWN = 200
"""Problems that are told; all are counted."""
UPDATED = ["score", "category", "complexity", "terms", "imported_at"]
BATCH = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What a file did, or would do."""

    new: int
    changed: int
    """Known ones whose score, category or words were corrected."""
    unchanged: int
    problems: tuple[Problem, ...]
    written: bool

    def as_json(self) -> dict[str, Any]:
        shown = [asdict(each) for each in self.problems[:MAX_SHOWN]]
        counts = {"new": self.new, "changed": self.changed, "unchanged": self.unchanged}
        return {**counts, "errors": len(self.problems), "errors_shown": shown, "written": self.written}


@transaction.atomic
def import_file(content: bytes, file_format: str, source: str, change: Change, dry_run: bool = False) -> Imported:
    """Check a whole file, and unless something is wrong or it is a dry run, keep its outcomes. Raises ValidationError."""
    if file_format not in FORMATS:
        raise ValidationError({"format": f"{file_format!r} is not one of {', '.join(FORMATS)}."})
    if not 0 < len(content) <= MAX_BYTES:
        raise ValidationError({"file": f"{len(content):,} bytes are not from 1 to {MAX_BYTES:,}."})
    file = reading.read(content, file_format, source, _model_of())
    known = _known(file.lines)
    new = [line for line in file.lines if line.digest not in known]
    changed = [line for line in file.lines if line.digest in known and _facts(line) != known[line.digest]]
    writes = not file.problems and not dry_run
    if writes:
        _write([*new, *changed], change)
    return Imported(
        new=len(new), changed=len(changed), unchanged=len(file.lines) - len(new) - len(changed),
        problems=tuple(file.problems), written=writes,
    )  # fmt: skip


def format_of(file_name: str) -> str:
    """By what the name ends with."""
    ending = file_name.rpartition(".")[2].lower()
    return "jsonl" if ending in {"json", "ndjson"} else ending


def _write(lines: list[Line], change: Change) -> None:
    moment = now()
    rows = [ImportedOutcome(**{**asdict(line), "terms": list(line.terms), "imported_at": moment}) for line in lines]
    ImportedOutcome.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["digest"], update_fields=UPDATED
    )
    sources = ", ".join(sorted({line.source for line in lines})[:10])
    events.note("outcomes imported", change.because(f"{len(lines):,} outcomes: {change.reason}"), sources)


def _known(lines: Any) -> dict[str, tuple[Any, ...]]:
    """What is kept of these already, by digest."""
    digests = [line.digest for line in lines]
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(digests), BATCH):
        rows = ImportedOutcome.objects.filter(digest__in=digests[start : start + BATCH])
        values = rows.values_list("digest", "score", "category", "complexity", "terms")
        found |= {
            digest: (score, category, complexity, tuple(terms)) for digest, score, category, complexity, terms in values
        }
    return found


def _facts(line: Line) -> tuple[Any, ...]:
    return line.score, line.category, line.complexity, line.terms


def _model_of() -> Callable[[str], str]:
    """Ids by what models are called today: by id, alias, or a retired one's successor."""
    pointer = rollout.pointers().get("catalogue")
    catalogue: Catalogue = store.release("catalogue", pointer.stable if pointer else 0)
    today = now().date()

    def model_of(name: str) -> str:
        try:
            return naming.named(catalogue, name, today)[0].id
        except RouterError as problem:
            raise ValueError(str(problem)) from problem

    return model_of


@transaction.atomic
def delete_source(source: str, change: Change) -> int:
    """Forget every outcome of a source; how many they were. Raises ValidationError where there is none."""
    count, _ = ImportedOutcome.objects.filter(source=source).delete()
    if not count:
        raise ValidationError({"source": f"There are no outcomes of a source {source!r}."})
    events.note("outcomes deleted", change.because(f"{count:,} outcomes: {change.reason}"), source)
    return count
