"""Whether the sandbox answers for all models at the moment, for pages that say so."""

from django.conf import settings

from models_registry import availability, provider_keys
from routerhub.releases import live


def answers() -> bool:
    """By the setting or, where it is auto, by whether no provider of the live catalogue can be called. Raises DatabaseError."""
    if settings.SANDBOX != "auto":
        return bool(settings.SANDBOX == "on")
    catalogue = live.current().lines["catalogue"].stable
    availability.hold(provider_keys.read())
    return not any(map(availability.can_call, catalogue.providers.values()))
