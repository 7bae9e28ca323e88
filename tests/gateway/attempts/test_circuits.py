"""Circuits of a process, and of several that share what they found."""

import asyncio
import math

import pytest

from models_registry.types import Deployment, ProviderKey
from models_registry.upstream.errors import CredentialBad, Failed, Overloaded, Rejected, TimedOut, UpstreamError
from routerhub.gateway.attempts.circuits import Circuits, Permit
from tests.gateway.fake_circuits import RULES, FakeCircuitStore
from tests.gateway.fake_clock import FakeClock

pytestmark = pytest.mark.anyio
PLACE, KEY = "acme/large", "acme key ONE 00"
DEPLOYMENT = Deployment(provider="acme", upstream_model="large")
KEYS = (ProviderKey(label="ONE", secret="1", id=KEY), ProviderKey(label="TWO", secret="2", id="acme key TWO 00"))
DOWN = Failed("out of order", status=500)


class Processes:
    """Some processes around one database; what one writes the others hear when the test says so."""

    def __init__(self, count: int = 2) -> None:
        self.clock = FakeClock()
        self.store = FakeCircuitStore(self.clock)
        self.all = [Circuits(RULES, self.store, self.clock) for _ in range(count)]

    @property
    def one(self) -> Circuits:
        return self.all[0]

    async def hear(self) -> None:
        """Everything is written, and everybody has heard of it."""
        for _ in range(5):
            await asyncio.sleep(0)
        for each in self.all:
            each.take(list(self.store.rows.values()))

    def pass_s(self, seconds: float) -> None:
        self.clock.seconds += seconds


async def entered(circuits: Circuits) -> Permit:
    permit = await circuits.enter(PLACE, KEYS[0])
    assert permit is not None
    return permit


async def fail(circuits: Circuits, times: int = 5, error: UpstreamError = DOWN) -> None:
    permits = [await entered(circuits) for _ in range(times)]
    for permit in permits:
        circuits.failed(permit, error)


def is_out(circuits: Circuits) -> bool:
    return circuits.is_out(DEPLOYMENT, lambda: KEYS)


async def test_it_opens_when_enough_calls_failed_and_everybody_hears_of_it() -> None:
    met = Processes()
    await fail(met.one, 4)
    assert not is_out(met.one)
    await fail(met.one, 1)
    assert is_out(met.one)
    assert not is_out(met.all[1])
    await met.hear()
    assert is_out(met.all[1])
    assert met.all[1].told(PLACE, KEYS[0]).endswith("5 of 5 calls failed, the last one by Failed 500")


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_is_refused_for_itself_never_opens_it(status: int) -> None:
    met = Processes()
    await fail(met.one, 50, Rejected("no", status=status))
    assert not is_out(met.one)


async def test_answers_keep_it_closed() -> None:
    met = Processes()
    for _ in range(20):
        met.one.succeeded(await entered(met.one))
    await fail(met.one, 19)
    assert not is_out(met.one)
    await fail(met.one, 1)
    assert is_out(met.one)


async def test_at_the_end_of_the_open_time_one_call_goes_through_of_all_processes() -> None:
    """F13: two hundred at once."""
    met = Processes(count=4)
    await fail(met.one)
    await met.hear()
    met.pass_s(15)
    tried = await asyncio.gather(*(each.enter(PLACE, KEYS[0]) for each in met.all for _ in range(50)))
    probes = [permit for permit in tried if permit is not None]
    assert [permit.probes for permit in probes] == [(PLACE,)]


async def test_an_answer_to_the_probe_closes_it_for_all() -> None:
    met = Processes()
    await fail(met.one)
    await met.hear()
    met.pass_s(15)
    met.all[1].succeeded(await entered(met.all[1]))
    await met.hear()
    assert [is_out(each) for each in met.all] == [False, False]
    assert [(await entered(each)).probes for each in met.all] == [(), ()]


async def test_a_probe_that_is_refused_for_itself_shows_that_somebody_is_there() -> None:
    met = Processes()
    await fail(met.one)
    met.pass_s(15)
    met.one.failed(await entered(met.one), Rejected("too long", status=400))
    assert not is_out(met.one)


async def test_a_probe_that_fails_opens_it_for_twice_as_long_and_since_keeps_the_first_moment() -> None:
    met = Processes()
    await fail(met.one)
    await met.hear()
    since = met.store.rows[PLACE].since
    met.pass_s(15)
    met.one.failed(await entered(met.one), TimedOut("slow"))
    await met.hear()
    row = met.store.rows[PLACE]
    assert (row.times, row.until, row.since) == (2, met.clock.seconds + 30, since)
    met.pass_s(29)
    assert await met.all[1].enter(PLACE, KEYS[0]) is None


async def test_a_probe_whose_client_left_makes_room_for_another_one() -> None:
    met = Processes()
    await fail(met.one)
    await met.hear()
    met.pass_s(15)
    met.one.left(await entered(met.one))
    for _ in range(3):
        await asyncio.sleep(0)
    assert (await entered(met.all[1])).probes == (PLACE,)


async def test_a_probe_of_which_nothing_is_heard_is_taken_for_lost() -> None:
    met = Processes(count=1)
    met.store.is_away = True
    await fail(met.one)
    met.pass_s(15)
    assert (await entered(met.one)).probes == (PLACE,)
    assert await met.one.enter(PLACE, KEYS[0]) is None
    met.pass_s(60)
    assert (await entered(met.one)).probes == (PLACE,)


async def test_a_failure_that_comes_late_counts_for_nothing() -> None:
    """F14: calls that began before it opened end after it was closed again."""
    met = Processes()
    late = [await entered(met.one) for _ in range(20)]
    await fail(met.one)
    met.pass_s(15)
    met.one.succeeded(await entered(met.one))
    for permit in late:
        met.one.failed(permit, DOWN)
    assert not is_out(met.one)


async def test_without_the_database_each_process_goes_by_what_it_saw() -> None:
    met = Processes()
    met.store.is_away = True
    await fail(met.one)
    await met.hear()
    assert [is_out(each) for each in met.all] == [True, False]
    met.pass_s(15)
    assert (await entered(met.one)).probes == (PLACE,)


async def test_what_the_database_missed_is_kept_when_it_comes_back() -> None:
    met = Processes()
    met.store.is_away = True
    await fail(met.one)
    await asyncio.sleep(0)
    met.store.is_away = False
    await met.hear()
    assert is_out(met.one)


async def test_an_announced_limit_takes_the_key_out_there_until_its_reset_and_needs_no_probe() -> None:
    met = Processes()
    met.one.failed(await entered(met.one), Overloaded("slow down", status=429, retry_after_s=20))
    await met.hear()
    for each in met.all:
        assert [key.label for key in each.open_keys(PLACE, KEYS)] == ["TWO"]
        assert [key.label for key in each.open_keys("acme/small", KEYS)] == ["ONE", "TWO"], "limits are per model"
        assert not is_out(each)
        assert each.is_out(DEPLOYMENT, lambda: KEYS[:1])
    met.pass_s(20)
    assert [(await entered(each)).probes for each in met.all for _ in range(3)] == [()] * 6


async def test_a_longer_pause_takes_the_place_of_a_shorter_one_and_not_the_other_way_round() -> None:
    """F8."""
    met = Processes(count=1)
    first, second, third = [await entered(met.one) for _ in range(3)]
    for permit, pause in ((first, 5.0), (second, 60.0), (third, 1.0)):
        met.one.failed(permit, Overloaded("slow down", status=429, retry_after_s=pause))
    met.pass_s(59)
    assert await met.one.enter(PLACE, KEYS[0]) is None
    met.pass_s(1)
    await entered(met.one)


async def test_a_limit_that_an_answer_announced_counts_like_one_that_was_run_into() -> None:
    met = Processes()
    met.one.rests(PLACE, KEYS[0], 30)
    await met.hear()
    assert met.all[1].told(PLACE, KEYS[0]).endswith("its limit is used up")
    assert [key.label for key in met.all[1].open_keys(PLACE, KEYS)] == ["TWO"]


async def test_a_refused_key_is_out_everywhere_until_it_is_another_one() -> None:
    met = Processes()
    met.one.failed(await entered(met.one), CredentialBad("revoked", status=401))
    await met.hear()
    met.pass_s(10**6)
    assert met.store.rows[KEY].until == math.inf
    changed = ProviderKey(label="ONE", secret="3", id="acme key ONE 11")
    for each in met.all:
        assert [key.label for key in each.open_keys("acme/small", KEYS)] == ["TWO"]
        assert each.open_keys(PLACE, [changed]) == [changed]


async def test_a_key_without_the_right_to_one_model_serves_the_others() -> None:
    met = Processes(count=1)
    met.one.failed(await entered(met.one), CredentialBad("no access to it", status=403))
    assert [key.label for key in met.one.open_keys(PLACE, KEYS)] == ["TWO"]
    assert [key.label for key in met.one.open_keys("acme/small", KEYS)] == ["ONE", "TWO"]


async def test_a_last_resort_that_answers_closes_it_and_one_that_fails_changes_nothing() -> None:
    """F6."""
    met = Processes(count=1)
    await fail(met.one)
    await met.hear()
    until = met.store.rows[PLACE].until
    for _ in range(10):
        met.one.failed(met.one.pass_by(PLACE, KEYS[0]), DOWN)
    await met.hear()
    assert met.store.rows[PLACE].until == until
    met.one.succeeded(met.one.pass_by(PLACE, KEYS[0]))
    assert not is_out(met.one)


async def test_a_place_that_needs_no_key_is_not_out_for_ever_when_it_refuses_one() -> None:
    met = Processes(count=1)
    nobodys = ProviderKey(label="", secret="", id="acme without a key")
    for _ in range(5):
        permit = await met.one.enter(PLACE, nobodys)
        assert permit is not None
        met.one.failed(permit, CredentialBad("who are you?", status=401))
    assert is_out(met.one), "it counts as a failure"
    met.pass_s(15)
    assert not is_out(met.one)


async def test_a_probe_that_was_never_sent_makes_room_for_another_one() -> None:
    """An adapter that cannot carry what was asked refuses it itself."""
    met = Processes(count=1)
    await fail(met.one)
    await met.hear()
    met.pass_s(15)
    met.one.failed(await entered(met.one), Rejected("It has no tools.", was_sent=False))
    await met.hear()
    assert list(met.store.rows) == [PLACE]
    assert (await entered(met.one)).probes == (PLACE,)
