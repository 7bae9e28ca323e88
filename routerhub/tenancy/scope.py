"""For whom the running code asks the database: nobody, unless it says so.

A scope is a value in a context variable, so that it is one request's, task's or thread's alone and ends with its `with`. Every
statement carries it as settings that PostgreSQL forgets with the statement's transaction: nothing is left on a connection that
the next one takes out of a pool.
"""

from collections.abc import Generator, Iterable
from contextlib import _GeneratorContextManager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django.db import transaction

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose rows are seen. Nobody's where nothing is said."""

    is_system: bool = False
    """Those of all accounts."""
    account_id: int | None = None
    """The account's, for a key of it."""
    user_id: int | None = None
    """The person's own; without an account, those of the accounts that they are a member of as well."""
    key_digest: str = ""
    """Those of the account whose key has this digest: before anybody knows which one that is."""

    def accounts_sql(self) -> str:
        """The accounts as the policies read them: a PostgreSQL array as text."""
        if self.key_digest:
            return f"accounts_of_key('{self.key_digest}')"
        if self.account_id is None and self.user_id is not None:
            return f"accounts_of_user({self.user_id:d})"
        return "''" if self.account_id is None else f"'{{{self.account_id:d}}}'"


NOBODY = Scope()
SYSTEM = Scope(is_system=True)
_current: ContextVar[Scope] = ContextVar("scope", default=NOBODY)


def current() -> Scope:
    return _current.get()


@lru_cache(4_096)
def settings_sql(scope: Scope) -> str:
    """The statement that puts a scope in force until the end of the transaction."""
    if not (scope.key_digest.isalnum() or scope.key_digest == ""):
        raise ValueError(f"A digest is letters and figures; {scope.key_digest!r} was given.")
    values = {
        "scope": "'system'" if scope.is_system else "''",
        "accounts": scope.accounts_sql(),
        "user": "''" if scope.user_id is None else f"'{scope.user_id:d}'",
    }
    return "SELECT " + ", ".join(f"set_config('routerhub.{name}', {value}, true)" for name, value in values.items())


@contextmanager
def within(scope: Scope) -> Generator[None]:
    """What is asked in here is asked in this scope, or in one that is entered in here."""
    before = _current.get()
    _current.set(scope)
    try:
        yield
    finally:
        _current.set(before)


def system() -> "_GeneratorContextManager[None]":
    """Work across accounts. A test pins who does that."""
    return within(SYSTEM)


def enter(scope: Scope) -> None:
    """From here on to the end of the request, which `within` bounds."""
    _current.set(scope)


@lru_cache(4_096)
def of_key(account_id: int, user_id: int | None) -> Scope:
    """Of whoever has a key: its account's rows, and its person's."""
    return Scope(account_id=account_id, user_id=user_id)


def streamed(rows: Iterable[Value]) -> Generator[Value]:
    """Rows that are read while they are sent, when the request's own transaction and scope are over: in a transaction of their
    own, in the scope of whoever calls this. Nobody else's statement in between sees that scope."""
    context = copy_context()

    def read() -> Generator[Value]:
        with transaction.atomic():
            iterator = iter(rows)
            while True:
                try:
                    row = context.run(next, iterator)
                except StopIteration:
                    return
                yield row

    return read()
