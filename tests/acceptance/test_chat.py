"""The gateway as applications meet it: official clients, real HTTP, real PostgreSQL, the sandbox as provider."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openai
import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key) as client:
        yield client


def recorded(stack: Stack, operation_id: str, columns: str) -> tuple[Any, ...]:
    query = "SELECT " + columns + " FROM analytics_record WHERE operation_id = %s"  # noqa: S608 - the tests' own columns
    return eventually(lambda: stack.rows(query, operation_id))[0]  # type: ignore[no-any-return]


def test_the_official_client_gets_an_answer_that_tells_model_reason_and_cost(
    stack: Stack, client: openai.OpenAI
) -> None:
    answer = client.chat.completions.create(model="auto", messages=HELLO, metadata={"project": "apollo"})
    assert answer.choices[0].message.content is not None
    assert answer.choices[0].message.content.startswith("[sandbox]")
    told = answer.model_extra["routerhub"] if answer.model_extra else {}
    assert told["model"] == answer.model
    assert told["sandbox"] is True
    assert told["why"].startswith(f"{answer.model} suits a simple conversation task best")
    assert told["releases"]["catalogue"] >= 1
    outcome, cost, model, *more = recorded(
        stack, told["operation_id"], "outcome, cost_nano, model, deployment, error_kind, metadata"
    )
    assert (outcome, model) == ("success", answer.model)
    assert more == [told["attempts"][0]["deployment"], "", {"project": "apollo"}]
    assert Decimal(told["cost_usd"]) * 10**9 == cost > 0


def test_the_official_client_streams_and_the_last_chunk_tells_the_cost(stack: Stack, client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="auto", messages=HELLO, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("[sandbox]")
    assert chunks[-1].choices[0].finish_reason == "stop"
    told = chunks[-1].model_extra["routerhub"] if chunks[-1].model_extra else {}
    outcome, is_stream, ttft = recorded(stack, told["operation_id"], "outcome, is_stream, ttft_ms")
    assert (outcome, is_stream) == ("success", True)
    assert ttft is not None


def test_usage_comes_in_a_chunk_of_its_own_only_when_it_was_asked_for(client: openai.OpenAI) -> None:
    asked = list(
        client.chat.completions.create(
            model="auto", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert asked[-1].choices == []
    assert asked[-1].usage is not None
    assert asked[-1].usage.completion_tokens > 0
    unasked = list(client.chat.completions.create(model="auto", messages=HELLO, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in unasked)


def test_tools_pictures_and_unknown_fields_pass_through(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    answer = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}],
        tools=[tool],
        tool_choice="required",
        extra_body={"some_new_field": {"a": 1}},
    )
    calls = answer.choices[0].message.tool_calls
    assert calls
    assert calls[0].type == "function"
    assert calls[0].function.name == "weather"
    told = answer.model_extra["routerhub"] if answer.model_extra else {}
    assert told["task"]["category"] == "multimodal"
    assert told["task"]["needs"] == ["tools", "vision"]


def test_structured_output_is_asked_of_the_upstream(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="auto", messages=HELLO, response_format={"type": "json_object"}, max_tokens=50
    )
    assert (answer.choices[0].message.content or "").startswith('{"sandbox":')


def test_the_models_are_listed_with_auto_and_the_policies(client: openai.OpenAI) -> None:
    ids = [model.id for model in client.models.list()]
    assert ids[0] == "auto"
    assert {"policy:code", "openai:gpt-6.1-sol", "anthropic:claude-sonnet-4"} <= set(ids)
    assert "openai:gpt-4" not in ids, "deprecated"
    assert client.models.retrieve("openai:gpt-6.1-sol").owned_by == "openai"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("openai:gpt-1000")


def test_a_model_may_be_asked_for_by_name(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(model="openai:gpt-6.1-sol", messages=HELLO).model == "openai:gpt-6.1-sol"


def test_a_policys_first_model_answers_with_its_limits(stack: Stack) -> None:
    status, body = stack.chat(model="policy:ops")
    assert status == 200
    assert body["model"] == "openai:gpt-6-luna"
    status, body = stack.chat(routerhub={"task_type": "fix_bug"})
    assert body["model"] == "openai:gpt-6.1-sol"


def test_controls_may_come_in_headers(stack: Stack) -> None:
    status, body = stack.chat(headers={"x-routerhub-policy": "code", "x-routerhub-dry-run": "true"})
    assert (status, body["dry_run"]) == (200, True)
    assert body["routerhub"]["model"] == "openai:gpt-6.1-sol"


def test_a_dry_run_spends_and_records_nothing(stack: Stack) -> None:
    before = stack.rows("SELECT count(*) FROM analytics_record")
    status, body = stack.chat(routerhub={"dry_run": True})
    assert status == 200
    assert len(body["routerhub"]["candidates"]) > 40
    time.sleep(0.2)
    assert stack.rows("SELECT count(*) FROM analytics_record") == before


@pytest.mark.parametrize("name", ["openai:gpt-4", "gpt-4-0613"])
def test_a_retired_model_is_answered_by_its_successor_under_every_name(stack: Stack, name: str) -> None:
    status, answer = stack.chat(model=name)
    assert (status, answer["model"], answer["routerhub"]["stand_in_for"]) == (200, "openai:gpt-4.1", name)


def test_a_session_keeps_its_model_across_processes(stack: Stack) -> None:
    session = {"session": "a conversation"}
    stack.chat(model="openai:gpt-6.1-sol", routerhub=session)
    decisions = [stack.chat(routerhub={**session, "dry_run": True})[1]["routerhub"] for _ in range(4)]
    for decision in decisions:
        sticky = [each for each in decision["candidates"] if each["terms"]["stickiness"]]
        assert [each["model"] for each in sticky] == ["openai:gpt-6.1-sol"]


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": NaN}', 400, None),
        ({"messages": "hi"}, 400, "messages"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "boss", "content": "x"}]}, 400, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, 400, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, 400, "messages[0].content"),
        ({"messages": HELLO, "temperature": "hot"}, 400, "temperature"),
        ({"messages": HELLO, "temperature": 2.1}, 400, "temperature"),
        ({"messages": HELLO, "max_tokens": -1}, 400, "max_tokens"),
        ({"messages": HELLO, "max_tokens": True}, 400, "max_tokens"),
        ({"messages": HELLO, "n": 0}, 400, "n"),
        ({"messages": HELLO, "stream": "yes"}, 400, "stream"),
        ({"messages": HELLO, "stream_options": 1}, 400, "stream_options"),
        ({"messages": HELLO, "model": 5}, 400, "model"),
        ({"messages": HELLO, "model": "openai:gpt-1000"}, 404, "model"),
        ({"messages": HELLO, "model": "policy:nothing"}, 404, "policy"),
        ({"messages": HELLO, "model": "openai:gpt-4o", "routerhub": {"max_cost_usd": 0.0000001}}, 422, "model"),
        ({"messages": HELLO, "routerhub": {"colour": 1}}, 400, "routerhub.colour"),
        ({"messages": HELLO, "routerhub": {"priority": "fun"}}, 400, "routerhub.priority"),
        ({"messages": HELLO, "routerhub": {"max_cost_usd": -1}}, 400, "routerhub.max_cost_usd"),
        ({"messages": HELLO, "routerhub": {"session": "a\0b"}}, 400, "routerhub.session"),
        ({"messages": HELLO, "routerhub": {"task_type": "dance"}}, 400, "routerhub.task_type"),
        ({"messages": HELLO, "routerhub": {"candidates": ["x:y"]}}, 404, "candidates[0]"),
        ({"messages": HELLO, "routerhub": []}, 400, "routerhub"),
    ],
)
def test_bad_input_gets_an_openai_error_that_names_the_field(
    stack: Stack, body: object, status: int, param: str | None
) -> None:
    got, answer = stack.call("/v1/chat/completions", body)
    assert (got, answer["error"]["param"]) == (status, param)
    assert len(answer["error"]["message"]) > 10


def test_a_body_of_20_mb_is_refused_at_once(stack: Stack) -> None:
    status, answer = stack.call("/v1/chat/completions", b" " * 20_000_000)
    assert (status, answer["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/chat", "/v1"])
def test_an_unknown_address_gets_an_openai_error(stack: Stack, path: str) -> None:
    status, answer = stack.call(path)
    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_the_wrong_method_gets_an_openai_error(stack: Stack) -> None:
    status, answer = stack.call("/v1/chat/completions")
    assert (status, answer["error"]["code"]) == (405, "method_not_allowed")


def test_without_a_good_key_nothing_is_let_in(stack: Stack) -> None:
    status, answer = stack.chat(key="rh_wrong")
    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")
    with (
        openai.OpenAI(base_url=f"{stack.url}/v1", api_key="rh_wrong") as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


def test_a_key_that_may_only_read_decisions_may_not_call_models(stack: Stack) -> None:
    key = stack.new_key("--account=readers", "--permission=routing")
    eventually(lambda: stack.chat(key=key)[0] != 401)
    status, answer = stack.chat(key=key)
    assert (status, answer["error"]["code"]) == (403, "permission_missing")


def test_a_revoked_key_is_refused_within_a_second(stack: Stack) -> None:
    key = stack.new_key("--account=revoked")
    eventually(lambda: stack.chat(key=key)[0] == 200)
    stack.rows(
        "UPDATE budgets_apikey SET revoked_at = now() WHERE prefix = %s RETURNING pg_notify('routerhub_changes', 'keys')::text",
        key[:10],
    )
    eventually(lambda: all(stack.chat(key=key)[0] == 401 for _ in range(4)), within_s=1)


def test_a_limit_is_refused_with_its_figures_and_not_retried(stack: Stack) -> None:
    key = stack.new_key("--account=poor", "--limit-usd=0.0001", "--period=day")
    eventually(lambda: stack.chat(key=key, routerhub={"dry_run": True})[0] == 200)
    status, answer = stack.chat(key=key, model="openai:gpt-6.1-sol")
    assert (status, answer["error"]["code"]) == (429, "insufficient_quota")
    budget = answer["error"]["budget"]
    assert (budget["period"], budget["limit_usd"], budget["spent_usd"]) == ("day", "0.0001", "0")
    assert Decimal(budget["asked_usd"]) > Decimal("0.0001")
    assert budget["resets_at"].endswith("T00:00:00+00:00")


def test_a_request_that_does_not_fit_takes_a_cheaper_model_before_it_is_refused(stack: Stack) -> None:
    key = stack.new_key("--account=thrifty", "--limit-usd=0.0025")
    eventually(lambda: stack.chat(key=key)[0] != 401)
    asked = {"candidates": ["openai:gpt-6.1-sol", "openai:gpt-6-luna"], "previous_model": "openai:gpt-6.1-sol"}
    status, answer = stack.chat(
        key=key,
        routerhub=asked,
        messages=[
            {"role": "user", "content": "Prove this rigorous theorem, design the architecture and evaluate tradeoffs"}
        ],
    )
    assert status == 200
    assert answer["model"] == "openai:gpt-6-luna"


def test_a_failing_model_is_followed_by_the_next_and_every_attempt_is_kept(stack: Stack) -> None:
    status, answer = stack.chat(sandbox={"fail": {"status": 500}})
    assert (status, answer["error"]["type"]) == (502, "upstream_error")
    assert len(answer["error"]["attempts"]) == 6, "three models, two tries each"
    assert len({each["deployment"] for each in answer["error"]["attempts"]}) == 3


def test_a_request_that_the_upstream_rejects_is_not_tried_elsewhere(stack: Stack) -> None:
    status, answer = stack.chat(sandbox={"fail": {"status": 422}})
    assert status == 422
    assert len(answer["error"]["attempts"]) == 1


def test_a_stream_that_breaks_ends_with_an_error_event_and_is_settled(stack: Stack, client: openai.OpenAI) -> None:
    broken = {"sandbox": {"fail": {"break": "disconnect", "after_chunks": 3}}, "routerhub": {"session": "broken"}}
    stream = client.chat.completions.create(model="auto", messages=HELLO, stream=True, extra_body=broken)
    assert [next(stream).choices[0].finish_reason for _ in range(3)] == [None, None, None]
    with pytest.raises(openai.APIError, match="stream broke"):
        next(stream)
    query = "SELECT outcome, is_usage_estimated FROM analytics_record WHERE session = 'broken'"
    assert eventually(lambda: stack.rows(query)) == [("failure", True)]


def test_a_client_that_leaves_in_mid_stream_is_settled_at_what_was_used(stack: Stack, client: openai.OpenAI) -> None:
    slow = {"sandbox": {"output_tokens": 500, "chunk_delay_ms": 20}, "routerhub": {"session": "left"}}
    stream = client.chat.completions.create(model="openai:gpt-6.1-sol", messages=HELLO, stream=True, extra_body=slow)
    for _ in range(5):
        next(stream)
    stream.close()
    query = "SELECT outcome, output_tokens, cost_nano FROM analytics_record WHERE session = 'left'"
    ((outcome, output_tokens, cost),) = eventually(lambda: stack.rows(query))
    assert outcome == "abandoned"
    assert 5 <= output_tokens < 100
    assert 0 < cost < 2_000_000
    assert stack.rows("SELECT count(*) FROM budgets_hold WHERE (request).session = 'left'") == [(0,)]


def test_a_client_that_leaves_before_the_answer_is_settled_too(stack: Stack) -> None:
    slow = {"sandbox": {"latency_ms": 20_000}, "routerhub": {"session": "gone"}}
    impatient = openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, timeout=0.5, max_retries=0)
    with impatient, pytest.raises(openai.APITimeoutError):
        impatient.chat.completions.create(model="openai:gpt-6.1-sol", messages=HELLO, extra_body=slow)
    query = "SELECT outcome FROM analytics_record WHERE session = 'gone'"
    assert eventually(lambda: stack.rows(query)) == [("abandoned",)]


def test_a_changed_configuration_decides_in_every_process_within_a_second(stack: Stack) -> None:
    def stickiness() -> set[float]:
        constraints = {"previous_model": "openai:gpt-6.1-sol", "candidates": ["openai:gpt-6.1-sol"], "dry_run": True}
        found = (stack.chat(routerhub=constraints)[1]["routerhub"]["candidates"][0]["terms"] for _ in range(4))
        return {terms["stickiness"] for terms in found}

    assert stickiness() == {25.0}
    try:
        status, body = stack.call("/api/router/configuration", {"stickiness_bonus": 3, "reason": "try"}, method="PATCH")
        assert (status, body["stickiness_bonus"]) == (200, "3.0000")
        eventually(lambda: stickiness() == {3.0}, within_s=1)
    finally:
        stack.call("/api/router/configuration", {"stickiness_bonus": 25, "reason": "back"}, method="PATCH")
    eventually(lambda: stickiness() == {25.0}, within_s=1)
    history = stack.rows(
        "SELECT history_change_reason FROM autorouter_historicalrouterconfiguration ORDER BY history_id DESC LIMIT 2"
    )
    assert history == [("back",), ("try",)]


def test_many_at_once_never_pass_a_limit(stack: Stack) -> None:
    """Every request costs about 0.002 USD; a limit of ten of them admits ten, though some wait for others' holds."""
    key = stack.new_key("--account=crowd", "--limit-usd=0.0215")
    eventually(lambda: stack.chat(key=key, model="openai:gpt-4o", routerhub={"dry_run": True})[0] == 200)
    results: list[int] = []

    def ask() -> None:
        script = {"latency_ms": 300, "output_tokens": 200}
        results.append(stack.chat(key=key, model="openai:gpt-6.1-sol", max_tokens=200, sandbox=script)[0])

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count(200), results.count(429)) == (10, 20)
