"""Idempotency keys across processes: real HTTP, real PostgreSQL, two gateways."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
AT_ONCE = 50


def test_many_at_once_in_two_processes_get_one_answer_for_one_charge(stack: Stack) -> None:
    def ask(_: int) -> Any:
        return stack.chat(headers={"Idempotency-Key": "at-once"}, sandbox={"latency_ms": 300})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    assert [status for status, _ in answers] == [200] * AT_ONCE
    (operation,) = {body["routerhub"]["operation_id"] for _, body in answers}
    assert len({str(body) for _, body in answers}) == 1
    assert eventually(lambda: stack.rows("SELECT outcome FROM analytics_record WHERE operation_id = %s", operation))
    assert stack.rows("SELECT count(*) FROM budgets_ledgerentry WHERE operation_id = %s", operation) == [(1,)]


def test_the_official_client_gets_a_stream_again_and_a_conflict_for_another_body(stack: Stack) -> None:
    def stream(url: str, text: str) -> list[Any]:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=stack.key, max_retries=2) as client:
            chunks = client.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": text}], stream=True,
                extra_headers={"Idempotency-Key": "streamed"},
            )  # fmt: skip
            return [chunk.to_dict() for chunk in chunks]

    first = stream(stack.urls[0], "Hello")
    assert first
    assert stream(stack.urls[1], "Hello") == first
    with pytest.raises(openai.ConflictError) as caught:
        stream(stack.urls[1], "Bye")
    assert caught.value.code == "idempotency_key_reused"
