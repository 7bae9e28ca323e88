"""The releases that decide right now: loaded once, renewed when a pointer moves, kept when the database is away.

Three steps down, never an error: the live release, the last one that was read, release 0 of the code.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db import DatabaseError

from autorouter.configuration import bundles
from autorouter.configuration.release0 import STATIC as STATIC_ROUTER
from autorouter.types import RouterRelease
from models_registry.catalogue import bundles as catalogue_bundles
from models_registry.catalogue.release0 import STATIC as STATIC_CATALOGUE
from models_registry.types import Catalogue
from routerhub.releases import rollout, store, switches
from routerhub.releases.errors import InvalidRelease
from routerhub.releases.types import Line, Pointer

logger = logging.getLogger(__name__)
Parsed = TypeVar("Parsed", Catalogue, RouterRelease)


@dataclass(frozen=True, kw_only=True, slots=True)
class Releases:
    """Every release that some user may be on, parsed, by number; 0 is always among them."""

    catalogue_pointer: Pointer
    router_pointer: Pointer
    catalogues: Mapping[int, Catalogue]
    routers: Mapping[int, RouterRelease]

    def for_user(self, user_key: str) -> tuple[Catalogue, RouterRelease]:
        """What decides for this user. `user_key` is any text that stays the same for one. The switches come first."""
        on = switches.current()
        return (
            self.catalogues[rollout.pick(self.catalogue_pointer, user_key) if on.catalogue else 0],
            self.routers[rollout.pick(self.router_pointer, user_key) if on.router else 0],
        )


STATIC = Releases(
    catalogue_pointer=Pointer(line="catalogue", stable=0),
    router_pointer=Pointer(line="router", stable=0),
    catalogues={0: STATIC_CATALOGUE},
    routers={0: STATIC_ROUTER},
)


def load(previous: Releases = STATIC) -> Releases:
    """The live releases from the database; those already in `previous` are not read again. Raises DatabaseError."""
    pointers = rollout.pointers()
    router_pointer, routers = _line("router", pointers, previous.router_pointer, previous.routers, bundles.read)
    catalogue_pointer, catalogues = _line(
        "catalogue", pointers, previous.catalogue_pointer, previous.catalogues, catalogue_bundles.read
    )
    return Releases(
        catalogue_pointer=catalogue_pointer, router_pointer=router_pointer, catalogues=catalogues, routers=routers
    )


def _line(
    line: Line,
    pointers: Mapping[Line, Pointer],
    before: Pointer,
    parsed: Mapping[int, Parsed],
    read: Callable[..., Parsed],
) -> tuple[Pointer, dict[int, Parsed]]:
    """The line's pointer and parsed releases. A bundle that cannot be read changes nothing."""
    pointer: Pointer = pointers.get(line, Pointer(line=line, stable=0))
    wanted = {pointer.stable, *(() if pointer.candidate is None else (pointer.candidate,))}
    try:
        found = {
            number: parsed[number] if number in parsed else read(store.bundle(line, number), number)
            for number in wanted
        }
    except InvalidRelease as problem:
        logger.error("action=load_release line=%s kept=%s problem=%s", line, before.stable, problem)
        return before, dict(parsed)
    return pointer, {0: parsed[0], **found}


_lock = threading.Lock()
_last = STATIC


def current(user_key: str) -> tuple[Catalogue, RouterRelease]:
    """The live releases for a Django view: one query for the pointers, and what it already read if that fails."""
    global _last  # noqa: PLW0603 - the one cache of this process
    try:
        with _lock:
            _last = load(_last)
    except DatabaseError as problem:
        logger.warning("action=load_releases kept=last_known problem=%s", problem)
    return _last.for_user(user_key)
