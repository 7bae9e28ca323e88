"""Everything around the gateway, in process and scripted: an upstream, a ledger, a clock and what a request meets."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from analytics.measuring.lengths import UNMEASURED, Lengths
from analytics.types import AnswerFacts, RequestFacts
from autorouter.decision.ranking import Rankings
from autorouter.decision.terms import Terms
from autorouter.people.preference_sets import Held, PreferenceSets
from autorouter.people.preferences import Preferences
from autorouter.people.sessions import Recalled, Turn
from autorouter.types import Candidate, Constraints, Decision
from budgets.errors import KeyBusy, LedgerUnavailable, MissingKey, RevokedKey, UnknownKey
from budgets.ledger.room import Room
from budgets.limits import pauses
from budgets.types import Caller, Granted, Past, Rate, Refused, Settlement, Spend
from experiments.ab import variants
from models_registry import availability
from models_registry.types import SANDBOX, Availability, Provider
from models_registry.upstream.base import NOTHING_LACKS, OPENAI, Chunk, Completion, Lacking, UpstreamRequest
from models_registry.upstream.openai.chat_completions import read_chunk, read_completion
from routerhub.gateway.attempts.circuits import Circuits
from routerhub.gateway.operation import Arrival, Operation
from routerhub.gateway.protocols.base import ChatRequest, Client, Controls
from routerhub.gateway.runtime import Limits, Runtime, Sessions, Upstreams
from tests.autorouter import fakes
from tests.gateway.fake_circuits import RULES, FakeCircuitStore
from tests.gateway.fake_clock import FakeClock
from tests.gateway.fake_store import FakeStore

NOW = fakes.NOW
KEY, PRO_KEY = "rh_ada", "rh_pro"
ADA = Caller(key_id=3, key_name="ada", account_id=7, account="acme", user_id=None, permissions=frozenset({"inference"}))
CALLERS = {KEY: ADA, PRO_KEY: replace(ADA, key_id=4, key_name="pro", is_pro=True)}


@dataclass
class FakeLedger:
    """One limit of money in all. Keeps what was asked, settled and recorded."""

    limit_nano: int | None = None
    is_away: bool = False
    rates: tuple[Rate, ...] = ()
    """How those stand that every hold counts in."""
    spent_nano: int = 0
    holds: dict[tuple[uuid.UUID, int], int] = field(default_factory=dict)
    slots: set[uuid.UUID | None] = field(default_factory=set)
    """Operations that have one of their key's."""
    asked: list[Spend] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    """Of requests that ended, each both halves as one."""
    room: Room = field(default_factory=lambda: Room(lambda _: (1,)))

    async def reserve(self, spend: Spend) -> Granted | Refused:
        await asyncio.sleep(0)
        if self.is_away:
            raise LedgerUnavailable
        self.asked.append(spend)
        hop: Any = {"operation_id": spend.operation_id, "hop": spend.hop}
        reserved, remaining = sum(self.holds.values()), None
        if self.limit_nano is not None:
            remaining = self.limit_nano - self.spent_nano - reserved - spend.amount_nano
            if remaining < 0:
                return Refused(**hop, limit_id=1, label="account 7", measure="money", period="day", spent=self.spent_nano,
                               limit=self.limit_nano, reserved=reserved, asked=spend.amount_nano, resets_at=None,
                               retry_after_s=None)  # fmt: skip
        if spend.slots is not None:
            if len(self.slots) >= spend.slots:
                raise KeyBusy(spend.key_id, spend.slots, len(self.slots))
            self.slots.add(spend.operation_id)
        self.holds[spend.operation_id, spend.hop] = spend.amount_nano
        return Granted(**hop, amount_nano=spend.amount_nano, remaining_nano=remaining, rates=self.rates,
                       has_slot=spend.slots is not None)  # fmt: skip

    async def settle(self, settlement: Settlement) -> None:
        del self.holds[settlement.operation_id, settlement.hop]  # a second settlement is a KeyError
        self.spent_nano += settlement.amount_nano
        self.settled.append(settlement)
        if settlement.frees_slot:
            self.slots.remove(settlement.operation_id)
        if settlement.answer is not None:
            asked = [each for each in self.asked if each.hop == settlement.hop][-1]
            self._keep(asked.request, settlement.answer)
        await asyncio.sleep(0)

    async def past(self, operation_id: uuid.UUID) -> Past:
        await asyncio.sleep(0)
        settled = [each for each in self.settled if each.operation_id == operation_id]
        ended = [each["outcome"] for each in self.records if each["operation_id"] == operation_id]
        return Past(
            charged_nano=sum(each.amount_nano for each in settled),
            hops=len(settled),
            outcome=ended[0] if ended else None,
        )

    async def stop(self) -> None:
        assert (self.holds, self.slots) == ({}, set()), "what is held is settled before the ledger stops"

    async def record(self, request: tuple[Any, ...], answer: tuple[Any, ...], frees: uuid.UUID | None = None) -> None:
        self.slots.discard(frees)
        self._keep(request, answer)
        await asyncio.sleep(0)

    def _keep(self, request: tuple[Any, ...], answer: tuple[Any, ...]) -> None:
        row = dict(zip(RequestFacts.__slots__, request, strict=True))
        self.records.append({**row, **dict(zip(AnswerFacts.__slots__, answer, strict=True))})


Said = Completion | Chunk | Exception | asyncio.Event | float
"""What an upstream does next: answer, fail, wait for the test, or (seconds) let time pass."""


class FakeUpstream:
    """An adapter with a script: for each request in turn what it does, the last one again and again."""

    protocol = OPENAI

    def __init__(self, *script: Said | list[Said], clock: FakeClock | None = None) -> None:
        self.script, self.clock = list(script), clock or FakeClock()
        self.asked: list[UpstreamRequest] = []
        self.open = 0
        """Streams and answers under way: zero when everybody has left."""

    @staticmethod
    def credentials(api_key: str) -> dict[str, str]:
        return {}

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        return NOTHING_LACKS

    async def complete(self, request: UpstreamRequest) -> Completion:
        with self._asked(request) as steps:
            async for said in self._play(steps):
                if isinstance(said, Completion):
                    return said
        raise AssertionError("The script ended without an answer.")

    async def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        with self._asked(request) as steps:
            async for said in self._play(steps):
                if isinstance(said, Chunk):
                    yield said

    @contextmanager
    def _asked(self, request: UpstreamRequest) -> Iterator[list[Said]]:
        steps = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(request)
        self.open += 1
        try:
            yield steps if isinstance(steps, list) else [steps]
        finally:
            self.open -= 1

    async def _play(self, steps: list[Said]) -> AsyncGenerator[Completion | Chunk, None]:
        for said in steps:
            await asyncio.sleep(0)
            if isinstance(said, Exception):
                raise said
            if isinstance(said, asyncio.Event):
                await said.wait()
            elif isinstance(said, float):
                self.clock.seconds += said
            else:
                yield said


def completion(text: str = "Hello!", usage: tuple[int, int] | None = (10, 20), **more: Any) -> Completion:
    body: dict[str, Any] = {
        "id": "up-1", "object": "chat.completion", "created": 5, "model": "there",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}], **more,
    }  # fmt: skip
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return read_completion(orjson.dumps(body))


def chunk(
    text: str | None = None, finish: str | None = None, usage: tuple[int, int] | None = None, **delta: Any
) -> Chunk:
    """A chunk; one with neither text, delta nor end has no choices."""
    body: dict[str, Any] = {
        "id": "up-1",
        "object": "chat.completion.chunk",
        "created": 5,
        "model": "there",
        "choices": [],
    }
    if text is not None or finish is not None or delta:
        said = {**delta, **({"content": text} if text is not None else {})}
        body["choices"] = [{"index": 0, "delta": said, "finish_reason": finish}]
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return read_chunk(orjson.dumps(body))


# --- what a request meets


def catalogue(*models: Any) -> Any:
    """Three models of one maker, dear to cheap, unless others are given. USD per 1M tokens: 10/30, 1/3, 0.1/0.3."""
    made = models or tuple(
        fakes.model(f"acme:{name}", prices)
        for name, prices in (("large", ("10", "30")), ("middle", ("1", "3")), ("small", ("0.1", "0.3")))
    )
    return fakes.catalogue(*made)


def rankings(*models: Any, router: Any = None, **facts: Any) -> Rankings:
    made = catalogue(*models)
    reach = Availability(providers=frozenset(made.providers), sandbox=False, **facts)
    return Rankings(catalogue=made, router=router or fakes.router(), availability=reach)


def candidate(model: str, cost_usd: str = "0.001") -> Candidate:
    ten = Decimal(10)
    terms = Terms(**dict.fromkeys(Terms.__slots__, ten))
    return Candidate(
        model=model, provider=model.partition(":")[0], score=Decimal(70), tier="mid", terms=terms, mean_price=ten,
        quality=Decimal(80), estimated_cost_usd=Decimal(cost_usd),
    )  # fmt: skip


def decision(*models: str, **constraints: Any) -> Decision:
    return Decision(
        task=fakes.task(input_tokens=100),
        constraints=Constraints(**constraints),
        candidates=tuple(candidate(model) for model in models),
        excluded=(),
        considered=len(models),
        catalogue_release=3,
        router_release=7,
    )


def again(met: Rankings, **changes: Any) -> Rankings:
    """The same rankings with something else in them."""
    facts = {"catalogue": met.catalogue, "router": met.router, "availability": met.availability}
    return Rankings(**{**facts, **changes})


def request(**changes: Any) -> ChatRequest:
    """A hello of at most 100 tokens, to be answered in at most 1,000."""
    messages = [{"role": "user", "content": "Hello"}]
    values: dict[str, Any] = {
        "model": "auto", "messages": messages, "content": {"messages": messages}, "stream": False, "include_usage": False,
        "max_output_tokens": 1_000, "choices": 1, "has_tools": False, "is_structured": False, "max_input_tokens": 100,
        "controls": Controls(),
    }  # fmt: skip
    return ChatRequest(**{**values, **changes})


def operation(
    *models: str,
    asked: ChatRequest | None = None,
    met: Rankings | None = None,
    everything: Decision | None = None,
    usual_output: Mapping[str, int] | None = None,
    lengths: Lengths = UNMEASURED,
    seconds: float = 300,
    **constraints: Any,
) -> Operation:
    """A request that was decided for these models, best first; it has so many seconds.

    `everything` is the whole decision, where this one names only the best.
    """
    met = met or rankings()
    decided = decision(*(models or ("acme:large", "acme:middle", "acme:small")), **constraints)
    arrival = Arrival(
        caller=ADA,
        client=Client(ip="127.0.0.1", user_agent="tests"),
        request=asked or request(),
        rankings=met,
        availability_digest=availability.digest(met.availability),
        usual_output=usual_output or {},
        lengths=lengths,
        at=NOW,
        began=1_000.0,
    )
    deadline = 1_000.0 + seconds
    return Operation(arrival=arrival, decision=decided, select=lambda _: everything or decided, deadline=deadline)


# --- what the gateway runs on


class FakeRing:
    """Two keys: one of an account like any other, one of an account that is marked pro. `ada`: who the first one's caller is."""

    def __init__(self, ada: Caller = ADA) -> None:
        self._callers = {**CALLERS, KEY: ada}

    def find(self, text: str | None, now: datetime) -> Caller:
        if not text:
            raise MissingKey
        if text not in self._callers:
            raise UnknownKey(text)
        return self._callers[text]

    def holder(self, key_id: int, now: datetime) -> Caller:
        found = [caller for caller in CALLERS.values() if caller.key_id == key_id]
        if not found:
            raise RevokedKey(f"number {key_id}")
        return found[0]


def preferring(by_user: Mapping[int, Preferences]) -> PreferenceSets:
    """What a process holds where these users have a set each."""
    return PreferenceSets({
        user: Held(account_id=None, user_id=user, is_active=True, preferences=each) for user, each in by_user.items()
    })  # fmt: skip


class FakeSnapshots:
    """A keeper whose snapshot is itself, and never changes."""

    def __init__(self, met: Rankings, preferences: Mapping[int, Preferences] | None = None) -> None:
        self.ring, self.met, self.preferences = FakeRing(), met, preferring(preferences or {})
        self.usual_output: dict[str, int] = {}
        self.lengths, self.pauses, self.variants = UNMEASURED, pauses.NONE, variants.NONE
        self.routers: dict[int, Rankings] = {}
        """Of releases that tests compare."""
        self.is_stopped = False

    @property
    def current(self) -> "FakeSnapshots":
        return self

    def rankings(self, user_key: str) -> Rankings:
        return self.met

    def tested(self, rankings: Rankings, router: int) -> Rankings:
        return self.routers[router]

    def digest_of(self, rankings: Rankings) -> str:
        return availability.digest(rankings.availability)

    def stop(self) -> None:
        self.is_stopped = True


class FakeSessions:
    """Conversations in a dictionary."""

    def __init__(self) -> None:
        self.models: dict[str, str] = {}
        self.variants: dict[str, str] = {}

    async def recall(self, account_id: int, name: str) -> Recalled:
        return Recalled(model=self.models.get(name), variant=self.variants.get(name, ""))

    async def remember(self, turn: Turn) -> None:
        self.models[turn.name] = turn.model
        self.variants[turn.name] = turn.variant

    async def stop(self) -> None:
        pass


class FakeHttp:
    is_closed = False

    async def close(self) -> None:
        self.is_closed = True


def runtime(upstream: Any, ledger: Any = None, met: Rankings | None = None, **limits: Any) -> Runtime:
    """The gateway around one upstream. Its parts are reached as `runtime.ledger` and so on."""
    values = {
        "deadline_s": 300.0, "grace_s": 30.0, "default_max_output": 4_000, "max_body_bytes": 100_000, "body_wait_s": 60.0,
        "response_retention_s": 60.0, "idempotency_retention_s": 60.0, "cache_retention_s": 60.0,
        "file_retention_s": 7_200.0, "max_file_bytes": 100_000, "max_batch_requests": 100, "stream_ping_s": 0.0,
        "room_wait_answers": 12.0, **limits,
    }  # fmt: skip
    sandbox = Provider(name=SANDBOX, title="Sandbox", protocol=OPENAI, base_url="http://x.invalid", credential_env="")
    clock = getattr(upstream, "clock", None) or FakeClock()
    parts: Any = {
        "snapshots": FakeSnapshots(met or rankings()),
        "ledger": ledger or FakeLedger(),
        "sessions": Sessions(FakeSessions()),  # type: ignore[arg-type]
        "store": FakeStore(),
        "http": FakeHttp(),
        "clock": clock,
        "circuits": Circuits(RULES, FakeCircuitStore(clock), clock),
    }
    return Runtime(upstreams=Upstreams({OPENAI: upstream}, sandbox), limits=Limits(**values), **parts)
