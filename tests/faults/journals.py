"""Processes that spend at once, what each was promised, and whether the books say the same."""

import signal
import subprocess
import sys
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from budgets.types import to_usd
from tests.faults.scene import OVERSHOOT
from tests.looking import SEES_ALL
from tests.stack import Stack, eventually

PAYER = Path(__file__).with_name("payer.py")
ENTRIES = "SELECT operation_id, kind, outcome, amount_nano FROM budgets_ledgerentry"
UNLEASE = "UPDATE budgets_hold SET lease_until = now() - interval '1 second' RETURNING 1"


@dataclass(kw_only=True)
class Payers:
    """Of one limit, on the database of `stack`, which serves nothing."""

    stack: Stack
    folder: Path
    least: int
    most: int
    pause_s: float = 0.0
    started: "list[tuple[subprocess.Popen[bytes], int]]" = field(default_factory=list)
    """Each with how many requests it was to make. Its journal has its place as a name."""

    def begin(self, amount_nano: int, period: str, zone: str = "UTC") -> None:
        """Make the limit, in the account's zone, and have the database note every commit that passes it."""
        values = f"kind='account', subject='1', account_id=1, measure='money', period={period!r}, amount={amount_nano}"
        self.stack.manage(
            "shell", "--no-imports", "-c", "from budgets.models import Account, Limit;"
            f"Account.objects.filter(id=1).update(timezone={zone!r}); Limit.objects.create({values})",
        )  # fmt: skip
        with psycopg.connect(self.stack.database_url, autocommit=True, options=SEES_ALL) as connection:
            connection.execute(OVERSHOOT)

    def start(self, requests: int) -> None:
        place = len(self.started)
        command = [
            sys.executable, str(PAYER), self.stack.database_url, str(self._journal(place)), f"--seed={place}",
            f"--requests={requests}", f"--least={self.least}", f"--most={self.most}", f"--pause-s={self.pause_s}",
        ]  # fmt: skip
        self.started.append((subprocess.Popen(command), requests))

    def replace_one(self, chance: Random) -> None:
        """Kill one that is at work, and have another one make the requests that it had not begun."""
        at_work = [place for place, (process, _) in enumerate(self.started) if process.poll() is None]
        place = chance.choice(at_work)
        process, requests = self.started[place]
        process.kill()
        process.wait()
        begun = self._journal(place).read_text().count("asks") if self._journal(place).exists() else 0
        if begun < requests:
            self.start(requests - begun)

    def _journal(self, place: int) -> Path:
        return self.folder / f"{place}.journal"

    def done(self) -> dict[str, dict[uuid.UUID, int]]:
        """By what happened, the operations to which it happened, with their amounts."""
        found: dict[str, dict[uuid.UUID, int]] = defaultdict(dict)
        for journal in sorted(self.folder.glob("*.journal")):
            for line in journal.read_text().split("\n")[:-1]:
                what, operation, amount = line.split()
                found[what][uuid.UUID(operation)] = int(amount)
        return found

    def end(self) -> None:
        for process, _ in self.started:
            assert process.wait(timeout=300) in {0, -signal.SIGKILL}
        self.sweep()

    def sweep(self) -> None:
        """Settle what the dead have left."""
        self.stack.rows(UNLEASE)
        eventually(lambda: self.stack.rows("SELECT swept FROM sweep_holds(200)") == [(0,)], within_s=30)
        assert self.stack.rows("SELECT count(*) FROM budgets_hold") == [(0,)]

    def check(self) -> dict[str, Any]:
        """What the processes were promised is what the books say, to the nano-dollar. Returns figures for people."""
        done, charged = self.done(), defaultdict[uuid.UUID, int](int)
        outcomes = defaultdict[uuid.UUID, list[str]](list)
        for operation, kind, outcome, amount in self.stack.rows(ENTRIES):
            charged[operation] += amount
            outcomes[operation].append(f"{kind} {outcome}")
        assert charged.keys() <= done["asks"].keys()
        assert not charged.keys() & done["refused"].keys()
        assert all(charged[operation] == cost for operation, cost in done["settled"].items())
        _lost_are_at_their_ceiling(done, charged, outcomes)
        assert self.stack.rows("SELECT limit_id, above FROM overshoot") == []
        assert "equals" in self.stack.manage("reconcile")
        spent = sum(charged.values())
        assert self.stack.rows("SELECT sum(spent)::bigint, sum(reserved)::bigint FROM budgets_counter") == [(spent, 0)]
        return figures(done, outcomes, spent)


def _lost_are_at_their_ceiling(
    done: dict[str, dict[uuid.UUID, int]], charged: dict[uuid.UUID, int], outcomes: dict[uuid.UUID, list[str]]
) -> None:
    """Whose process died: settled as it wanted, or swept, or never let in."""
    for operation in done["asks"].keys() - done["settled"].keys() - done["refused"].keys():
        if outcomes.get(operation) == ["charge success"]:
            assert charged[operation] == done["granted"][operation]
        elif operation in done["granted"] or operation in outcomes:
            assert outcomes[operation] == ["charge unknown"]
            assert charged[operation] == done["asks"][operation]


def figures(done: dict[str, dict[uuid.UUID, int]], outcomes: dict[uuid.UUID, list[str]], spent: int) -> dict[str, Any]:
    of = [outcome for some in outcomes.values() for outcome in some]
    usd: Decimal = to_usd(spent)
    return {
        "asked": len(done["asks"]), "settled": len(done["settled"]), "refused": len(done["refused"]),
        "swept at their ceiling": of.count("charge unknown"), "corrected": sum(each.startswith("corr") for each in of),
        "spent USD": usd,
    }  # fmt: skip
