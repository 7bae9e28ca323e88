"""What a bound key may ask for: models, policies, endpoints and addresses; each refusal says what is allowed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from budgets.models import KeyUse
from budgets.people.scopes import scope_of
from budgets.people.uses import KeyUses
from tests.autorouter import fakes
from tests.cast import Cast
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import ADA, FakeRing, FakeSnapshots, rankings

ONE, TWO = "acme:one", "acme:two"
WORLD = rankings(
    fakes.model(ONE, ("1", "1")), fakes.model(TWO, ("2", "2")),
    router=fakes.router(policies=(fakes.policy("first", ONE), fakes.policy("second", TWO))),
)  # fmt: skip
MESSAGES = {**HELLO, "max_tokens": 5}


def bound(models: Any = (), policies: Any = (), endpoints: Any = (), networks: Any = ()) -> Exchange:
    """An exchange whose key is bound to this."""
    exchange = Exchange()
    snapshots: Any = FakeSnapshots(WORLD)
    snapshots.ring = FakeRing(replace(ADA, scope=scope_of(models, policies, endpoints, networks)))
    exchange.gateway.runtime.snapshots = snapshots
    return exchange


def json(exchange: Exchange) -> Any:
    return orjson.loads(exchange.body)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "scope", [{"models": [TWO]}, {"policies": ["second"]}, {"models": [ONE, TWO], "policies": ["second"]}]
)
async def test_auto_chooses_among_what_the_key_is_bound_to_and_says_why_others_are_out(scope: Any) -> None:
    exchange = bound(**scope)
    await exchange.ask({**HELLO, "model": "auto", "routerhub": {"dry_run": True}})
    told = json(exchange)["routerhub"]
    assert [each["model"] for each in told["candidates"]] == [TWO]
    assert told["excluded"] == [{"model": ONE, "code": "key", "reason": "the API key is bound to other models"}]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scope", "body", "code", "allowed"),
    [
        ({"models": [TWO]}, {"model": ONE}, "model_not_allowed", TWO),
        ({"policies": ["second"]}, {"model": ONE}, "model_not_allowed", TWO),
        ({"policies": ["second"]}, {"model": "policy:first"}, "policy_not_allowed", "second"),
        ({"endpoints": ["embeddings", "messages"]}, {}, "endpoint_not_allowed", "embeddings, messages"),
        ({"networks": ["10.0.0.0/8", "2001:db8::/32"]}, {}, "address_not_allowed", "10.0.0.0/8, 2001:db8::/32"),
    ],
)  # fmt: skip
async def test_what_is_named_outside_is_refused_with_what_is_allowed(
    scope: Any, body: Any, code: str, allowed: str
) -> None:
    for path, sent in (("/v1/chat/completions", HELLO), ("/v1/responses", {"input": "Hello"})):
        exchange = bound(**scope)
        await exchange.ask({**sent, **body}, path)
        assert (exchange.status, exchange.error["code"], exchange.error["type"]) == (403, code, "permission_error")
        assert exchange.error["message"].endswith(f"allowed for it: {allowed}.")
        assert exchange.upstream.asked == []
        assert [each["outcome"] for each in exchange.ledger.records] == ["refused"]


@pytest.mark.anyio
async def test_anthropics_clients_are_told_in_their_own_words() -> None:
    exchange = bound(models=[TWO])
    await exchange.ask({**MESSAGES, "model": ONE}, "/v1/messages")
    assert (exchange.status, json(exchange)["error"]["type"]) == (403, "permission_error")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("2001:db8::7", 200), ("11.0.0.1", 403), ("2001:db9::7", 403), ("sock", 403)],
)  # fmt: skip
async def test_a_key_opens_from_its_addresses_of_both_kinds_alone(address: str, status: int) -> None:
    exchange = bound(networks=["10.0.0.0/8", "2001:db8::/32"])
    await exchange.ask(client=address)
    assert exchange.status == status


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/v1/responses/resp_1", "/v1/batches"])
async def test_every_address_asks_for_the_scope(path: str) -> None:
    exchange = bound(endpoints=["chat"])
    await exchange.ask(b"", path, "GET")
    assert (exchange.status, exchange.error["code"]) == (403, "endpoint_not_allowed")


@pytest.mark.anyio
async def test_an_answer_that_is_kept_for_a_repeat_is_not_given_past_the_scope() -> None:
    exchange = bound(networks=["10.0.0.0/8"])
    await exchange.ask(client="11.0.0.1", headers={"idempotency-key": "one"})
    assert exchange.status == 403


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"models": [TWO]}, ["auto", "policy:first", "policy:second", TWO]),
        ({"policies": ["second"]}, ["auto", "policy:second", TWO]),
    ],
)  # fmt: skip
async def test_the_list_of_models_has_what_the_key_may_use(scope: Any, expected: list[str]) -> None:
    exchange = bound(**scope)
    await exchange.ask(b"", "/v1/models", "GET")
    assert [each["id"] for each in json(exchange)["data"]] == expected
    other = bound(**scope)
    await other.ask(b"", f"/v1/models/{ONE}", "GET")
    assert other.status == 404


@pytest.mark.anyio
async def test_a_request_notes_the_use_of_its_key_and_writes_nothing() -> None:
    exchange = bound()
    await exchange.ask()
    assert exchange.gateway.runtime.key_uses._noted.keys() == {ADA.key_id}


def test_uses_are_written_once_a_minute_for_each_key(cast: Cast, django_assert_num_queries: Any) -> None:
    uses, now, key = KeyUses(), timezone.now(), cast.ada.key
    for seconds in range(3):
        uses.note(key.pk, now + timedelta(seconds=seconds))
    uses.note(10**9, now)
    with django_assert_num_queries(1):
        for seconds in (10, 20, 69):
            uses.write(now + timedelta(seconds=seconds))
            uses.note(key.pk, now + timedelta(seconds=seconds))
    assert KeyUse.objects.get().last_used_at == now + timedelta(seconds=2)
    uses.write(now + timedelta(seconds=70))
    assert KeyUse.objects.get().last_used_at == now + timedelta(seconds=69)
