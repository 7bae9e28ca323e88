"""Which providers can be called from this process, and what is known of how models do: the facts a decision goes by."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings

from models_registry.types import (
    HEALTHY,
    SANDBOX,
    Availability,
    Facts,
    Health,
    Measured,
    Protocol,
    Provider,
    ProviderKey,
)

UNMEASURED: Facts = ({}, {}, {})
NO_CIRCUITS: Mapping[str, str] = {}
Keys = Mapping[str, tuple[ProviderKey, ...]]
_held: list[Keys] = [{}]
_measuring: list[Callable[[], Facts]] = []


def base_url(provider: Provider, environment: Mapping[str, str] = os.environ) -> str:
    """The provider's address. OPENAI_BASE_URL and its like, beside the key's variable, take its place."""
    override = provider.credential_env.removesuffix("_API_KEY") + "_BASE_URL" if provider.credential_env else ""
    return (environment.get(override) or provider.base_url).rstrip("/")


def origin(url: str) -> str:
    """Scheme, host and port: whom a URL belongs to."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def keys(provider: Provider, environment: Mapping[str, str] = os.environ) -> tuple[ProviderKey, ...]:
    """The keys by which a provider is called, in the order in which they are tried: those of the rows, then that of the
    environment. One that needs none has one without a secret; empty: it needs one, and there is none.

    A key of a row is for the address that its provider had when it was given: who changes that has to give it anew."""
    meant = origin(provider.base_url)
    rows = tuple(key for key in held().get(provider.name, ()) if key.origin in {None, meant})
    name = provider.credential_env
    secret = environment.get(name, "") if name else ""
    own = (key_of(provider.name, name, secret),) if secret else ()
    return (*rows, *own) or (() if name else (no_key(provider),))


def hold(keys: Keys) -> None:
    """Let the keys of the rows count in this process from now on: whoever has read them says so here."""
    _held[:] = [keys]


def held() -> Keys:
    """The keys of the rows that count at the moment, by provider."""
    return _held[0]


def no_key(provider: Provider) -> ProviderKey:
    """What a provider is called with that needs none, or of which none is known here: it may say so itself."""
    return ProviderKey(label="", secret="", id=f"{provider.name} without a key")


def key_of(provider: str, label: str, secret: str, origin: str | None = None) -> ProviderKey:
    """A key with the id that tells whether it was changed."""
    mark = hashlib.blake2b(secret.encode(errors="surrogatepass"), digest_size=6, person=b"providerkey").hexdigest()
    return ProviderKey(label=label, secret=secret, id=f"{provider} key {label} {mark}", mark=mark, origin=origin)


def can_call(provider: Provider, environment: Mapping[str, str] = os.environ) -> bool:
    """A provider that needs no key can always be called, as soon as it has an address."""
    return bool(base_url(provider, environment)) and bool(keys(provider, environment))


def current(
    providers: Iterable[Provider],
    health: Health = HEALTHY,
    latency_ms: Mapping[str, int] = UNMEASURED[0],
    tokens_per_second: Mapping[str, float] = UNMEASURED[1],
    measured: Mapping[str, Measured] = UNMEASURED[2],
    open_circuits: Mapping[str, str] = NO_CIRCUITS,
) -> Availability:
    """What can be called now. In SANDBOX=auto the sandbox steps in while no provider has a key."""
    callable_now = frozenset(each.name for each in providers if can_call(each))
    sandbox = settings.SANDBOX == "on" or (settings.SANDBOX == "auto" and not callable_now)
    return Availability(
        providers=callable_now,
        sandbox=sandbox,
        open_circuits=open_circuits,
        health=health,
        latency_ms=latency_ms,
        tokens_per_second=tokens_per_second,
        measured=measured,
    )


def sandbox_provider() -> Provider:
    """The sandbox as a provider, at the address that the environment gives."""
    return Provider(
        name=SANDBOX,
        title="Sandbox",
        protocol=cast("Protocol", settings.SANDBOX_PROTOCOL),
        base_url=settings.SANDBOX_BASE_URL,
        credential_env="",
    )


# --- measured facts


def measure_by(read: Callable[[], Facts]) -> None:
    """Who measures says here how the figures are read: analytics, which stands above and is not known here."""
    _measuring[:] = [read]


def measured() -> Facts:
    """How models did lately. Raises DatabaseError."""
    return _measuring[0]() if _measuring else UNMEASURED


# --- as JSON


def as_json(availability: Availability) -> dict[str, Any]:
    """Every fact, in one form: equal values give equal texts."""
    return {
        "providers": sorted(availability.providers),
        "sandbox": availability.sandbox,
        "open_circuits": sorted(availability.open_circuits.items()),
        "down": sorted(availability.health.down),
        "degraded": sorted(availability.health.degraded),
        "latency_ms": dict(sorted(availability.latency_ms.items())),
        "tokens_per_second": dict(sorted(availability.tokens_per_second.items())),
        "measured": {name: asdict(each) for name, each in sorted(availability.measured.items())},
    }


def from_json(raw: Mapping[str, Any]) -> Availability:
    """The facts out of their JSON."""
    return Availability(
        providers=frozenset(raw["providers"]),
        sandbox=raw["sandbox"],
        open_circuits=dict(raw["open_circuits"]),
        health=Health(down=frozenset(raw["down"]), degraded=frozenset(raw["degraded"])),
        latency_ms=raw["latency_ms"],
        tokens_per_second=raw["tokens_per_second"],
        measured={name: Measured(**each) for name, each in raw.get("measured", {}).items()},
    )


def digest(availability: Availability) -> str:
    """What names these facts: 32 hexadecimal digits, the same for equal facts."""
    text = json.dumps(as_json(availability), separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
