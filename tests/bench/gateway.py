"""The gateway beside the bare sandbox that it calls: the same client, the same cores, one run."""

import aiohttp
import orjson

from tests.bench.figures import measure
from tests.stack import running_stack

SECONDS = 4
CLIENTS = 16
BODY = orjson.dumps(
    {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], "sandbox": {"output_tokens": 20}}
)


async def main() -> None:
    with running_stack(processes=1, LOG_LEVEL="WARNING") as stack:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def post(url: str) -> None:
                headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json"}
                async with session.post(f"{url}/chat/completions", data=BODY, headers=headers) as response:
                    await response.read()
                    if response.status != 200:
                        raise AssertionError(response.status)

            print(f"gateway: one process, {CLIENTS} clients, client and database on the same cores")
            rates = {}
            for name, url in (("sandbox alone", stack.env["SANDBOX_BASE_URL"]), ("gateway", f"{stack.url}/v1")):
                await measure(lambda url=url: post(url), CLIENTS, 0.5)  # type: ignore[misc]
                rates[name], p50, p99 = await measure(lambda url=url: post(url), CLIENTS, SECONDS)  # type: ignore[misc]
                print(f"  {name:<14} {rates[name]:>7,.0f}/s   p50 {p50:.1f} ms   p99 {p99:.1f} ms", flush=True)
            print(f"  ratio: {rates['gateway'] / rates['sandbox alone']:.2f}", flush=True)
