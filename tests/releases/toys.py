"""A bundle put live as it is, and two lines of releases whose tables are one dictionary each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from routerhub.audit.change import Change
from routerhub.releases import lines, rollout, store
from routerhub.releases.models import Release
from routerhub.releases.types import ReleaseLine


@transaction.atomic
def put_live(line: str, bundle: dict[str, Any], change: Change) -> Release:
    """A bundle of the test's own, live for all, whatever the tables say."""
    release = store.store(line, bundle, change)
    rollout.point(rollout.locked(line, change), release.number, None, 0, change)
    return release


@contextmanager
def toy_lines(*names: str) -> Iterator[Mapping[str, dict[str, Any]]]:
    """Lines of these names alone; what "stands in their tables" is given, and may be changed."""
    tables: dict[str, dict[str, Any]] = {name: {} for name in names}
    before = dict(lines._lines)
    lines._lines.clear()
    for name in names:
        lines.add(_toy(name, tables))
    try:
        yield tables
    finally:
        lines._lines.clear()
        lines._lines.update(before)


def _toy(name: str, tables: dict[str, dict[str, Any]]) -> ReleaseLine:
    def write(bundle: dict[str, Any], _change: Change) -> None:
        tables[name] = bundle

    return ReleaseLine(
        name=name, switch="USE_DB_MODELS", tables=(), compile=lambda: dict(tables[name]),
        read=lambda bundle, _number: dict(bundle), write=write, release0=lambda: {"value": 0},
    )  # fmt: skip
