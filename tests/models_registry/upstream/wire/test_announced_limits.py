"""Whoever answers may say that its limit is used up now: every adapter passes that on, since all go through http.post."""

import pytest

from models_registry.upstream.errors import Overloaded
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire.http import open_session
from tests.models_registry.upstream.raw_server import serving, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import asked

pytestmark = pytest.mark.anyio
USED_UP = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}


@pytest.mark.parametrize("protocol", sorted(SPELLINGS))
async def test_an_answer_that_uses_the_limit_up_tells_for_how_long(protocol: str) -> None:
    heard: list[float] = []
    async with open_session() as session, serving([whole(SPELLINGS[protocol].answer, **USED_UP)]) as server:
        await open_adapters(session)[protocol].complete(asked(server, on_limit=heard.append))
    assert heard == [360.0]


@pytest.mark.parametrize("protocol", sorted(SPELLINGS))
async def test_a_429_without_a_pause_asks_for_that_until_the_reset(protocol: str) -> None:
    refused = whole(b'{"error": {"message": "slow down"}}', "429 Too Many Requests", **USED_UP)
    async with open_session() as session, serving([refused]) as server:
        with pytest.raises(Overloaded) as caught:
            await open_adapters(session)[protocol].complete(asked(server))
    assert caught.value.retry_after_s == 360.0


async def test_nothing_is_told_while_something_remains() -> None:
    heard: list[float] = []
    answer = whole(SPELLINGS["openai"].answer, **{**USED_UP, "x-ratelimit-remaining-requests": "1"})
    async with open_session() as session, serving([answer]) as server:
        await open_adapters(session)["openai"].complete(asked(server, on_limit=heard.append))
    assert heard == []
