"""Files into the tables: read and checked whole, shown as differences, applied in one transaction.

An import is a row with its file, so that nothing is lost when a process stops: whoever works next begins its step anew.
Checking writes nothing but its progress; applying compares once more, since the tables may have changed in between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from models_registry.catalogue import bundles, compiler, tables
from models_registry.catalogue.editing import DEFAULTS, REQUIRED
from models_registry.choices import ImportState
from models_registry.errors import UnreadableFile
from models_registry.models import Import
from models_registry.transfer import resources
from models_registry.transfer.resources import FORMATS, TABLES, Facts, Table
from routerhub import waking
from routerhub.audit.change import Change
from routerhub.audit.forms import REASON_MISSING
from routerhub.releases import store
from routerhub.releases.differences import differences
from routerhub.releases.errors import InvalidRelease

Progress = Callable[[int, int], None]
STALE_AFTER = timedelta(minutes=2)
"""A step without progress for so long was left by a process that is gone."""
STEP_ROWS = 250
MAX_SHOWN = 500
"""Differences and errors that are kept to be shown; all are counted."""
MAX_BYTES = 50_000_000
MAX_REASON_CHARS = 255
NEW_PROVIDER: Mapping[str, Any] = {
    "protocol": "openai", "base_url": "", "credential_env": "", "output_limit_field": "max_tokens", "is_local": False,
    "is_zero_retention": False,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a file would do. With errors it does nothing."""

    target: Facts
    changes: list[dict[str, Any]]
    """{"line", "key", "kind": new or changed, "fields": [{"field", "before", "after"}]}"""
    errors: list[dict[str, Any]]
    """{"line", "key", "field", "message"}; the line is the file's own, None where the file as a whole is wrong."""
    unchanged: int

    def outcome(self) -> dict[str, Any]:
        kinds = [change["kind"] for change in self.changes]
        return {
            "new": kinds.count("new"),
            "changed": kinds.count("changed"),
            "unchanged": self.unchanged,
            "errors": len(self.errors),
            "changes_shown": self.changes[:MAX_SHOWN],
            "errors_shown": self.errors[:MAX_SHOWN],
        }


def plan(table: Table, content: bytes, format_name: str, progress: Progress = lambda done, total: None) -> Plan:
    """Read and check a whole file against the tables as they are. Writes nothing. Raises UnreadableFile."""
    rows = resources.read_file(table, content, format_name)
    target = compiler.compile_bundle()
    before = dict(target[table.kind])
    keys: list[str] = []
    merged: dict[str, int] = {}
    wrong: dict[int, dict[str, str]] = {}
    for at, row in enumerate(rows):
        key, facts, problems = resources.read_row(table, row.cells, format_name == "json")
        keys.append(key)
        if key in merged:
            problems[table.key] = f"{key!r} is in the file twice: line {rows[merged[key]].line} has it too."
        elif key:
            problems |= {} if problems else _merge(table, target, key, facts)
            merged[key] = at
        if problems:
            wrong[at] = problems
        if len(keys) % STEP_ROWS == 0:
            progress(len(keys), len(rows) * 2)
    changes = []
    for count, (key, at) in enumerate(merged.items(), 1):
        if at not in wrong and (problems := _check(table, target, key)):
            wrong[at] = problems
        if at not in wrong and (fields := _fields(before.get(key), target[table.kind][key])):
            kind = "changed" if key in before else "new"
            changes.append({"line": rows[at].line, "key": key, "kind": kind, "fields": fields})
        if count % STEP_ROWS == 0:
            progress(len(rows) + count, len(rows) * 2)
    errors = [
        _error(rows[at].line, keys[at], field, message)
        for at, problems in sorted(wrong.items())
        for field, message in problems.items()
    ]
    return Plan(target=target, changes=changes, errors=errors, unchanged=len(rows) - len(changes) - len(wrong))


def _merge(table: Table, target: Facts, key: str, facts: Facts) -> dict[str, str]:
    """Put a row into the bundle. Returns what is missing of a new entry."""
    entries = target[table.kind]
    if key in entries:
        entries[key] = {**entries[key], **facts}
        return {}
    required = REQUIRED if table.kind == "models" else ("title",)
    if missing := [name for name in required if facts.get(name) in (None, "")]:
        return dict.fromkeys(missing, "this field is required.")
    defaults = {**DEFAULTS, "provider": key.partition(":")[0]} if table.kind == "models" else NEW_PROVIDER
    entries[key] = {**defaults, **facts}
    return {}


def _check(table: Table, target: Facts, key: str) -> dict[str, str]:
    """What is wrong with the entry that a row makes, by column."""
    facts = target[table.kind][key]
    return tables.field_problems(table.kind, key, facts) or bundles.problems_of(table.kind, key, target)


def _fields(before: Facts | None, after: Facts) -> list[dict[str, Any]]:
    return [
        {"field": each.path, "before": each.before, "after": each.after} for each in differences(before or {}, after)
    ]


def _error(line: int | None, key: str, field: str, message: str) -> dict[str, Any]:
    return {"line": line, "key": key, "field": field, "message": message}


# --- the import as a row


def submit(table: str, format_name: str, file_name: str, content: bytes, change: Change) -> Import:
    """Take a file in. It is checked in the background. Raises ValidationError."""
    if table not in TABLES:
        raise ValidationError({"table": f"{table!r} is not one of {', '.join(TABLES)}."})
    if format_name not in FORMATS:
        raise ValidationError({"format": f"{format_name!r} is not one of {', '.join(FORMATS)}."})
    if not 0 < len(content) <= MAX_BYTES:
        raise ValidationError({"file": f"{len(content):,} bytes are not from 1 to {MAX_BYTES:,}."})
    job = Import.objects.create(
        table=table, format=format_name, file_name=file_name[:255], content=content, author_id=change.author_id,
        address=change.address, reason=change.reason[:MAX_REASON_CHARS],
    )  # fmt: skip
    _wake()
    return job


def confirm(job: Import, change: Change) -> None:
    """Let a checked import be applied, in the background. Raises ValidationError."""
    if not change.reason.strip():
        raise ValidationError({"reason": REASON_MISSING})
    won = Import.objects.filter(pk=job.pk, state=ImportState.CHECKED).update(
        state=ImportState.APPLYING, author_id=change.author_id, address=change.address,
        reason=change.reason[:MAX_REASON_CHARS], touched_at=_long_ago(),
    )  # fmt: skip
    if not won:
        job.refresh_from_db()
        raise ValidationError(f"{job} cannot be applied: {job.get_state_display().lower()}.")
    _wake()


def _wake() -> None:
    transaction.on_commit(partial(waking.wake, "models_registry.tasks.work_imports"))


def _long_ago() -> Any:
    return now() - 2 * STALE_AFTER


def work_all() -> int:
    """Do every step that waits, those left by a process that is gone among them. Returns how many."""
    worked = 0
    while (job := _claim()) is not None:
        (apply if job.state == ImportState.APPLYING else check)(job)
        worked += 1
    return worked


def _claim() -> Import | None:
    """The next import that waits, marked as being worked on."""
    stale = Q(state__in=[ImportState.CHECKING, ImportState.APPLYING], touched_at__lt=now() - STALE_AFTER)
    with transaction.atomic():
        waiting = Import.objects.filter(Q(state=ImportState.WAITING) | stale)
        job = waiting.select_for_update(skip_locked=True).order_by("created_at").first()
        if job is not None:
            job.state = ImportState.APPLYING if job.state == ImportState.APPLYING else ImportState.CHECKING
            job.save(update_fields=["state", "touched_at"])
        return job


def check(job: Import) -> None:
    """Read the file and keep what it would do. Ends as checked, or refused with every error."""

    def progress(done: int, total: int) -> None:
        Import.objects.filter(pk=job.pk).update(done=done, total=total, touched_at=now())

    try:
        found = plan(TABLES[job.table], bytes(job.content), job.format, progress)
    except UnreadableFile as problem:
        _end(job, ImportState.REFUSED, _refusal({"": str(problem)}))
        return
    except Exception as problem:
        _end(job, ImportState.FAILED, _refusal({"": f"{problem!r}; nothing was written."}))
        raise
    _end(job, ImportState.REFUSED if found.errors else ImportState.CHECKED, found.outcome())


def apply(job: Import) -> None:
    """Write the file's rows and publish, in one transaction. Twice does no more than once."""
    try:
        with transaction.atomic():
            locked = Import.objects.select_for_update().get(pk=job.pk)
            if locked.state != ImportState.APPLYING:
                return
            found = plan(TABLES[locked.table], bytes(locked.content), locked.format)
            if found.errors:
                _end(job, ImportState.REFUSED, found.outcome())
                return
            change = Change(reason=locked.reason, author=locked.author, address=locked.address)
            waiting = tables.write(found.target, change)
            release = store.publish(compiler.LINE, change)
            _end(job, ImportState.APPLIED, {**found.outcome(), "release": release, "waiting": waiting})
    except InvalidRelease as invalid:
        _end(job, ImportState.REFUSED, _refusal({invalid.label(path): told for path, told in invalid.problems.items()}))
    except UnreadableFile as problem:
        _end(job, ImportState.REFUSED, _refusal({"": str(problem)}))
    except Exception as problem:
        _end(job, ImportState.FAILED, _refusal({"": f"{problem!r}; nothing was written."}))
        raise


def _refusal(problems: Mapping[str, str]) -> dict[str, Any]:
    errors = [_error(None, "", field, message) for field, message in problems.items()]
    return {"new": 0, "changed": 0, "unchanged": 0, "errors": len(errors), "changes_shown": [],
            "errors_shown": errors[:MAX_SHOWN]}  # fmt: skip


def _end(job: Import, state: ImportState, outcome: dict[str, Any]) -> None:
    job.state, job.outcome = state, outcome
    job.done = job.total = outcome["new"] + outcome["changed"] + outcome["unchanged"]
    job.save(update_fields=["state", "outcome", "done", "total", "touched_at"])
