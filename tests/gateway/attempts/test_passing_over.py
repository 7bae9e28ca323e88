"""Whom dispatch does not ask: models too small for the prompt, places and keys whose circuits are open."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from autorouter.decision.router import decide
from autorouter.types import Constraints
from models_registry import availability
from models_registry.types import Deployment
from models_registry.upstream.errors import CredentialBad, Overloaded, PromptTooLong, Rejected, TimedOut, Unreachable
from routerhub.gateway.attempts.calls import complete
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.errors import AllFailed, BudgetRefused, to_api_error
from routerhub.gateway.runtime import Runtime
from tests.autorouter import fakes as router_fakes
from tests.gateway.courses import DOWN, LARGE, MIDDLE, SMALL, Course
from tests.gateway.fakes import NOW, FakeUpstream, completion, decision, operation, rankings, request, runtime

pytestmark = pytest.mark.anyio

# --- models too small for the prompt


async def test_a_prompt_that_is_too_long_goes_to_the_next_model_that_is_larger() -> None:
    """F10: one failed attempt, and nobody is asked whose window is no larger."""
    small, same, large = (
        replace(router_fakes.model(name, ("1", "3")), context_window=window, max_output=1_000)
        for name, window in ((LARGE, 8_000), (MIDDLE, 8_000), (SMALL, 128_000))
    )
    course = Course(
        PromptTooLong("prompt is too long", status=400),
        completion(),
        operation=operation(met=rankings(small, same, large)),
    )
    await course.complete()
    assert course.tried == [LARGE, SMALL]
    assert course.operation.attempts[0].error == "PromptTooLong: prompt is too long"


async def test_candidates_that_the_decision_does_not_name_are_looked_at_for_a_long_prompt_too() -> None:
    sizes = {LARGE: 8_000, MIDDLE: 128_000}
    met = rankings(
        *(
            replace(router_fakes.model(name, ("1", "3")), context_window=size, max_output=1_000)
            for name, size in sizes.items()
        )
    )
    course = Course(
        PromptTooLong("too long", status=400),
        completion(),
        operation=operation(LARGE, met=met, everything=decision(LARGE, MIDDLE)),
    )
    assert (await course.complete()).candidate.model == MIDDLE


async def test_a_prompt_that_nobody_holds_is_refused_in_the_upstreams_words() -> None:
    course = Course(PromptTooLong("prompt is too long", status=400, code="context_length_exceeded"))
    with pytest.raises(AllFailed, match="prompt is too long") as caught:
        await course.complete()
    refused = to_api_error(caught.value)
    assert (course.tried, refused.status, refused.code) == ([LARGE], 400, "context_length_exceeded")


# --- places whose circuit is open


def hosts(*names: str) -> Any:
    """A model that is served at several hosts, in this order."""
    model = router_fakes.model(LARGE, ("10", "30"))
    places = [Deployment(provider=name, upstream_model="large", prices=model.deployments[0].prices) for name in names]
    return router_fakes.model(LARGE, deployments=tuple(places))


class Hosts:
    """A gateway that is asked again and again. Every host answers but those that are down."""

    def __init__(self, *names: str, down: dict[str, Exception] | None = None) -> None:
        self.down = down or {}
        self.met = rankings(hosts(*names), router_fakes.model(SMALL, ("0.1", "0.3")))
        self.asked: list[str] = []
        self.script = FakeUpstream(completion())
        self.runtime: Runtime = runtime(self.script, met=self.met)
        self.script.complete = self.complete  # type: ignore[method-assign]

    async def complete(self, request: Any) -> Any:
        self.asked.append(request.provider)
        if request.provider in self.down:
            raise self.down[request.provider]
        return completion()

    async def ask(self, *models: str, seconds: float = 300, **made_of: Any) -> Any:
        """The operation, served."""
        passed_s = self.runtime.clock.monotonic() - 1_000
        made = operation(*(models or (LARGE, SMALL)), met=self.met, seconds=passed_s + seconds, **made_of)
        await dispatch(self.runtime, made, complete)
        return made


async def test_of_three_hosts_one_is_pulled_and_no_request_fails_nor_waits_for_it_for_long() -> None:
    met = Hosts("one", "two", "three", down={"one": Unreachable("connection refused", was_sent=False)})
    for _ in range(20):
        await met.ask()
    assert met.asked.count("one") == 5, "then its circuit is open"
    assert met.asked.count("two") == 20
    assert met.asked[-1] == "two"


async def test_it_answers_again_after_one_probe() -> None:
    met = Hosts("one", "two", down={"one": DOWN})
    for _ in range(5):
        await met.ask()
    met.down.clear()
    met.asked.clear()
    await met.ask()
    met.runtime.clock.seconds += 15  # type: ignore[attr-defined]
    await met.ask()
    await met.ask()
    assert met.asked == ["two", "one", "one"]


async def test_the_last_place_of_a_model_that_was_named_is_asked_all_the_same_and_told() -> None:
    """F6: nobody is left without a word."""
    met = Hosts("one", down={"one": DOWN})
    for _ in range(3):
        with pytest.raises(AllFailed):
            await met.ask(LARGE)
    met.down.clear()
    made = await met.ask(LARGE)
    (told,) = made.passed_over
    assert told.startswith("one/large: circuit open since 2026-11-21 12:00:00 UTC: 5 of 5 calls failed")
    assert told.endswith("; asked as a last resort")
    assert (await met.ask(LARGE)).passed_over == [], "its answer closed the circuit"


async def test_a_model_whose_places_are_all_out_waits_behind_the_other_candidates() -> None:
    met = Hosts("one", "two", down={"one": DOWN, "two": DOWN})
    for _ in range(5):
        await met.ask()
    met.asked.clear()
    made = await met.ask()
    assert met.asked == ["acme"]
    assert [each.model for each in made.attempts] == [SMALL]


async def test_refused_requests_leave_every_circuit_closed() -> None:
    """F10."""
    met = Hosts("one", down={"one": Rejected("bad schema", status=400)})
    for _ in range(20):
        with pytest.raises(AllFailed):
            await met.ask(LARGE)
    met.down.clear()
    assert (await met.ask(LARGE)).passed_over == []


async def test_what_a_script_of_the_sandbox_asks_for_opens_no_circuit() -> None:
    met = Hosts("one", down={"one": DOWN})
    for _ in range(5):
        with pytest.raises(AllFailed):
            await met.ask(LARGE, asked=request(script={"status": 500}))
    met.down.clear()
    assert (await met.ask(LARGE)).passed_over == []


async def test_a_time_out_of_a_request_in_a_hurry_says_nothing_of_the_place() -> None:
    met = Hosts("one", "two", down={"one": TimedOut("slow")})
    for _ in range(10):
        await met.ask(seconds=5)
    assert met.asked.count("one") == 10
    for _ in range(5):
        await met.ask(seconds=300)
    met.asked.clear()
    await met.ask()
    assert met.asked == ["two"]


async def test_a_place_at_the_limit_that_it_announced_is_left_alone_until_the_reset() -> None:
    met = Hosts("one", "two", down={"one": Overloaded("slow down", status=429, retry_after_s=30)})
    await met.ask()
    await met.ask()
    met.down.clear()
    met.runtime.clock.seconds += 30  # type: ignore[attr-defined]
    await met.ask()
    assert met.asked == ["one", "two", "two", "one"]


def test_the_decision_says_since_when_a_circuit_is_open_and_takes_it_as_a_last_resort() -> None:
    out = {"acme/large": "since 2026-11-29 09:00:00 UTC: 5 of 6 calls failed"}
    reason = "circuit of acme/large open since 2026-11-29 09:00:00 UTC: 5 of 6 calls failed"
    met = rankings(open_circuits=out)
    whole = decide(met, router_fakes.task(), Constraints(), NOW, None)
    assert [(each.model, each.code, each.reason) for each in whole.excluded] == [(LARGE, "circuit", reason)]
    named = decide(met, router_fakes.task(), Constraints(candidates=(LARGE,)), NOW)
    assert (named.chosen and named.chosen.model, named.last_resort) == (LARGE, reason)


async def test_what_a_limit_of_ours_has_no_room_for_is_asked_of_nobody_and_speaks_against_nobody() -> None:
    """F7"""
    met = Hosts("one")
    ledger: Any = met.runtime.ledger
    ledger.limit_nano = 1
    for _ in range(10):
        with pytest.raises(BudgetRefused):
            await met.ask(LARGE)
    ledger.limit_nano = None
    assert ((await met.ask(LARGE)).passed_over, met.asked) == ([], ["one"])


# --- keys


@pytest.fixture
def keys() -> Iterator[None]:
    """Five keys of the provider "one" that it refuses, and a sixth that it takes."""
    made = [availability.key_of("one", label, f"sk-{label}") for label in ("a", "b", "c", "d", "e", "good")]
    availability.hold({"one": tuple(made)})
    yield
    availability.hold({})


class Keyed(Hosts):
    """One host that takes some keys alone."""

    def __init__(self, *takes: str, error: Exception | None = None) -> None:
        super().__init__("one", "two")
        self.takes, self.error = takes, error or CredentialBad("revoked", status=401)
        self.used: list[str] = []

    async def complete(self, request: Any) -> Any:
        self.used.append(request.api_key)
        if request.provider == "one" and request.api_key not in self.takes:
            raise self.error
        return completion()


@pytest.mark.usefixtures("keys")
async def test_five_dead_keys_and_a_good_one_are_a_success_without_a_pause() -> None:
    """F12."""
    met = Keyed("sk-good")
    made = await met.ask()
    assert met.used == ["sk-a", "sk-b", "sk-c", "sk-d", "sk-e", "sk-good"]
    assert [each.key for each in made.attempts] == ["a", "b", "c", "d", "e", "good"]
    assert met.runtime.clock.slept == []  # type: ignore[attr-defined]
    assert b"sk-" not in orjson.dumps(made.attempts)
    await met.ask()
    assert met.used[6:] == ["sk-good"], "who was refused is not tried again"


@pytest.mark.usefixtures("keys")
async def test_a_key_that_was_changed_is_tried_again() -> None:
    met = Keyed("sk-new")
    await met.ask()
    availability.hold({"one": (availability.key_of("one", "a", "sk-new"),)})
    met.used.clear()
    await met.ask()
    assert met.used == ["sk-new"]


@pytest.mark.usefixtures("keys")
async def test_when_all_keys_are_refused_the_next_host_is_asked_with_its_own() -> None:
    met = Keyed()
    made = await met.ask()
    assert (made.attempts[-1].provider, met.used[-1]) == ("two", "")
    met.used.clear()
    await met.ask()
    assert met.used == [""]


@pytest.mark.usefixtures("keys")
async def test_a_key_at_its_limit_rests_while_the_next_one_serves() -> None:
    """F12: 429 is the key's, a failure of the server is not."""
    met = Keyed("sk-b", error=Overloaded("slow down", status=429, retry_after_s=60))
    await met.ask()
    await met.ask()
    assert met.used == ["sk-a", "sk-b", "sk-b"]
    met.runtime.clock.seconds += 60  # type: ignore[attr-defined]
    await met.ask()
    assert met.used[3:] == ["sk-a", "sk-b"]


@pytest.mark.usefixtures("keys")
async def test_a_failure_of_the_server_is_tried_again_with_the_same_key() -> None:
    met = Keyed(error=DOWN)
    await met.ask()
    assert met.used == ["sk-a", "sk-a", ""]


async def test_a_refused_key_of_the_environment_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_API_KEY", "sk-one")
    met = Hosts("one", "two", down={"one": CredentialBad("revoked", status=401)})
    for _ in range(3):
        await met.ask()
    met.runtime.clock.seconds += 10**6  # type: ignore[attr-defined]
    await met.ask()
    assert met.asked == ["one", "two", "two", "two", "two"]
