"""A gateway around one model that is served in a dialect of the test's choice, by bytes and without a socket."""

from typing import Any

from models_registry.types import SANDBOX, Provider
from models_registry.upstream.registry import open_adapters
from routerhub.gateway.runtime import Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.exchange import CHAT, Exchange
from tests.gateway.fakes import again, rankings, runtime
from tests.models_registry.upstream.fake_session import FakeSession

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
USER = {"role": "user", "content": "Hello"}
ASKED: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [USER]},
    MESSAGES: {"messages": [USER], "max_tokens": 50},
    RESPONSES: {"input": [USER]},
}
"""A good body of each client's dialect, by its address."""
SANDBOXED = Provider(name=SANDBOX, title="", protocol="openai", base_url="http://x.invalid", credential_env="")


class Spoken(Exchange):
    """One exchange with a gateway whose one upstream speaks `protocol` and says `body`, as a stream where `kind` says so."""

    def __init__(self, protocol: str, body: bytes, kind: str = "application/json", **limits: Any) -> None:
        super().__init__()
        self.session = FakeSession(body, kind)
        capabilities = frozenset({"vision", "audio", "tools", "streaming", "structured_output"})
        model = router_fakes.model("acme:gemini-3.8-flash", supports_reasoning=True, capabilities=capabilities)
        catalogue = router_fakes.catalogue(model, acme={"protocol": protocol})
        made = runtime(None, self.ledger, met=again(rankings(model), catalogue=catalogue), **limits)
        session: Any = self.session
        made.upstreams = Upstreams(open_adapters(session), SANDBOXED)
        self.gateway.runtime = made
