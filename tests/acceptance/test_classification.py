"""The router model is asked what a request is about where staff switched that on: over HTTP, paid for, never in the way."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest

from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("faults")
ROUTER_MODEL = "openai:gpt-6-luna"
UPSTREAM = "gpt-6-luna"
ANSWERING = "openai:gpt-6.1-sol"
TAG = "routerhub-classification"
CONFIGURATION = "/api/router/configuration"
REASONING = '{"category": "reasoning", "complexity": "complex"}'
LIMIT = f"""
from budgets.models import Limit
Limit.objects.get_or_create(kind="tag", subject="{TAG}", measure="money", period="day", defaults={{"amount": 0}})[0]"""
HELLO = [{"role": "user", "content": "Hello"}]
TURNS = count(1)


class Upstream(ThreadingHTTPServer):
    """Speaks OpenAI's protocol. What the router model says is up to each test; everything else is answered with "real"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.says: list[str | None] = [REASONING]
        """One answer per question, the last one again and again; None: status 500."""
        self.questions: list[dict[str, Any]] = []
        self.may_answer = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def say(self, *says: str | None, at_once: bool = True) -> None:
        """What is said from now on; not at once: only when something else is to be said, or never."""
        self.may_answer.set()
        self.says, self.questions, self.may_answer = list(says), [], threading.Event()
        if at_once:
            self.may_answer.set()

    def answer(self, body: dict[str, Any]) -> str | None:
        if body["model"] != UPSTREAM or "You sort requests" not in str(body["messages"][0]["content"]):
            return "real"
        self.questions.append(body)
        said = self.says[min(len(self.questions), len(self.says)) - 1]
        self.may_answer.wait()
        return said

    def handle_error(self, *_: Any) -> None:
        """A question that was cut leaves a broken connection behind."""


class Answering(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.server.answer(body)
        answer = {
            "id": "real", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }  # fmt: skip
        data = json.dumps(answer if text is not None else {"error": {"message": "out of order"}}).encode()
        self.send_response(200 if text is not None else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.may_answer.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def product(upstream: Upstream) -> Iterator[Stack]:
    """The product with a real provider, and the router model asked about every request; switched off at the end."""
    with running_stack(processes=1, SANDBOX="auto", OPENAI_API_KEY="sk-real", OPENAI_BASE_URL=upstream.url) as stack:
        configure(stack, classifies_with_model="always", router_model=ROUTER_MODEL, router_max_retries=2)
        upstream.say(REASONING)
        eventually(lambda: origin(stack) == f"model {ROUTER_MODEL}")
        yield stack
        configure(stack, classifies_with_model="off")
        eventually(lambda: origin(stack) == "local")


def configure(stack: Stack, **values: Any) -> None:
    status, body = stack.call(CONFIGURATION, {**values, "reason": "a test"}, method="PATCH")
    assert status == 200, body


def hello() -> list[dict[str, Any]]:
    """Said otherwise each time, or what was found before would be told."""
    return [{"role": "user", "content": "Hello" + "!" * next(TURNS)}]


def asked(stack: Stack, **body: Any) -> Any:
    """What the answer tells of its decision."""
    status, answer = stack.chat(**{"model": ANSWERING, "messages": hello(), **body})
    assert status == 200, answer
    return answer["routerhub"]


def origin(stack: Stack) -> str:
    return str(asked(stack)["task"]["origin"])


def records(stack: Stack, columns: str, since: datetime) -> list[tuple[Any, ...]]:
    """Records of the questions since a moment, the first one first."""
    query = f"SELECT {columns} FROM analytics_record WHERE %s = ANY(tags) AND created_at >= %s ORDER BY created_at"  # noqa: S608
    return stack.rows(query, TAG, since)


def moment(stack: Stack) -> datetime:
    return stack.rows("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]


def test_the_router_models_answer_is_used_and_the_decision_says_so(product: Stack, upstream: Upstream) -> None:
    upstream.say(REASONING)
    told = asked(product, messages=HELLO)
    assert (told["task"]["category"], told["task"]["complexity"]) == ("reasoning", "complex")
    assert told["task"]["origin"] == f"model {ROUTER_MODEL}"
    assert asked(product, messages=HELLO)["task"]["category"] == "reasoning"
    (question,) = upstream.questions
    assert question["messages"][1]["content"] == "<request>\nHello\n</request>"
    assert "temperature" not in question, "this one takes none"
    upstream.say('Sure! Here it is: {"category": "creative", "complexity": "simple"} - good luck')
    assert asked(product)["task"]["category"] == "creative", "an answer with words around it"


def test_the_question_is_a_record_of_its_own_that_the_account_pays(product: Stack, upstream: Upstream) -> None:
    upstream.say(REASONING)
    key = product.new_key("--account=pays", "--limit-usd=5", "--period=month")
    eventually(lambda: product.chat(key=key, model=ANSWERING, routerhub={"dry_run": True})[0] == 200)
    since = moment(product)
    told = asked(product, key=key, routerhub={"tags": ["mine"], "session": "paid"})
    columns = "r.requested_model, r.model, r.outcome, r.cost_nano, r.tags, r.session, a.slug, r.operation_id::text"
    query = (
        "SELECT " + columns + " FROM analytics_record r JOIN budgets_account a ON a.id = r.account_id "  # noqa: S608
        "WHERE r.created_at >= %s AND a.slug = 'pays' ORDER BY r.requested_model"
    )
    question, answer = eventually(lambda: found if len(found := product.rows(query, since)) == 2 else None)
    assert (question[0], question[1], question[2]) == (ROUTER_MODEL, ROUTER_MODEL, "success")
    assert question[3] > 0
    assert (question[4], question[5], question[6]) == (["mine", TAG], "", "pays")
    assert (answer[1], answer[4], answer[5], answer[7]) == (ANSWERING, ["mine"], "paid", told["operation_id"])
    spent = product.rows(
        "SELECT c.spent FROM budgets_counter c JOIN budgets_limit l ON l.id = c.limit_id "
        "JOIN budgets_apikey k ON l.kind = 'key' AND l.subject = k.id::text JOIN budgets_account a ON a.id = k.account_id "
        "WHERE a.slug = 'pays'"
    )
    assert spent == [(question[3] + answer[3],)]
    assert product.rows("SELECT requests, model FROM autorouter_session WHERE name = 'paid'") == [(1, ANSWERING)]


def test_nonsense_is_asked_again_so_often_as_staff_allow_and_then_the_local_answer_counts(
    product: Stack, upstream: Upstream
) -> None:
    since = moment(product)
    upstream.say("I cannot", '{"category": "cooking", "complexity": "simple"}', '["coding"]')
    task = asked(product)["task"]
    assert len(upstream.questions) == 3, "one, and two retries"
    assert (task["category"], task["complexity"]) == ("conversation", "simple")
    assert task["origin"] == (
        f"local, since {ROUTER_MODEL} failed: none of 3 answers was of the form that was asked for"
    )
    paid = eventually(lambda: found if len(found := records(product, "cost_nano", since)) == 3 else None)
    assert all(cost > 0 for (cost,) in paid), "each of them was answered and is paid for"


def test_a_good_answer_after_nonsense_is_used(product: Stack, upstream: Upstream) -> None:
    upstream.say("hm", "hm", REASONING)
    assert asked(product)["task"]["origin"] == f"model {ROUTER_MODEL}"
    assert len(upstream.questions) == 3


def test_without_retries_it_is_asked_once(product: Stack, upstream: Upstream) -> None:
    configure(product, router_max_retries=0)
    try:
        upstream.say("nonsense")
        eventually(lambda: "none of 1 answers" in origin(product))
        upstream.say("nonsense")
        asked(product)
        assert len(upstream.questions) == 1
    finally:
        configure(product, router_max_retries=2)
        eventually(lambda: "none of 3 answers" in origin(product))


def test_an_answer_that_does_not_come_is_cut_at_the_deadline(product: Stack, upstream: Upstream) -> None:
    """The call's own deadline and that of all tries are the same moment: either may be the one that is told."""
    configure(product, router_deadline_ms=300)
    try:
        upstream.say(REASONING, at_once=False)
        eventually(lambda: origin(product).startswith(f"local, since {ROUTER_MODEL} failed: "))
        since = moment(product)
        task = asked(product)["task"]
        assert not upstream.may_answer.is_set(), "the router model is still thinking"
        assert (task["category"], task["complexity"]) == ("conversation", "simple")
        told = task["origin"].removeprefix(f"local, since {ROUTER_MODEL} failed: ")
        ((outcome, is_paid),) = eventually(lambda: records(product, "outcome, cost_nano > 0", since))
        assert (told, outcome, is_paid) in {
            ("no answer within 300 ms", "abandoned", True),
            ("No deployment answered. The last one said: It did not answer in time.", "failure", True),
        }
    finally:
        upstream.say(REASONING)
        configure(product, router_deadline_ms=1_500)
        eventually(lambda: origin(product) == f"model {ROUTER_MODEL}")


def test_an_error_of_the_upstream_falls_back_to_the_local_answer_and_costs_nothing(
    product: Stack, upstream: Upstream
) -> None:
    since = moment(product)
    upstream.say(None)
    task = asked(product)["task"]
    assert task["origin"].startswith(f"local, since {ROUTER_MODEL} failed: ")
    assert (task["category"], task["complexity"]) == ("conversation", "simple")
    (record,) = eventually(lambda: records(product, "outcome, cost_nano", since))
    assert record == ("failure", 0)


def test_a_router_model_that_nobody_can_call_falls_back_to_the_local_answer(product: Stack, upstream: Upstream) -> None:
    name = "anthropic:claude-sonnet-4"
    configure(product, router_model=name)
    try:
        eventually(lambda: origin(product).startswith(f"local, since {name} failed: "))
        upstream.say(REASONING)
        asked(product)
        assert upstream.questions == []
    finally:
        configure(product, router_model=ROUTER_MODEL)
        upstream.say(REASONING)
        eventually(lambda: origin(product) == f"model {ROUTER_MODEL}")


def test_an_account_that_cannot_pay_the_question_is_not_refused_because_of_it(
    product: Stack, upstream: Upstream
) -> None:
    """A limit on the question's tag stops the questions alone."""
    upstream.say(REASONING)
    product.manage("shell", "--no-imports", "-c", LIMIT)
    try:
        told = asked(product)
        assert told["task"]["origin"].startswith(f"local, since {ROUTER_MODEL} failed: ")
        assert upstream.questions == []
    finally:
        product.manage("shell", "--no-imports", "-c", f"{LIMIT}.delete()")


def test_a_dry_run_asks_nobody(product: Stack, upstream: Upstream) -> None:
    upstream.say(REASONING)
    status, answer = product.chat(routerhub={"dry_run": True})
    assert (status, answer["routerhub"]["task"]["origin"]) == (200, "local")
    assert upstream.questions == []


def test_a_picture_stays_a_picture_and_is_not_sent_along(product: Stack, upstream: Upstream) -> None:
    upstream.say(REASONING)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,SECRETPICTURE"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}]
    task = asked(product, messages=messages, model="auto")["task"]
    assert (task["category"], task["complexity"], task["needs"]) == ("multimodal", "complex", ["vision"])
    (question,) = upstream.questions
    assert "SECRETPICTURE" not in json.dumps(question)
    assert "What is it?" in question["messages"][1]["content"]


def test_only_the_last_words_of_a_long_request_are_sent(product: Stack, upstream: Upstream) -> None:
    upstream.say(REASONING)
    turns = [
        {"role": "system", "content": "SYSTEM PROMPT"}, {"role": "user", "content": "FIRST"}, *HELLO,
        {"role": "assistant", "content": "ASSISTANT"}, *HELLO, {"role": "user", "content": "x" * 9_000 + "LAST"},
    ]  # fmt: skip
    asked(product, messages=turns)
    text = upstream.questions[0]["messages"][1]["content"]
    assert text == f"<request>\n{'x' * 3_996}LAST\n</request>"
