"""Which providers can be called from this process: those whose key stands in the environment, or the sandbox."""

import hashlib
import os
from collections.abc import Iterable, Mapping

from django.conf import settings

from models_registry.types import HEALTHY, SANDBOX, Availability, Health, Provider


def base_url(provider: Provider, environment: Mapping[str, str] = os.environ) -> str:
    """The provider's address. OPENAI_BASE_URL and its like, beside the key's variable, take its place."""
    override = provider.credential_env.removesuffix("_API_KEY") + "_BASE_URL" if provider.credential_env else ""
    return (environment.get(override) or provider.base_url).rstrip("/")


def api_key(provider: Provider, environment: Mapping[str, str] = os.environ) -> str:
    return environment.get(provider.credential_env, "") if provider.credential_env else ""


def can_call(provider: Provider, environment: Mapping[str, str] = os.environ) -> bool:
    """A provider that needs no key can always be called, as soon as it has an address."""
    return bool(base_url(provider, environment)) and (
        not provider.credential_env or bool(api_key(provider, environment))
    )


def current(providers: Iterable[Provider], health: Health = HEALTHY) -> Availability:
    """What can be called now. In SANDBOX=auto the sandbox steps in while no provider has a key."""
    callable_now = frozenset(each.name for each in providers if can_call(each))
    sandbox = settings.SANDBOX == "on" or (settings.SANDBOX == "auto" and not callable_now)
    return Availability(providers=callable_now, sandbox=sandbox, health=health)


def sandbox_provider() -> Provider:
    """The sandbox as a provider, at the address that the environment gives."""
    return Provider(
        name=SANDBOX, title="Sandbox", protocol="openai", base_url=settings.SANDBOX_BASE_URL, credential_env=""
    )


KNOWN: dict[str, Availability] = {}


def digest(availability: Availability) -> str:
    """A name of the facts."""
    name = hashlib.sha256(repr(availability).encode()).hexdigest()
    KNOWN[name] = availability
    return name
