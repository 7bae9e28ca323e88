"""Releases of both lines, whichever it is: draft, roll out, promote, roll back. The tables follow what is pointed at.

After every step the editable tables say what the newest release in use says (the candidate in a rollout, else the stable
one), so that the next save builds on it and a withdrawn change does not come back by itself. A draft leaves them alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from autorouter.configuration import bundles, compiler, release0, tables
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue import compiler as catalogue_compiler
from models_registry.catalogue import release0 as catalogue_static
from models_registry.catalogue import tables as catalogue_tables
from routerhub.releases import differences, rollout, store
from routerhub.releases.types import Line

Author = AbstractBaseUser | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """What differs between the lines."""

    compile: Callable[[], dict[str, Any]]
    read: Callable[[Mapping[str, Any], int], object]
    write: Callable[[dict[str, Any], Author, str], None]
    static: dict[str, Any]
    """The bundle of release 0."""


def _write_catalogue(bundle: dict[str, Any], author: Author, reason: str) -> None:
    catalogue_tables.write(bundle, author, reason, trusts_prices=True)


HANDLINGS: Mapping[Line, Handling] = {
    "catalogue": Handling(
        compile=catalogue_compiler.compile_bundle,
        read=catalogue_bundles.read,
        write=_write_catalogue,
        static=catalogue_bundles.to_bundle(catalogue_static.STATIC),
    ),
    "router": Handling(compile=compiler.compile_bundle, read=bundles.read, write=tables.write, static=release0.BUNDLE),
}


def bundle(line: Line, number: int) -> dict[str, Any]:
    """The bundle of any release, 0 included. Raises UnknownRelease."""
    return store.bundle(line, number) if number else HANDLINGS[line].static


def differences(line: Line, before: int, after: int) -> list[differences.Difference]:
    """Every value in which two releases of a line differ. Raises UnknownRelease."""
    return list(differences.differences(bundle(line, before), bundle(line, after)))


@transaction.atomic
def draft(line: Line, change: Callable[[], object], author: Author, reason: str) -> int:
    """Store what the tables would say after `change` as a release that is live for nobody; the tables stay as they are.

    Raises InvalidRelease or InvalidConfiguration, and whatever `change` raises.
    """
    handling = HANDLINGS[line]
    before = transaction.savepoint()
    try:
        change()
        made = handling.compile()
    finally:
        transaction.savepoint_rollback(before)
    handling.read(made, 0)
    return store.store(line, made, author, reason).number


@transaction.atomic
def roll_out(line: Line, number: int, percent: int, author: Author, reason: str) -> None:
    """Make a release live for `percent` of the users, 1 to 100. Raises UnknownRelease, ValueError."""
    if not 1 <= percent <= 100:
        raise ValueError(f"percent: {percent} is not from 1 to 100.")
    rollout.roll_out(line, number, percent, author, reason)
    _bring_tables(line, number, author, reason)


@transaction.atomic
def promote(line: Line, author: Author, reason: str) -> int:
    """Make the candidate live for all and return its number. Raises NoRollout."""
    return rollout.promote(line, author, reason)


@transaction.atomic
def rollback(line: Line, number: int | None, author: Author, reason: str) -> int:
    """Make an earlier release live again for all, and return its number. Raises UnknownRelease."""
    target = rollout.rollback(line, number, author, reason)
    _bring_tables(line, target, author, reason)
    return target


def _bring_tables(line: Line, number: int, author: Author, reason: str) -> None:
    HANDLINGS[line].write(bundle(line, number), author, f"release {number}: {reason}")
