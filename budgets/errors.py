"""What can go wrong when somebody wants to spend.

BudgetError
├── KeyRefused            the API key does not open anything
│   ├── MissingKey        no key was sent
│   ├── UnknownKey        no such key
│   ├── RevokedKey        the key was revoked
│   ├── DisabledKey       the key is switched off
│   ├── ExpiredKey        the key's time is over
│   ├── RotatedKey        the key has another secret by now
│   ├── AccountClosed     the key's account is not active
│   └── MemberInactive    the key's person is switched off, or no member any more
├── KeyOutOfScope         the key is bound to something else than this
├── PermissionMissing     the key may not do this
├── KeysUnavailable       the keys were not read yet, so none can be judged
├── KeyBusy               all the requests that the key may have at once are under way
├── SpendRejected         the database does not take what a reservation says; nothing was reserved
├── AlreadySettled        a hold of this name was settled before; nothing was reserved
└── LedgerUnavailable     the database does not answer; nothing was reserved
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID


class BudgetError(Exception):
    """Base of this app's errors. The message says what was given and what is allowed."""


class KeyRefused(BudgetError):
    """The API key does not open anything. `code` says to programs why."""

    code = "invalid_api_key"


class MissingKey(KeyRefused):
    """No key was sent."""

    def __init__(self) -> None:
        super().__init__("No API key was sent. Send it as `Authorization: Bearer rh_...`.")


class UnknownKey(KeyRefused):
    """No such key."""

    def __init__(self, given: str) -> None:
        shown = f"{given[:7]}…" if given.startswith("rh_") else "that does not begin with rh_"
        super().__init__(f"There is no API key {shown}. An administrator of your account can make one.")


class RevokedKey(KeyRefused):
    """The key was revoked."""

    code = "key_revoked"

    def __init__(self, name: str) -> None:
        super().__init__(f"The API key {name!r} was revoked. Use another one.")


class DisabledKey(KeyRefused):
    """The key is switched off."""

    code = "key_disabled"

    def __init__(self, name: str) -> None:
        super().__init__(f"The API key {name!r} is switched off. An administrator of your account can switch it on.")


class RotatedKey(KeyRefused):
    """The key has another secret by now."""

    code = "key_rotated"

    def __init__(self, name: str, worked_until: datetime) -> None:
        super().__init__(
            f"The API key {name!r} has a new secret; this one worked until {worked_until:%Y-%m-%d %H:%M} UTC. Use the new one."
        )


class ExpiredKey(KeyRefused):
    """The key's time is over."""

    code = "key_expired"

    def __init__(self, name: str, expired_at: datetime) -> None:
        super().__init__(f"The API key {name!r} expired on {expired_at:%Y-%m-%d %H:%M} UTC. Use another one.")


class AccountClosed(KeyRefused):
    """The key's account is not active."""

    code = "account_closed"

    def __init__(self, account: str) -> None:
        super().__init__(f"The account {account!r} is not active.")


class MemberInactive(KeyRefused):
    """The key's person is switched off, or no member any more."""

    code = "member_inactive"

    def __init__(self, name: str, account: str) -> None:
        super().__init__(
            f"The API key {name!r} belongs to somebody who is no active member of the account {account!r}. Use another one."
        )


class KeyOutOfScope(BudgetError):
    """The key is bound to something else than this. `code` and `param` say to programs what."""

    def __init__(self, name: str, what: str, given: str, allowed: Collection[str], param: str | None = None) -> None:
        may = ", ".join(sorted(allowed)) or "none"
        super().__init__(f"The API key {name!r} may not use the {what} {given!r}; allowed for it: {may}.")
        self.code = f"{what}_not_allowed"
        self.param = param


class PermissionMissing(BudgetError):
    """The key may not do this."""

    def __init__(self, name: str, needed: str, has: frozenset[str]) -> None:
        super().__init__(
            f"The API key {name!r} lacks the permission {needed!r}; it has {', '.join(sorted(has)) or 'none'}."
        )
        self.needed = needed


class KeysUnavailable(BudgetError):
    """This process has not read the keys yet: the database did not answer since it started."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("API keys cannot be checked at the moment, so nothing is called. Try again shortly.")


class KeyBusy(BudgetError):
    """All the requests that the key may have at once are under way; nothing was reserved."""

    retry_after_s = 1

    def __init__(self, key_id: int | None, limit: int, in_use: int) -> None:
        super().__init__(
            f"The API key {key_id} may have {limit} requests under way at once, and {in_use} are. Try again when one has ended."
        )
        self.limit = limit
        self.in_use = in_use


class SpendRejected(BudgetError):
    """The database does not take what a reservation says, e.g. a NUL in a text; nothing was reserved."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"This request cannot be recorded, so nothing is called: {problem}")


class AlreadySettled(BudgetError):
    """A hold of this name was settled before. Names are used once, so nothing was reserved."""

    def __init__(self, operation_id: UUID, hop: int) -> None:
        super().__init__(f"Hop {hop} of operation {operation_id} was settled before. Reserve under another name.")


class LedgerUnavailable(BudgetError):
    """The database does not answer; nothing was reserved, so nothing can be spent."""

    def __init__(self, retry_after_s: int = 5) -> None:
        super().__init__("Spending cannot be checked at the moment, so nothing is called. Try again shortly.")
        self.retry_after_s = retry_after_s
