"""Chats by apprise: which of its services may be used, and one message to one of them."""

from urllib.parse import parse_qsl, urlsplit

import apprise
from django.conf import settings
from django.core.exceptions import ValidationError

from budgets.alerts.guard import SETTING
from routerhub.egress import url_refusal

SERVICES = (
    "discord", "gchat", "gotify", "gotifys", "mmost", "mmosts", "ntfy", "ntfys", "opsgenie", "pagerduty", "pover",
    "rocket", "rockets", "slack", "tgram", "workflows", "wxteams", "zulip",
)  # fmt: skip
"""Schemes of apprise that lead to a service over HTTP, and to nothing on this machine. Microsoft Teams is workflows."""
OPTIONS = (
    "api-version", "channel", "footer", "format", "image", "key", "mode", "priority", "region", "sig", "sp", "sv", "thread", "to",
    "token", "topic",
)  # fmt: skip
"""What may stand behind the question mark: the others read files, or switch checks off."""
ASSET = apprise.AppriseAsset(
    app_id="RouterHub", app_desc="RouterHub", app_url="", http_redirects=False, secure_logging=True, storage_mode="memory",
    plugin_paths=[],
)  # fmt: skip


def checked(url: str) -> str:
    """The name of the service. Raises ValidationError."""
    parts = urlsplit(url)
    service = _service(url) if parts.scheme in {"https", *SERVICES} else None
    if service is None or not set(service.schemas()) & set(SERVICES):
        raise ValidationError(
            f"{parts.scheme}: not one of {', '.join(SERVICES)}. Write e.g. slack://A/B/C/#channel or the service's own https "
            "address."
        )
    options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if unknown := sorted(options - set(OPTIONS)):
        raise ValidationError(f"{', '.join(unknown)}: not one of the options {', '.join(OPTIONS)}.")
    if problem := url_refusal(url, settings.ALERT_PRIVATE_NETWORKS, SETTING):
        raise ValidationError(problem)
    return str(service.service_name)


def send(url: str, title: str, body: str) -> str:
    """Why it was not taken; empty where it was. Whatever the service answered stays out of it."""
    service = _service(url)
    if service is None:
        return "apprise cannot read its address."
    return "" if service.notify(title=title, body=body) else f"{service.service_name} did not take it."


def _service(url: str) -> apprise.NotifyBase | None:
    return apprise.Apprise.instantiate(url, asset=ASSET)
