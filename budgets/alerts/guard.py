"""No message leads to where only this machine gets: every connection of who sends is checked where it is made.

What is checked is the address that is connected to, after the name was looked up: a redirect, a name that means another address
by now, or another spelling of one changes nothing. It holds for any library that connects by Python's sockets.
"""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from routerhub.egress import Networks, refusal

SETTING = "ALERT_PRIVATE_NETWORKS"
REFUSED = f"Its address is private or reserved; allowed are those in {SETTING}."
"""It tells nobody what a name means in here."""


class Guard:
    """The networks that a block may connect to beside public addresses, and whether it wanted more."""

    def __init__(self, private: Networks) -> None:
        self.private = private
        self.has_refused = False

    def check(self, address: Any) -> None:
        """Raises PermissionError."""
        try:
            problem = refusal(str(address[0]), self.private, SETTING)
        except (ValueError, TypeError, IndexError):
            problem = "is no IP address"
        if problem:
            self.has_refused = True
            raise PermissionError(errno.EACCES, REFUSED)


_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(private: Networks) -> Iterator[Guard]:
    """In this block, and in this thread or task alone, nothing else is connected to."""
    _install()
    guard = Guard(private)
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


@cache
def _install() -> None:
    """Once in a process: Python asks whoever listens before it connects, and takes an error for an answer."""
    sys.addaudithook(_listen)


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        guard = _guard.get()
        if guard is not None:
            guard.check(arguments[1])
