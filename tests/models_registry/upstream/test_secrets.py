"""No key and no prompt is in a log, however a server answers and whatever it repeats. An error can be told without the key."""

import logging
from collections.abc import Sequence

import pytest

from models_registry.upstream.errors import UpstreamError
from models_registry.upstream.registry import ADAPTERS
from models_registry.upstream.wire import http
from tests.models_registry.upstream.raw_server import CLOSE, RESET, Step, head, serving, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS
from tests.models_registry.upstream.test_contract import asked, collected, framed

pytestmark = pytest.mark.anyio
KEY, PROMPT = "sk-canary-5", "a canary sings"
REPEATED = (
    f'{{"error": {{"message": "Incorrect API key provided: {KEY}", "code": "{KEY}", "param": "{KEY}"}}}}'.encode()
)
FAILURES: Sequence[Sequence[Step]] = (
    *([whole(REPEATED, f"{status} No")] for status in (400, 401, 403, 404, 429, 500, 503)),
    [whole(REPEATED)], [whole(b"<html>" + KEY.encode())], [head(Content_Length=9), CLOSE], [RESET], [b"garbage\r\n\r\n"],
    [whole(b"", "302 Found", Location="http://169.254.169.254/")], streamed(*framed([REPEATED]).splitlines(True)),
)  # fmt: skip


@pytest.mark.parametrize("protocol", sorted(ADAPTERS))
async def test_no_failure_is_logged_with_key_or_prompt_or_told_with_the_key(
    protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    async with http.open_session() as session:
        adapter = ADAPTERS[protocol](session)
        for steps in FAILURES:
            async with serving(steps) as server:
                content = {"messages": [{"role": "user", "content": PROMPT}]}
                request = asked(server, api_key=KEY, content=content)
                for call in (adapter.complete(request), collected(adapter, server, api_key=KEY, content=content)):
                    with pytest.raises(UpstreamError) as caught:
                        await call
                    caught.value.hide(KEY)
                    told.append((str(caught.value), caught.value.code, caught.value.param))
    assert "Incorrect API key provided: [hidden]" in {message for message, *_ in told}
    assert "canary" not in f"{told}{caplog.text}"


@pytest.mark.parametrize("protocol", sorted(ADAPTERS))
async def test_a_key_is_in_no_address(protocol: str) -> None:
    async with http.open_session() as session, serving([whole(SPELLINGS[protocol].answer)]) as server:
        await ADAPTERS[protocol](session).complete(asked(server, api_key=KEY))
    (sent,) = server.requests
    assert KEY.encode() not in sent.split(b"\r\n")[0]
