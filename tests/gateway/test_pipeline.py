"""A request from bytes to bytes: who asks, what is decided, what answers, and what is told."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from autorouter.errors import NoCandidate, ProModel, RouterError, UnknownModel, UnknownPolicy, UnknownTaskType
from autorouter.people.preferences import Preferences
from autorouter.types import Policy
from budgets.errors import MissingKey, PermissionMissing, UnknownKey
from budgets.limits.pauses import Pause, Pauses
from budgets.types import Caller, PerTask
from models_registry.types import Usage
from routerhub.gateway import pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL
from routerhub.gateway.runtime import Runtime
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import ADA, KEY, NOW, PRO_KEY, FakeUpstream, chunk, completion, preferring, rankings, runtime

pytestmark = pytest.mark.anyio
LARGE, MIDDLE, SMALL, PRO = "acme:large", "acme:middle", "acme:small", "acme:pro"
OPS = Policy(
    name="ops", version=1, title="Ops", models=(SMALL,), max_cost_usd=None, max_output_tokens=50, temperature=None
)  # fmt: skip


def gateway(*script: Any, **facts: Any) -> Runtime:
    router = replace(router_fakes.router(policies=(OPS,)), task_types={"report": "ops"})
    return runtime(FakeUpstream(*(script or (completion(),))), met=rankings(router=router, **facts))


def pro_gateway() -> Runtime:
    """The pro model is the cheaper one of two."""
    models = router_fakes.model(SMALL, ("0.1", "0.3")), router_fakes.model(PRO, ("0.01", "0.03"), is_pro=True)
    return runtime(FakeUpstream(completion()), met=rankings(*models))


async def serve(made: Runtime, key: str | None = KEY, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    given = {"messages": [{"role": "user", "content": "Hello"}], **body}
    sent = {**({"authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    return await pipeline.serve(made, PROTOCOL, sent, orjson.dumps(given), Client(ip="127.0.0.1", user_agent="tests"))


async def told(made: Runtime, **body: Any) -> Any:
    """The JSON of a whole answer."""
    reply = await serve(made, **body)
    assert isinstance(reply.body, bytes)
    return orjson.loads(reply.body)


async def test_an_answer_tells_model_reason_and_cost_and_is_recorded_once() -> None:
    made = gateway()
    reply = await serve(made, seed=7)
    assert isinstance(reply.body, bytes)
    answer = orjson.loads(reply.body)
    assert answer["choices"][0]["message"]["content"] == "Hello!"
    metadata = answer["routerhub"]
    assert set(metadata) == {
        "operation_id", "model", "provider", "sandbox", "why", "task", "score", "tier", "terms", "runner_up", "releases",
        "estimated_cost_usd", "cost_usd", "usage_estimated", "remaining_usd", "attempts",
    }  # fmt: skip
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert metadata["operation_id"] == str(record["operation_id"])
    assert (answer["model"], record["outcome"]) == (metadata["model"], "success")
    assert Decimal(metadata["cost_usd"]) * 10**9 == record["cost_nano"] > 0, "what is told is what is charged"
    headers = dict(reply.headers)
    assert headers[b"x-routerhub-operation-id"].decode() == metadata["operation_id"]
    assert headers[b"x-routerhub-model"].decode() == answer["model"]
    assert headers[b"x-routerhub-cost-usd"].decode() == metadata["cost_usd"]
    assert (headers[b"x-routerhub-sandbox"], headers[b"x-routerhub-catalogue-release"]) == (b"false", b"3")
    assert (record["user_agent"], record["ip"], record["requested_model"]) == ("tests", "127.0.0.1", "auto")
    task = metadata["task"]
    assert (record["category"], record["confidence"], record["second"] or None, record["read_by"]) == (
        task["category"], task["confidence"], task["second"], "table",
    )  # fmt: skip
    told = (headers[b"x-routerhub-category"].decode(), float(headers[b"x-routerhub-confidence"]))
    assert told == (task["category"], task["confidence"])


async def test_what_an_upstream_asks_beyond_the_hold_is_told_to_nobody_as_the_cost() -> None:
    """The ledger keeps it apart, as overrun."""
    made = gateway(completion("Hello " * 1_000, usage=(10, 2_000)))
    metadata = (await told(made, max_tokens=10))["routerhub"]
    ((held,), (settled,)) = made.ledger.asked, made.ledger.settled  # type: ignore[attr-defined]
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert settled.amount_nano > held.amount_nano == record["cost_nano"] == Decimal(metadata["cost_usd"]) * 10**9
    assert metadata["usage_estimated"] is False


async def test_a_stream_is_given_as_it_comes() -> None:
    reply = await serve(gateway([chunk("Hi"), chunk(finish="stop")]), stream=True)
    assert not isinstance(reply.body, bytes)
    assert b"".join([piece async for piece in reply.body]).endswith(b"data: [DONE]\n\n")


async def test_a_named_model_answers_or_nobody() -> None:
    assert (await told(gateway(), model=SMALL))["model"] == SMALL
    with pytest.raises(UnknownModel) as caught:
        await serve(gateway(), model="acme:nothing")
    assert caught.value.field == "model"


async def test_a_pro_model_answers_accounts_that_are_marked_and_refuses_others_by_name() -> None:
    with pytest.raises(ProModel, match="'acme:pro' is a pro model, and the account 'acme' is not marked for those"):
        await serve(pro_gateway(), model=PRO)
    assert (await told(pro_gateway(), model=PRO, key=PRO_KEY))["model"] == PRO


async def test_the_router_passes_pro_models_over_and_says_so() -> None:
    assert (await told(pro_gateway()))["model"] == SMALL
    assert (await told(pro_gateway(), key=PRO_KEY))["model"] == PRO
    dry = (await told(pro_gateway(), routerhub={"dry_run": True}))["routerhub"]
    assert [(out["model"], out["code"]) for out in dry["excluded"]] == [(PRO, "pro")]
    with pytest.raises(NoCandidate, match="acme:pro: it is a pro model, and the account is not marked for those"):
        await serve(pro_gateway(), routerhub={"candidates": [PRO]})


async def test_a_policy_may_be_asked_for_as_a_model_a_control_or_a_task_type() -> None:
    for body in ({"model": "policy:ops"}, {"routerhub": {"policy": "ops"}}, {"routerhub": {"task_type": "report"}}):
        made = gateway()
        assert (await told(made, **body))["model"] == SMALL
        assert made.upstreams._adapters["openai"].asked[0].max_output_tokens == 50  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"model": "policy:nothing"}, UnknownPolicy), ({"routerhub": {"task_type": "dance"}}, UnknownTaskType),
        ({"routerhub": {"candidates": ["x:y"]}}, UnknownModel), ({"messages": []}, BadRequest),
    ],
)  # fmt: skip
async def test_nonsense_is_refused_before_anything_is_paid_for(body: Any, error: type[Exception]) -> None:
    made = gateway()
    with pytest.raises(error):
        await serve(made, **body)
    assert made.ledger.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "status", "known"),
    [
        ({"messages": []}, 400, {"requested_model": "", "category": "", "decision": "{}"}),
        ({"model": "acme:nothing"}, 404, {"requested_model": "acme:nothing", "model": "", "decision": "{}"}),
        ({"routerhub": {"task_type": "dance", "session": "s"}}, 400, {"task_type": "dance", "session": "s"}),
        (
            {"routerhub": {"max_cost_usd": 1e-7, "tags": ["a"]}, "stream": True},
            422,
            {
                "category": "conversation",
                "complexity": "simple",
                "priority": "balanced",
                "tags": ("a",),
                "is_stream": True,
            },
        ),
    ],
)
async def test_what_is_refused_is_recorded_with_what_was_known_of_it(body: Any, status: int, known: Any) -> None:
    made = gateway()
    with pytest.raises((RouterError, BadRequest)) as caught:
        await serve(made, **body)
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["outcome"], record["http_status"], record["error"]) == ("refused", status, recorded(caught.value))
    assert (record["account_id"], record["cost_nano"], record["attempts"]) == (ADA.account_id, 0, "[]")
    assert (record["catalogue_release"], record["ip"]) == (3, "127.0.0.1")
    assert {name: record[name] for name in known} == known


def recorded(refusal: Exception) -> str:
    """What was given may be a piece of a prompt, and is not kept."""
    return refusal.recorded if isinstance(refusal, BadRequest) else str(refusal)


async def test_of_a_wrong_field_the_record_has_what_is_allowed_and_not_what_was_given() -> None:
    made = gateway()
    with pytest.raises(BadRequest, match="messages: 'canary' was given; allowed is a list of at least one message"):
        await serve(made, messages="canary")
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert record["error"].startswith("messages: something else than a list of at least one message")


async def test_a_refused_dry_run_leaves_no_record() -> None:
    made = gateway()
    with pytest.raises(UnknownPolicy):
        await serve(made, routerhub={"dry_run": True, "policy": "nothing"})
    assert made.ledger.records == []  # type: ignore[attr-defined]


async def test_where_every_model_is_out_the_reasons_are_all_there() -> None:
    with pytest.raises(NoCandidate) as caught:
        await serve(gateway(), routerhub={"max_cost_usd": 0.0000001})
    assert {out.model for out in caught.value.decision.excluded} == {LARGE, MIDDLE, SMALL}


async def test_a_dry_run_decides_in_full_and_does_nothing() -> None:
    made = gateway()
    body = await told(made, routerhub={"dry_run": True})
    assert (body["object"], len(body["routerhub"]["candidates"])) == ("routerhub.decision", 3)
    assert (made.ledger.asked, made.ledger.records) == ([], [])  # type: ignore[attr-defined]


async def test_a_users_own_preferences_count() -> None:
    made = gateway()
    dora = replace(ADA, user_id=5)
    made.snapshots.ring.find = lambda *_: dora  # type: ignore[attr-defined]
    made.snapshots.preferences = preferring({5: Preferences(max_cost_usd=Decimal("0.0002"))})  # type: ignore[attr-defined]
    assert (await told(made))["model"] == SMALL


async def test_a_limit_over_its_soft_mark_keeps_the_dear_tiers_from_answering() -> None:
    made = gateway()
    pause = Pause(
        scope="worker:w",
        account_id=ADA.account_id,
        max_tier="cheap",
        percent=82,
        measure="money",
        period="day",
        until=None,
    )
    made.snapshots.pauses = Pauses(by_scope={pause.scope: (pause,)})  # type: ignore[attr-defined]
    tiers = {name: rankings().standings(NOW)[name].tier for name in (LARGE, SMALL)}
    assert tiers == {LARGE: "premium", SMALL: "cheap"}
    assert (await told(made, model=LARGE))["model"] == LARGE
    assert (await told(made, routerhub={"worker": "w", "priority": "quality"}))["model"] == SMALL
    with pytest.raises(
        NoCandidate, match="its tier premium is paused: the day limit of money of this worker is at 82 %"
    ):
        await told(made, model=LARGE, routerhub={"worker": "w"})


async def test_a_task_and_its_worker_go_with_hold_and_record() -> None:
    policy = replace(OPS, max_cost_usd=Decimal("0.5"))
    router = replace(router_fakes.router(policies=(policy,)), task_types={})
    made = runtime(FakeUpstream(completion()), met=rankings(router=router))
    headers = {"x-routerhub-task-id": "4711", "x-routerhub-worker": "night"}
    await serve(made, headers=headers, model="policy:ops")
    (held,) = made.ledger.asked  # type: ignore[attr-defined]
    assert held.per_task == PerTask(policy="ops", task="4711", amount_nano=5 * 10**8)
    assert {"task:4711", "worker:night", "policy:ops"} <= set(held.scopes)
    (record,) = made.ledger.records  # type: ignore[attr-defined]
    assert (record["task_id"], record["worker"]) == ("4711", "night")


async def test_what_is_held_where_no_longest_answer_was_named_is_what_the_upstream_keeps_to() -> None:
    made = gateway()
    made.snapshots.usual_output = {SMALL: 1_500}  # type: ignore[attr-defined]
    await told(made, model=SMALL)
    await told(made, model=SMALL, max_tokens=3_000)
    await told(made, model=MIDDLE)
    asked = made.upstreams._adapters["openai"].asked  # type: ignore[attr-defined]
    assert [each.max_output_tokens for each in asked] == [1_500, 3_000, 4_000]
    held = [spend.tokens for spend in made.ledger.asked]  # type: ignore[attr-defined]
    assert held[1] - held[0] > 1_500


@pytest.mark.parametrize("usual", [{}, {LARGE: 400}])
async def test_requests_under_way_refuse_nobody_while_nothing_is_spent(usual: Any) -> None:
    """64 at once on a limit of a dollar, which has room for eight worst cases of 4,000 tokens."""
    made = gateway([goes_on := asyncio.Event(), completion()])
    made.snapshots.usual_output = usual  # type: ignore[attr-defined]
    made.ledger.limit_nano = 10**9  # type: ignore[attr-defined]
    asking = [asyncio.ensure_future(serve(made, model=LARGE)) for _ in range(64)]
    while len(made.ledger.holds) < 8:  # type: ignore[attr-defined]  # noqa: ASYNC110 - a fake has no event
        await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(*asking)
    assert (len(made.ledger.asked) > 64) == (not usual), "where there is room nobody asks twice"  # type: ignore[attr-defined]


async def test_a_conversation_keeps_its_model() -> None:
    made = gateway()
    session = {"session": "s"}
    assert (await told(made, model=MIDDLE, routerhub=session))["model"] == MIDDLE
    sticky = await told(made, routerhub={**session, "dry_run": True})
    assert [each["model"] for each in sticky["routerhub"]["candidates"] if each["terms"]["stickiness"]] == [MIDDLE]


async def test_without_a_good_key_nobody_is_let_in() -> None:
    made = gateway()
    with pytest.raises(MissingKey):
        await serve(made, key=None)
    with pytest.raises(UnknownKey):
        await serve(made, key="rh_wrong")
    assert made.ledger.records == []  # type: ignore[attr-defined]
    assert isinstance((await serve(gateway(), key=None, headers={"x-api-key": KEY})).body, bytes)


async def test_a_key_that_may_not_call_models_does_not() -> None:
    made = gateway()
    reader: Caller = replace(ADA, permissions=frozenset({"routing"}))
    made.snapshots.ring.find = lambda *_: reader  # type: ignore[attr-defined]
    with pytest.raises(PermissionMissing):
        await serve(made)
    assert [each["http_status"] for each in made.ledger.records] == [403]  # type: ignore[attr-defined]


async def test_an_upstream_without_usage_is_counted_and_told_as_an_estimate() -> None:
    body = await told(gateway(completion("twelve chars", usage=None)), model=SMALL)
    assert (body["usage"]["completion_tokens"], body["routerhub"]["usage_estimated"]) == (3, True)
    assert Usage(input_tokens=0, output_tokens=3).output_tokens == body["usage"]["completion_tokens"]
