"""Who gets which variant: nothing but the salt, the unit and the share decide, so every process says the same."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from experiments.ab import types
from experiments.ab.assignment import Asker, Assigned, assign, kept, running
from experiments.ab.shuffling import drawn
from experiments.ab.types import Treatment

SAME = Treatment(kind="same")
UNITS = 6_000
ADA = Asker(account_id=1, user_id=12, key_id=3, session="s-1")
HOW_OTHERS_SEE_IT = """
from experiments.ab.assignment import *
from experiments.ab.types import *
same = Treatment(kind="same")
test = Test(id=5, phase=2, account_id=None, user_id=None, unit="user", salt="salt", share_b=.5, exposure=1.0, a=same, b=same,
            is_adaptive=False)
askers = [Asker(account_id=1, user_id=user, key_id=None) for user in range(400)]
print("".join(assign(running([test]), each).assignment.arm for each in askers))
"""


def trial(**changes: Any) -> types.Test:
    values: dict[str, Any] = {
        "id": 5, "phase": 2, "account_id": None, "user_id": None, "unit": "user", "salt": "salt", "share_b": 0.5,
        "exposure": 1.0, "a": SAME, "b": SAME, "is_adaptive": False,
    }  # fmt: skip
    return types.Test(**{**values, **changes})


def found(test: types.Test, asker: Asker) -> Assigned:
    part = assign(running([test]), asker)
    assert part is not None
    return part


def arms(**changes: Any) -> dict[int, str]:
    """Of all users that take part."""
    tests = running([trial(**changes)])
    parts = {user: assign(tests, Asker(account_id=1, user_id=user, key_id=None)) for user in range(UNITS)}
    return {user: part.assignment.arm for user, part in parts.items() if part}


def test_another_process_deals_alike() -> None:
    said = subprocess.run([sys.executable, "-c", HOW_OTHERS_SEE_IT], capture_output=True, text=True, check=True).stdout
    here = arms()
    assert said.strip() == "".join(here[user] for user in range(400))
    assert {*said.strip()} == {"a", "b"}


@pytest.mark.parametrize("share", [0.5, 0.1, 0.95])
def test_shares_are_as_configured_and_another_test_deals_anew(share: float) -> None:
    dealt, anew = arms(share_b=share), arms(share_b=share, salt="other")
    assert len(dealt) == UNITS
    near = 4 * (share * (1 - share) / UNITS) ** 0.5
    assert abs(sum(arm == "b" for arm in dealt.values()) / UNITS - share) < near
    both = sum(dealt[user] == anew[user] == "b" for user in dealt) / UNITS
    assert abs(both - share**2) < 4 * (share**2 * (1 - share**2) / UNITS) ** 0.5


def test_a_growing_share_moves_nobody_from_b_back_to_a() -> None:
    before, after = arms(share_b=0.1), arms(share_b=0.5, phase=3)
    assert {after[user] for user, arm in before.items() if arm == "b"} == {"b"}
    assert sum(arm == "b" for arm in after.values()) > 4 * sum(arm == "b" for arm in before.values())


def test_who_takes_part_says_nothing_of_the_variant_and_more_exposure_loses_nobody() -> None:
    everybody, some = arms(), arms(exposure=0.2)
    assert some.items() <= everybody.items()
    assert abs(len(some) / UNITS - 0.2) < 0.021
    assert abs(sum(arm == "b" for arm in some.values()) / len(some) - 0.5) < 0.058


def test_a_users_test_goes_before_the_accounts_and_that_before_everybodys() -> None:
    own, account, site = (
        trial(id=1, account_id=1, user_id=12, unit="session"), trial(id=2, account_id=1), trial(id=3)
    )  # fmt: skip
    tests = running([site, account, own])
    asked = (
        ADA, Asker(account_id=1, user_id=12, key_id=3), Asker(account_id=1, user_id=13, key_id=3),
        Asker(account_id=2, user_id=12, key_id=3, session="s-1"),
    )  # fmt: skip
    parts = [assign(tests, each) for each in asked]
    assert [part.test.id for part in parts if part] == [1, 2, 2, 3], (
        "without a session there is no unit of a test by session"
    )
    assert assign(running([own]), asked[1]) is None
    assert not running([])


def test_a_unit_is_a_user_or_a_key_that_is_nobodys_or_an_accounts_session() -> None:
    alone = Asker(account_id=1, user_id=None, key_id=7, session="s-1")
    other = Asker(account_id=2, user_id=None, key_id=7, session="s-1")
    by_session = trial(unit="session")
    parts = [found(trial(), ADA), found(trial(), alone), found(by_session, alone), found(by_session, other)]
    units = [part.assignment.unit for part in parts]
    assert units == ["user 12", "key 7", "session 06b3ca9146d5f929", "session 4eee48f47e8ac3b2"]


def test_what_cannot_be_told_to_a_request_keeps_it_out_of_both_variants() -> None:
    by_policy = trial(id=1, b=Treatment(kind="policy", value="code"))
    asker = Asker(account_id=1, user_id=1, key_id=1, deaf=frozenset({"policy"}))
    parts = assign(running([by_policy, trial(id=2)]), asker), assign(running([by_policy, trial(id=2)]), ADA)
    assert [part.test.id for part in parts if part] == [2, 1]


def test_a_session_keeps_what_it_got_while_the_share_follows_what_is_seen() -> None:
    test = trial(unit="session", is_adaptive=True, share_b=0.9)
    talks = [Asker(account_id=1, user_id=1, key_id=1, session=f"s{number}") for number in range(99)]
    asker = next(each for each in talks if found(test, each).assignment.arm == "b")
    first = found(test, asker)
    remembered = replace(asker, kept=kept(first))
    later = replace(test, share_b=1e-9)
    assert found(later, remembered).assignment == first.assignment, "with the probability of then"
    assert first.assignment.propensity == 0.9
    for anew in (asker, replace(asker, kept="5/2/c/0.5"), replace(asker, kept="5/1/b/0.9")):
        assert (found(later, anew).assignment.arm, found(later, anew).assignment.propensity) == ("a", 1 - 1e-9)
    assert kept(found(trial(unit="session"), asker)) == kept(None) == "", "what can be worked out again is not kept"


def test_a_shuffle_draws_models_by_their_shares_and_a_session_draws_one() -> None:
    shares = [("a:x", 70), ("b:y", 0), ("c:z", 30)]
    names = [drawn(shares, "salt", f"request {number}") for number in range(UNITS)]
    assert abs(names.count("a:x") / UNITS - 0.7) < 0.024
    assert names.count("b:y") == 0
    assert drawn(shares, "salt", "s-1") == drawn(shares, "salt", "s-1")
