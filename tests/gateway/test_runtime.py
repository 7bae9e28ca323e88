"""What the gateway runs on: opened, looked up and closed."""

import logging
import threading
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from psycopg_pool import PoolTimeout

from autorouter.people.sessions import NEW
from models_registry.types import SANDBOX, Deployment, Provider
from models_registry.upstream.errors import Failed
from routerhub.gateway import runtime as module
from routerhub.gateway.runtime import Sessions, Upstreams, open_runtime
from tests.gateway.fakes import ADA, FakeUpstream, operation, runtime

ACME = Provider(
    name="acme", title="Acme", protocol="openai", base_url="https://acme.invalid/v1/", credential_env="ACME_API_KEY"
)  # fmt: skip
HERE = Deployment(provider="acme", upstream_model="m")


def upstreams(*adapters: Any) -> Upstreams:
    sandbox = replace(ACME, name=SANDBOX, base_url="http://sandbox.invalid", credential_env="")
    return Upstreams({each.protocol: each for each in adapters}, sandbox)


def test_a_providers_address_and_key_are_read_once_for_each_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "sk-1")
    found = upstreams(FakeUpstream())
    first = found.endpoint(HERE, {"acme": ACME})
    assert (first.address, first.keys[0].secret) == ("https://acme.invalid/v1", "sk-1")
    monkeypatch.setenv("ACME_API_KEY", "sk-2")
    assert found.endpoint(HERE, {"acme": ACME}) is first
    moved = replace(ACME, base_url="https://elsewhere.invalid")
    assert found.endpoint(HERE, {"acme": moved}).address == "https://elsewhere.invalid"


def test_the_sandbox_is_where_the_environment_says() -> None:
    place = upstreams(FakeUpstream()).endpoint(Deployment(provider=SANDBOX, upstream_model="m"), {})
    assert (place.address, place.keys[0].secret) == ("http://sandbox.invalid", "")


def test_a_protocol_that_nobody_speaks_is_a_failure_that_was_never_sent() -> None:
    with pytest.raises(Failed, match="Nobody here speaks openai") as caught:
        upstreams().endpoint(HERE, {"acme": ACME})
    assert caught.value.was_sent is False


class Broken:
    """A store without its database."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    async def recall(self, *_: Any) -> str:
        raise self.problem

    async def remember(self, _: Any) -> None:
        raise self.problem


@pytest.mark.anyio
@pytest.mark.parametrize("problem", [psycopg.OperationalError("away"), PoolTimeout("away")])
async def test_without_the_database_conversations_are_forgotten_and_nobody_is_refused(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = Sessions(Broken(problem))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        assert await sessions.recall(ADA, "s") is NEW
        await sessions.remember(operation().turn(operation().decision.candidates[0], "s"))
    assert [record.message.split()[0] for record in caplog.records] == [
        "action=read_session",
        "action=remember_session",
    ]


@pytest.mark.anyio
async def test_a_request_without_a_session_asks_no_store() -> None:
    sessions = Sessions(Broken(ZeroDivisionError()))  # type: ignore[arg-type]
    assert await sessions.recall(ADA, "") is NEW


@pytest.mark.anyio
async def test_closing_closes_everything() -> None:
    made = runtime(FakeUpstream())
    await made.close()
    assert made.http.is_closed  # type: ignore[attr-defined]
    assert made.snapshots.is_stopped  # type: ignore[attr-defined]


@pytest.mark.anyio
@pytest.mark.django_db(transaction=True)
async def test_it_opens_from_the_settings_and_closes_again(
    settings: LazySettings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOOL_DIR, settings.DEFAULT_MAX_OUTPUT_TOKENS, settings.SNAPSHOT_MAX_AGE_S = tmp_path, 77, 0.2
    monkeypatch.setattr(module, "FIRST_SNAPSHOT_WAIT_S", 20)
    made = await open_runtime()
    try:
        assert made.snapshots.current.loaded_at is not None, "no request before the keys are known"
        assert await made.ledger.is_answering()
        assert (made.limits.default_max_output, made.limits.lease_s) == (77, 330)
    finally:
        await made.close()
    assert made.http.closed
    for thread in threading.enumerate():
        if thread.name == "snapshots":
            thread.join(5)
