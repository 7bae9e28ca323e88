"""Who a demonstration is about. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Hired:
    """A person of an account."""

    username: str
    first_name: str
    last_name: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A limit that its running period has used so much of."""

    kind: str
    subject: str
    """The account's slug, or a person's name."""
    period: str
    used: float
    mode: str = "hard"


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """By what somebody asks: the account, a key and, where it is a person's, whose."""

    account_id: int
    key_id: int
    user_id: int | None
