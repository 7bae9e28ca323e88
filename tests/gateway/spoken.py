"""A gateway around one model that is served in a dialect of the test's choice, by bytes and without a socket."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from models_registry.types import SANDBOX, Price, Provider
from models_registry.upstream.registry import open_adapters
from routerhub.gateway.runtime import Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.exchange import CHAT, Exchange
from tests.gateway.fakes import again, rankings, runtime
from tests.models_registry.upstream.fake_session import FakeSession, Piece

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
USER = {"role": "user", "content": "Hello"}
ASKED: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [USER]},
    MESSAGES: {"messages": [USER], "max_tokens": 50},
    RESPONSES: {"input": [USER]},
}
"""A good body of each client's dialect, by its address."""
EVENTS = "text/event-stream"
SANDBOXED = Provider(name=SANDBOX, title="", protocol="openai", base_url="http://x.invalid", credential_env="")


class Spoken(Exchange):
    """One exchange with a gateway whose one upstream speaks `protocol` and says `body`, as a stream where `kind` says so."""

    def __init__(
        self,
        protocol: str,
        body: bytes | Sequence[Piece],
        kind: str = "application/json",
        price: Price | None = None,
        **limits: Any,
    ) -> None:
        super().__init__()
        self.session = FakeSession(body, kind)
        capabilities = frozenset({"vision", "audio", "tools", "streaming", "structured_output"})
        model = router_fakes.model("acme:gemini-3.8-flash", supports_reasoning=True, capabilities=capabilities)
        if price is not None:
            (place,) = model.deployments
            model = replace(model, deployments=(replace(place, prices=(price,)),))
        catalogue = router_fakes.catalogue(model, acme={"protocol": protocol})
        made = runtime(None, self.ledger, met=again(rankings(model), catalogue=catalogue), **limits)
        session: Any = self.session
        made.upstreams = Upstreams(open_adapters(session), SANDBOXED)
        self.gateway.runtime = made

    async def ended(self) -> dict[str, Any]:
        """The one record, as soon as all is settled; what the limits paid is what it says, and nothing is open."""
        for stream in list(self.gateway.runtime.streams):
            await asyncio.wait([stream.task], timeout=1)
        (record,) = self.ledger.records
        assert (self.ledger.holds, self.ledger.spent_nano) == ({}, record["cost_nano"])
        assert not [response for response in self.session.responses if response.is_open]
        return record


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A stream as a client of its dialect understands it."""

    text: str
    ending: str
    """ "complete", or "error"."""
    cost_nano: Decimal
    usage: tuple[int, int] | None
    """Input, without what was cached in Anthropic's dialect, and output."""


def heard(path: str, body: bytes) -> Heard:
    """Reads every event, and demands of each that it is whole, and that nothing comes after the last."""
    *events, rest = body.split(b"\n\n")
    assert rest == b"", "no half event is ever written"
    data = [event.rpartition(b"data: ")[2] for event in events]
    is_marked = data[-1] == b"[DONE]"
    said = [orjson.loads(each) for each in data[: -1 if is_marked else None]]
    return {CHAT: _chat, MESSAGES: _messages, RESPONSES: _responses}[path](said, is_marked)


def _chat(said: list[Any], is_marked: bool) -> Heard:
    last, *choices = said[-1], *[choice for each in said for choice in each.get("choices", ())]
    usage = [each["usage"] for each in said if each.get("usage")]
    finishes = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    assert len(finishes) == len(usage) == is_marked != ("error" in last)
    return Heard(
        text="".join([choice["delta"].get("content") or "" for choice in choices]),
        ending="error" if "error" in last else "complete",
        cost_nano=_cost(last),
        usage=(usage[0]["prompt_tokens"], usage[0]["completion_tokens"]) if usage else None,
    )


def _messages(said: list[Any], _: bool) -> Heard:
    deltas = [each["delta"] for each in said if each["type"] == "content_block_delta"]
    kinds = [each["type"] for each in said]
    is_whole = kinds[-2:] == ["message_delta", "message_stop"]
    assert is_whole != (kinds[-1] == "error")
    assert kinds.count("message_delta") == kinds.count("message_stop") == is_whole
    usage = said[-2]["usage"] if is_whole else None
    assert not is_whole or said[-2]["delta"]["stop_reason"] == "end_turn"
    return Heard(
        text="".join([delta["text"] for delta in deltas if delta["type"] == "text_delta"]),
        ending="complete" if is_whole else "error",
        cost_nano=_cost(said[-2] if is_whole else said[-1]),
        usage=(usage["input_tokens"], usage["output_tokens"]) if usage else None,
    )


def _responses(said: list[Any], _: bool) -> Heard:
    assert [each["sequence_number"] for each in said] == list(range(len(said)))
    response = said[-1]["response"]
    usage = response["usage"]
    return Heard(
        text="".join([each["delta"] for each in said if each["type"] == "response.output_text.delta"]),
        ending={"response.completed": "complete", "response.failed": "error"}[said[-1]["type"]],
        cost_nano=_cost(response),
        usage=(usage["input_tokens"], usage["output_tokens"]) if usage else None,
    )


def _cost(told: Any) -> Decimal:
    return Decimal(told["routerhub"]["cost_usd"]) * 10**9
