"""Which test a request takes part in, and with which variant: the same in every process and after every restart. Pure.

A unit is dealt by SHA-256 of the test's salt and the unit's name. One part of the digest says whether it takes part at all,
another one which variant it has: B below the share of B, so that a larger share moves nobody from B back to A.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from experiments.ab.types import Arm, Assignment, Test, Treatment, TreatmentKind, Unit

SIZE = 2**64


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Whose request it is. `session`: as the caller names the conversation; empty: it belongs to none."""

    account_id: int
    user_id: int | None
    key_id: int | None
    session: str = ""
    kept: str = ""
    """What the session remembers of the variant that it got, see `kept`; empty: nothing."""
    deaf: frozenset[TreatmentKind] = frozenset()
    """What it cannot be told: it takes part in no test of that, whichever variant it would have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """A request's part in a test."""

    test: Test
    assignment: Assignment

    @property
    def treatment(self) -> Treatment:
        return self.test.a if self.assignment.arm == "a" else self.test.b


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """The tests that run, by whose requests they are about, in the order in which they are asked."""

    of_users: Mapping[tuple[int, int], Sequence[Test]] = field(default_factory=dict)
    """By account and user."""
    of_accounts: Mapping[int, Sequence[Test]] = field(default_factory=dict)
    of_everybody: Sequence[Test] = ()

    def __bool__(self) -> bool:
        return bool(self.of_users or self.of_accounts or self.of_everybody)

    def of(self, asker: Asker) -> Iterator[Test]:
        """A user's before their account's, those before everybody's."""
        if asker.user_id is not None:
            yield from self.of_users.get((asker.account_id, asker.user_id), ())
        yield from self.of_accounts.get(asker.account_id, ())
        yield from self.of_everybody


def running(tests: Sequence[Test]) -> Running:
    """The tests, ordered by whom they are about."""
    of_users: dict[tuple[int, int], list[Test]] = {}
    of_accounts: dict[int, list[Test]] = {}
    for test in tests:
        if test.account_id is not None and test.user_id is not None:
            of_users.setdefault((test.account_id, test.user_id), []).append(test)
        elif test.account_id is not None:
            of_accounts.setdefault(test.account_id, []).append(test)
    everybody = [test for test in tests if test.account_id is None]
    return Running(of_users=of_users, of_accounts=of_accounts, of_everybody=everybody)


def assign(running: Running, asker: Asker) -> Assigned | None:
    """The first test that the request takes part in; None: it takes part in none.

    A request without a session is no unit of a test by session, and takes no part in it.
    """
    for test in running.of(asker):
        if {test.a.kind, test.b.kind} & asker.deaf:
            continue
        if (unit := unit_of(test.unit, asker)) and (found := assignment(test, unit, asker.kept)):
            return Assigned(test=test, assignment=found)
    return None


def unit_of(unit: Unit, asker: Asker) -> str:
    """What is dealt as a whole: a user, or a key that is nobody's, or a session of an account. Empty: there is none."""
    if unit == "session":
        return session_unit(asker.account_id, asker.session) if asker.session else ""
    return f"key {asker.key_id}" if asker.user_id is None else f"user {asker.user_id}"


def session_unit(account_id: int, name: str) -> str:
    """Names of sessions are an account's own, and may say more than a record should."""
    return f"session {hashlib.sha256(f'{account_id}/{name}'.encode()).hexdigest()[:16]}"


def assignment(test: Test, unit: str, kept: str = "") -> Assignment | None:
    """Which variant a unit has; None: it is not among those that take part. Where the share of B follows what was seen, a unit
    that is known keeps what it got, with the probability of then."""
    digest = hashlib.sha256(f"{test.salt}:{unit}".encode()).digest()
    if int.from_bytes(digest[:8], "big") >= test.exposure * SIZE:
        return None
    if test.is_adaptive and (known := _of_kept(test, unit, kept)):
        return known
    arm: Arm = "b" if int.from_bytes(digest[8:16], "big") < test.share_b * SIZE else "a"
    return Assignment(
        experiment=test.id, phase=test.phase, arm=arm, unit=unit,
        propensity=test.share_b if arm == "b" else 1 - test.share_b,
    )  # fmt: skip


# --- what a session remembers


def kept(assigned: Assigned | None) -> str:
    """What the session is to remember, as text; empty: nothing, since it can be worked out again."""
    if assigned is None or not assigned.test.is_adaptive:
        return ""
    found = assigned.assignment
    return f"{found.experiment}/{found.phase}/{found.arm}/{found.propensity!r}"


def _of_kept(test: Test, unit: str, kept: str) -> Assignment | None:
    """What a session remembers of this phase of this test."""
    try:
        experiment, phase, arm, propensity = kept.split("/")
        known = (int(experiment), int(phase), float(propensity))
    except ValueError:
        return None
    if known[:2] != (test.id, test.phase) or arm not in {"a", "b"}:
        return None
    return Assignment(
        experiment=test.id, phase=test.phase, arm="b" if arm == "b" else "a", unit=unit, propensity=known[2]
    )
