"""A request of vectors from bytes to bytes: one model, its hosts alone, held, settled and recorded like any other."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from autorouter.decision.rules import Names, Rule, When
from autorouter.errors import NoCandidate, ProModel, RetiredModel, UnknownModel, WrongKind
from autorouter.people.preferences import Preferences
from models_registry.types import Deployment, Model, Usage
from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.embeddings import Embeddings, as_base64
from models_registry.upstream.errors import Failed, Overloaded
from routerhub.gateway import embedding
from routerhub.gateway.errors import AllFailed, BadRequest, BudgetRefused, to_api_error
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.runtime import Runtime
from tests.autorouter.fakes import model, price
from tests.gateway.fakes import ADA, KEY, FakeLedger, FakeUpstream, preferring, rankings, runtime

pytestmark = pytest.mark.anyio
ONE = [0.5, -1.0]


def host(name: str) -> Deployment:
    input_only = replace(price("2", "0"), rates=replace(price("2", "0").rates, output=None))
    return Deployment(provider=name, upstream_model=f"{name}-embed", prices=(input_only,))


def embedding_model(identifier: str, **changes: Any) -> Model:
    """At two hosts, 2 USD per 1M tokens of input, and no price for output."""
    hosts = (host("acme"), host("zeta"))
    return model(identifier, kind="embedding", capabilities=frozenset(), **{"deployments": hosts, **changes})


MODELS = (
    model("acme:chat"),
    embedding_model("acme:embed", aliases=("acme-embed",), context_window=10),
    embedding_model("acme:other"),
    embedding_model("acme:old", deprecated_from=date(2026, 1, 1), successor="acme:embed"),
    embedding_model("acme:pro", is_pro=True),
    embedding_model("acme:unpriced", deployments=(Deployment(provider="acme", upstream_model="x"),)),
)


class FakeEmbedder(FakeUpstream):
    """Gives for each request in turn what its script says, the last one again and again."""

    async def embed(self, request: UpstreamRequest) -> Embeddings:
        with self._asked(request) as steps:
            async for said in self._play(steps):
                return said  # type: ignore[return-value]
        raise AssertionError("The script ended without an answer.")


def vectors(*given: Any, tokens: int | None = 5) -> Any:
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    return Embeddings(
        vectors=given,
        usage=None if tokens is None else Usage(input_tokens=tokens, output_tokens=0),
        native={"object": "list", "own": 1, "data": [{"embedding": each} for each in given], **usage},
    )


def gateway(*script: Any, ledger: FakeLedger | None = None, **facts: Any) -> Runtime:
    return runtime(FakeEmbedder(*(script or (vectors(ONE),))), ledger, met=rankings(*MODELS, **facts))


async def ask(made: Runtime, headers: dict[str, str] | None = None, **body: Any) -> Any:
    """The JSON of the answer."""
    sent = {"authorization": f"Bearer {KEY}", **(headers or {})}
    given = orjson.dumps({"model": "acme:embed", "input": "Hello", **body})
    reply = await embedding.serve(made, sent, given, Client(ip=None, user_agent="tests"))
    assert isinstance(reply.body, bytes)
    return orjson.loads(reply.body)


async def test_an_answer_is_charged_by_its_input_and_recorded_once() -> None:
    made = gateway()
    answer = await ask(made, user="u", encoding_format="float")
    assert answer["data"] == [{"object": "embedding", "index": 0, "embedding": ONE}]
    assert (answer["model"], answer["own"], answer["usage"]) == (
        "acme:embed", 1, {"prompt_tokens": 5, "total_tokens": 5},
    )  # fmt: skip
    told = answer["routerhub"]
    assert set(told) == {
        "operation_id", "model", "provider", "sandbox", "why", "task", "releases", "estimated_cost_usd", "cost_usd",
        "usage_estimated", "remaining_usd", "attempts",
    }  # fmt: skip
    assert (told["cost_usd"], told["estimated_cost_usd"], told["usage_estimated"]) == ("0.00001", "0.000004", False)
    assert (
        told["why"] == "acme:embed was asked for: vectors of two models do not mix, so nothing is chosen between them."
    )
    (held,), (record,) = made.ledger.asked, made.ledger.records  # type: ignore[attr-defined]
    assert held.amount_nano >= record["cost_nano"] == 10_000
    assert (record["category"], record["model"], record["output_tokens"]) == ("embedding", "acme:embed", 0)
    assert "fingerprint" not in orjson.loads(record["decision"]), "there is nothing to choose again"
    (sent,) = made.upstreams._adapters["openai"].asked  # type: ignore[attr-defined]
    assert (sent.model, sent.content) == ("acme-embed", {"input": "Hello", "user": "u", "encoding_format": "float"})


@pytest.mark.parametrize("came", [ONE, as_base64(ONE)])
async def test_vectors_go_out_as_the_client_asked_however_they_came(came: Any) -> None:
    """E1: the official client asks for base64 and decodes it itself."""
    assert (await ask(gateway(vectors(came))))["data"][0]["embedding"] == ONE
    packed = await ask(gateway(vectors(came)), encoding_format="base64")
    assert packed["data"][0]["embedding"] == as_base64(ONE)


async def test_only_hosts_of_the_model_that_is_named_are_tried() -> None:
    made = gateway(Failed("x", status=404), vectors(ONE))
    told = (await ask(made))["routerhub"]
    assert (told["provider"], [each["deployment"] for each in told["attempts"]]) == (
        "zeta", ["acme/acme-embed", "zeta/zeta-embed"],
    )  # fmt: skip
    nobody = gateway(Overloaded("busy", status=429))
    with pytest.raises(AllFailed):
        await ask(nobody)
    (record,) = nobody.ledger.records  # type: ignore[attr-defined]
    assert (record["outcome"], record["cost_nano"], record["model"]) == ("failure", 0, "acme:embed")
    places = {each.model for each in nobody.upstreams._adapters["openai"].asked}  # type: ignore[attr-defined]
    assert places == {"acme-embed", "zeta-embed"}


async def test_a_place_whose_dialect_has_no_embeddings_is_passed_over_by_name() -> None:
    made = runtime(FakeUpstream(), met=rankings(*MODELS))
    with pytest.raises(AllFailed, match="is called in the dialect 'openai', which has no embeddings here"):
        await ask(made)


@pytest.mark.parametrize(
    ("given", "tokens"),
    [("x" * 9, 3), (["x" * 9, "y"], 4), ([1, 2, 3], 3), ([[1, 2, 3], [4]], 4)],
)
async def test_what_is_not_counted_upstream_is_estimated_and_told(given: Any, tokens: int) -> None:
    count = 2 if isinstance(given[0], list) or given == ["x" * 9, "y"] else 1
    answer = await ask(gateway(vectors(*[ONE] * count, tokens=None)), input=given)
    assert answer["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert answer["routerhub"]["usage_estimated"] is True


async def test_the_window_is_one_inputs_and_no_sum_of_them() -> None:
    """The model's window has ten tokens, and a hundred inputs have more together."""
    assert len((await ask(gateway(vectors(*[ONE] * 100)), input=["word"] * 100))["data"]) == 100


@pytest.mark.parametrize(
    ("body", "param", "text"),
    [
        ({"model": "auto"}, "model", "Vectors of two models do not mix"),
        ({"model": "policy:code"}, "model", "Vectors of two models do not mix"),
        ({"model": None}, "model", "printable text"),
        ({"input": None}, "input", "a text, a list of 1 to 2,048 texts, a list of tokens"),
        ({"input": ""}, "input", "a text"),
        ({"input": []}, "input", "a text"),
        ({"input": ["a"] * 2_049}, "input", "a text"),
        ({"input": ["a", ""]}, "input[1]", "a text or a list of tokens, not empty"),
        ({"input": ["a", [1]]}, "input[1]", "as those before it"),
        ({"input": [[1], []]}, "input[1]", "not empty"),
        ({"input": [1, True]}, "input[0]", "a list of tokens"),
        ({"encoding_format": "int8"}, "encoding_format", "float, base64"),
        ({"dimensions": 0}, "dimensions", "a whole number"),
        ({"routerhub": {"candidates": ["acme:embed"]}}, "routerhub.candidates", "nothing is chosen"),
        ({"routerhub": {"policy": "code"}}, "routerhub.policy", "nothing is chosen"),
        ({"routerhub": {"task_type": "x"}}, "routerhub.task_type", "nothing is chosen"),
    ],
)
async def test_nonsense_is_refused_by_its_field(body: Any, param: str, text: str) -> None:
    made = gateway()
    with pytest.raises(BadRequest) as caught:
        await ask(made, **body)
    assert caught.value.param == param
    assert text in str(caught.value)
    assert made.ledger.asked == []  # type: ignore[attr-defined]


async def test_the_model_is_found_by_every_name_and_nothing_stands_in_for_it() -> None:
    for name in ("acme-embed", "embed"):
        assert (await ask(gateway(), model=name))["model"] == "acme:embed"
    with pytest.raises(RetiredModel, match="Its successor is acme:embed"):
        await ask(gateway(), model="old")
    with pytest.raises(UnknownModel):
        await ask(gateway(), model="embed-2026-01-01")
    with pytest.raises(UnknownModel) as caught:
        await ask(gateway(), model="acme:embeds")
    assert caught.value.nearest[0] == "acme:embed"
    with pytest.raises(WrongKind) as wrong:
        await ask(gateway(), model="acme:chat")
    assert to_api_error(wrong.value).message == "'acme:chat' is a chat model. It is called at /v1/chat/completions."


async def test_pro_and_unpriced_models_and_limits_for_one_request_refuse_as_elsewhere() -> None:
    with pytest.raises(ProModel):
        await ask(gateway(), model="acme:pro")
    with pytest.raises(NoCandidate, match="it has no price"):
        await ask(gateway(), model="acme:unpriced")
    with pytest.raises(NoCandidate, match="is over the limit of"):
        await ask(gateway(), input="x" * 40, routerhub={"max_cost_usd": 0.00001})
    with pytest.raises(NoCandidate, match="its worst case is over the limit"):
        await ask(gateway(), input="x" * 40, routerhub={"max_cost_usd": 0.00003})


async def test_a_spending_limit_refuses_before_anything_is_called() -> None:
    made = gateway(ledger=FakeLedger(limit_nano=1))
    with pytest.raises(BudgetRefused):
        await ask(made)
    assert made.upstreams._adapters["openai"].asked == []  # type: ignore[attr-defined]


async def test_a_users_own_blocks_and_rules_count() -> None:
    made = gateway()
    dora = replace(ADA, user_id=5)
    made.snapshots.ring.find = lambda *_: dora  # type: ignore[attr-defined]
    always = Rule(name="none of it", when=When(), block=Names(models=frozenset({"acme:embed"})))
    coding = Rule(name="code", when=When(category=frozenset({"coding"})), block=Names(models=frozenset({"acme:other"})))
    made.snapshots.preferences = preferring({  # type: ignore[attr-defined]
        5: Preferences(rules=(always, coding), blocked_providers=frozenset({"acme"}), max_cost_usd=Decimal(1))
    })  # fmt: skip
    with pytest.raises(NoCandidate, match="it is blocked by a rule of yours"):
        await ask(made)
    made.snapshots.preferences = preferring({5: Preferences(rules=(coding,))})  # type: ignore[attr-defined]
    assert (await ask(made, model="other"))["model"] == "acme:other"


async def test_a_dry_run_does_nothing() -> None:
    made = gateway()
    told = (await ask(made, routerhub={"dry_run": True}))["routerhub"]
    assert (told["model"], told["estimated_cost_usd"]) == ("acme:embed", 0.000004)
    assert made.ledger.asked == []  # type: ignore[attr-defined]
