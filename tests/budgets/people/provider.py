"""A small OpenID Connect provider on loopback: discovery, keys, authorization code with PKCE, signed tokens and userinfo."""

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET, KID = "routerhub", "a secret of a test", "one"


@dataclass
class Provider:
    """Says of whoever comes what the test wrote down. `claims` go into the id_token, `access` and `userinfo` into those."""

    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001"})
    access: dict[str, Any] | None = None
    """None: the access token is one that only the provider can read."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    signed_by: Any = None
    """Another key than the published one, where a test forges."""
    algorithm: str = "RS256"
    audience: str = CLIENT
    called: str | None = None
    """What it calls itself, where that is not its address."""
    challenges: dict[str, str] = field(default_factory=dict)
    exchanged: int = 0

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        handler = type("Bound", (Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, address: str) -> str:
        """What a browser does that is sent to the provider, where somebody is signed in: the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.challenges[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def tokens(self, form: dict[str, str]) -> dict[str, Any] | None:
        challenge = self.challenges.pop(form["code"], None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if challenge != base64.urlsafe_b64encode(digest).decode().rstrip("=") or form.get("client_secret") != SECRET:
            return None
        self.exchanged += 1
        access = "opaque" if self.access is None else self._signed(self.access)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": self._signed({**self.claims, "aud": self.audience}),
        }

    def _signed(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        told = {"iss": self.called or self.issuer, "iat": now, "exp": now + 60, **claims}
        key = (
            "a shared secret that nobody shared, really"
            if self.algorithm.startswith("HS")
            else self.signed_by or self.key
        )
        return jwt.encode(told, key, self.algorithm, {"kid": KID})

    def answers(self) -> dict[str, Any]:
        jwk = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.called or self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys", "token_endpoint_auth_methods_supported": ["client_secret_post"],
            },
            "/keys": {"keys": [{**jwk, "kid": KID, "use": "sig", "alg": "RS256"}]},
            "/userinfo": {"sub": self.claims["sub"], **self.userinfo},
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        self._send(self.provider.answers().get(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._send(self.provider.tokens({name: values[0] for name, values in parse_qs(body).items()}))

    def _send(self, answer: Any) -> None:
        body = json.dumps(answer or {"error": "invalid_request"}).encode()
        self.send_response(200 if answer else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
