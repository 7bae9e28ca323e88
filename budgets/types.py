"""Who may spend, and how much, as frozen values. Amounts are integer nano-dollars (1 USD = 1,000,000,000)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, Literal
from uuid import UUID

from budgets.people.scopes import Scope
from routerhub.regions import Regions

Measure = Literal["money", "requests", "tokens"]
Period = Literal["minute", "hour", "day", "week", "month", "days", "range", "total"]
ScopeKind = Literal[
    "site", "account", "user", "key", "policy", "model", "provider", "tag", "worker", "session", "task", "policy_task"
]
Outcome = Literal["success", "failure", "abandoned", "refused"]
"""How a request ended, and with it its last hop. Refused: nothing was called. A sweep adds its own: unknown."""

RequestRow = tuple[Any, ...]
"""What is known of a request when it is let in: the columns of PostgreSQL's type analytics_request."""
AnswerRow = tuple[Any, ...]
"""What its answer came to: the columns of PostgreSQL's type analytics_answer."""
UsageRow = tuple[Any, ...]
"""What a charge is made of: the columns of PostgreSQL's type budget_usage."""

Basis = Literal["priced", "estimated", "no_price", "no_usage", "held", ""]
"""By what a charge was reckoned: usage that was reported, or counted here, by a price; an account's own figure for what has no
price; what was held, since the account wants that where no usage is told, or since nothing better is known. Empty: nothing was
asked."""

NANO = 1_000_000_000


def to_nano(usd: Decimal) -> int:
    """Dollars to nano-dollars, rounded up, so that a hold never falls short."""
    return int((usd * NANO).to_integral_value(ROUND_CEILING))


def to_usd(nano: int) -> Decimal:
    return Decimal(nano) / NANO


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who asks: the API key, its account and, where the key belongs to a person, the user."""

    key_id: int
    key_name: str
    account_id: int
    account: str
    """The account's slug."""
    user_id: int | None
    user: str = ""
    """The user's name."""
    permissions: frozenset[str]
    """What the key may do: "inference", "routing", "admin"."""
    is_pro: bool = False
    """Whether the account may use models that are marked pro."""
    keeps_responses: bool = True
    """Whether the account's responses are kept where the request does not say."""
    keeps_bodies: bool = False
    """Whether what its requests and their answers say is kept: see budgets.people.privacy."""
    may_cache: bool = False
    """Whether the account's requests may ask for cached answers."""
    max_concurrent: int | None = None
    """How many of the key's requests may be under way at once. None: any number."""
    regions: Regions = None
    """Those that key and account allow in common. None: any."""
    unpriced_nano: int | None = None
    """What an answer of a model without a price is charged. None: it is refused."""
    pays_held: bool = False
    """Whether an answer whose provider does not tell what it used is charged all that was held."""
    scope: Scope | None = None
    """To what the key is bound beside its account. None: nothing."""
    refuses_stand_ins: bool = False
    """Whether nobody may answer in the place of a model that is named and retired."""
    preferences_id: int | None = None
    """The set of preferences that the key pins. None: the active ones count."""

    def called(self, label: str) -> str:
        """A scope as people know it: "account acme" for "account 7"."""
        names = (
            ("account", self.account_id, self.account),
            ("key", self.key_id, self.key_name),
            ("user", self.user_id, self.user),
        )
        return next((f"{kind} {name}" for kind, number, name in names if label == f"{kind} {number}" and name), label)

    @property
    def unpriced_usd(self) -> Decimal | None:
        return None if self.unpriced_nano is None else to_usd(self.unpriced_nano)


def named_scopes(
    *, tags: Sequence[str] = (), session: str = "", task_id: str = "", worker: str = ""
) -> tuple[str, ...]:
    """The scopes that a request names itself, as "kind:subject" strings."""
    named = (("session", session), ("task", task_id), ("worker", worker))
    found = [f"tag:{tag}" for tag in dict.fromkeys(tags)]
    return (*found, *[f"{kind}:{name}" for kind, name in named if name])


@dataclass(frozen=True, kw_only=True, slots=True)
class PerTask:
    """What all requests of one task may cost together, as the policy says that one of them goes by."""

    policy: str
    task: str
    amount_nano: int

    @property
    def scope(self) -> str:
        """Under which the policy's limit is known, which is made with its first such request."""
        return f"policy_task:{self.policy}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spend:
    """A worst case to be reserved, named by (operation_id, hop). `scopes` are "kind:subject" strings, e.g. "account:7",
    "key:3", "site:"."""

    operation_id: UUID
    hop: int
    """Which of the models that one operation tries, from 0."""
    account_id: int
    key_id: int | None
    user_id: int | None
    scopes: tuple[str, ...]
    amount_nano: int
    tokens: int
    lease_s: float
    """Seconds after which a sweep may settle the hold at its ceiling."""
    counted: tuple[str, ...] = ()
    """Scopes in which an earlier hop of the operation counts as its request, so that this one does not once more."""
    per_task: PerTask | None = None
    """Where the request names its task and goes by a policy with such a limit."""
    slots: int | None = None
    """How many slots the key has, where the operation takes one with this; see Caller.max_concurrent."""
    request: RequestRow
    """Kept with the hold, and joined with the answer when it is settled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A limit of requests or tokens per minute."""

    measure: Measure
    limit: int
    remaining: int
    reset_s: int
    """In so many seconds there is room again: all of it, or where something was refused, enough for that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """A hold. `remaining_nano` is what the tightest hard money limit leaves after it, None where none applies."""

    operation_id: UUID
    hop: int
    amount_nano: int
    remaining_nano: int | None
    rates: tuple[Rate, ...] = ()
    """The tightest one of each measure, as it stands after the hold."""
    has_slot: bool = False
    """Whether the operation took a slot of its key with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The first limit (by id) that the amount does not fit into. Figures are in the limit's measure."""

    operation_id: UUID
    hop: int
    limit_id: int
    label: str
    """For people, e.g. "account 7"."""
    measure: Measure
    period: Period
    limit: int
    spent: int
    reserved: int
    asked: int
    resets_at: datetime | None
    """When its period ends; of a rate, when this fits. None where that never comes: in all, or more than the rate itself."""
    retry_after_s: int | None
    """Until then."""

    @property
    def gives_back(self) -> bool:
        """Whether settling makes room in it. A rate does by the clock, and a request counts whatever it costs."""
        return self.rate is None and self.measure != "requests"

    @property
    def rate(self) -> Rate | None:
        """The limit as a rate, None where it is none."""
        if self.measure == "money" or self.period != "minute":
            return None
        remaining = max(0, self.limit - self.spent - self.reserved)
        return Rate(measure=self.measure, limit=self.limit, remaining=remaining, reset_s=self.retry_after_s or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What the books know of an operation."""

    charged_nano: int
    hops: int
    """So many of its hops have been settled."""
    outcome: Outcome | Literal["unknown"] | None
    """As its record says; None while there is none."""


NOTHING = Past(charged_nano=0, hops=0, outcome=None)
"""Of an operation that is new."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What a hold turned out to cost. Repeating it changes nothing."""

    operation_id: UUID
    hop: int
    amount_nano: int
    """The actual cost. What exceeds the hold is kept in the ledger as overrun and not charged to the limits."""
    tokens: int
    outcome: Outcome
    frees_slot: bool = False
    """Whether the operation ends with this, and its key has the slot back."""
    answer: AnswerRow | None = field(repr=False)
    """In no log, since upstreams' words are in it. None: charged without a record of its own: the request went on elsewhere."""
    usage: UsageRow | None = None
    """What the charge is made of. None: nothing was called."""
