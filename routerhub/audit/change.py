"""Who changes something, from where and why: one value, which every writer takes and every version keeps."""

import ipaddress
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """`author` is None for a command or a task, `address` (IPv4 or IPv6) for whatever came by no request."""

    reason: str
    author: AbstractBaseUser | None = None
    address: str | None = None

    @property
    def author_id(self) -> int | None:
        return self.author.pk if self.author else None

    def because(self, reason: str) -> "Change":
        """The same by the same person, for a reason that says more."""
        return replace(self, reason=reason)


def change_by(request: Any, reason: str) -> Change:
    """The change that a request makes, of Django's or of the REST framework's."""
    return Change(reason=reason, author=author_of(request), address=address_of(request))


def author_of(request: Any) -> AbstractBaseUser | None:
    """The person behind a request, also by a key of theirs; a key that belongs to nobody has none."""
    found = request.user if isinstance(request.user, AbstractBaseUser) else getattr(request.user, "person", None)
    return found if isinstance(found, AbstractBaseUser) else None


def address_of(request: Any) -> str | None:
    """Where a request came from, None where that is no IP address (a socket file, say)."""
    return valid_address(request.META.get("REMOTE_ADDR"))


def valid_address(text: str | None) -> str | None:
    """The address in its one spelling, or None: what comes from outside is not believed to be one.

    The zone of a link-local address means something on one machine only, and an IPv4 address may come dressed as IPv6.
    """
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return str(found) if found.version == 4 else str(found.ipv4_mapped or ipaddress.IPv6Address(int(found)))
