"""The tests that run with all that their variants tell the router: read once, and what each request is told of it."""

import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autorouter.select import Asked
from autorouter.types import Leads
from experiments.ab import shuffling
from experiments.ab.assignment import Asker, Assigned, Running, assign, running
from experiments.ab.running import read as read_tests
from experiments.ab.shuffling import Shares, drawn
from experiments.ab.types import Test, TreatmentKind

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """What a request gets in a test. None: nothing is told."""

    assigned: Assigned
    leads: Leads | None = None
    policy: str | None = None
    preferences: int | None = None
    """The set that counts in place of the active one of its owner."""
    release: int | None = None
    """Of the router: its rankings are asked."""

    def on(self, asked: Asked) -> Asked:
        """What the request asks, with what the variant says. Preferences and releases it says to whoever looks them up."""
        tested = (self.assigned.test.id, self.assigned.assignment.arm)
        return replace(asked, tested=tested, leads=self.leads, policy=self.policy or asked.policy)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variants:
    """What of the tests a process holds."""

    tests: Sequence[Test] = ()
    shares: Mapping[int, Shares] = field(default_factory=dict)
    """Of tests with a shuffle, by their id: models, with how often the router chose each."""
    running: Running = field(default_factory=Running)
    """Those of the tests that can be run: whose sets and releases are there."""

    @property
    def releases(self) -> frozenset[int]:
        """Of the router, which variants name."""
        return frozenset(int(each) for each in _values(self.tests, "release"))

    def on(self, releases: Container[int], sets: Container[int]) -> "Variants":
        """The same where these releases of the router and sets of preferences are there."""
        return replace(self, running=running([each for each in self.tests if self._is_ready(each, releases, sets)]))

    def of(self, asker: Asker, name: str) -> Variant | None:
        """The variant of a request; None: it takes part in no test. `name`: of its session, or else its own."""
        found = assign(self.running, asker)
        return self._variant(found, name) if found else None

    def _variant(self, assigned: Assigned, name: str) -> Variant:
        kind, value = assigned.treatment.kind, assigned.treatment.value
        match kind:
            case "provider" | "model" | "tier":
                return Variant(assigned=assigned, leads=(kind, value))
            case "shuffle":
                test = assigned.test
                return Variant(assigned=assigned, leads=("model", drawn(self.shares[test.id], test.salt, name)))
            case "policy":
                return Variant(assigned=assigned, policy=value)
            case "preferences":
                return Variant(assigned=assigned, preferences=int(value))
            case "release":
                return Variant(assigned=assigned, release=int(value))
            case "same":
                return Variant(assigned=assigned)

    def _is_ready(self, test: Test, releases: Container[int], sets: Container[int]) -> bool:
        lacks = [
            *(f"preferences {each}" for each in _values([test], "preferences") if int(each) not in sets),
            *(f"release {each}" for each in _values([test], "release") if int(each) not in releases),
            *(["requests to shuffle"] if "shuffle" in kinds(test) and not self.shares[test.id] else []),
        ]
        if lacks:
            logger.warning("action=hold_test test=%s lacks=%s", test.id, ", ".join(lacks))
        return not lacks


NONE = Variants()


def read() -> Variants:
    """The tests that run, with the shares of those that shuffle. Raises DatabaseError."""
    tests = read_tests()
    shuffled = [each for each in tests if "shuffle" in kinds(each)]
    return Variants(tests=tests, shares={each.id: shuffling.chosen_lately(each) for each in shuffled})


def kinds(test: Test) -> frozenset[TreatmentKind]:
    """What sorts of things it compares."""
    return frozenset({test.a.kind, test.b.kind})


def _values(tests: Sequence[Test], kind: TreatmentKind) -> list[str]:
    return [each.value for test in tests for each in (test.a, test.b) if each.kind == kind]
