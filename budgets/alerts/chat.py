"""Chats and email by apprise: which of its services may be used, and one message to one of them.

Its services are taken one by one: asked to find one by itself, it loads all of some hundred and forty, those that run programs
and read files of this machine among them.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from apprise import AppriseAsset
from apprise.exception import AppriseException
from apprise.plugins import NotifyBase
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.email import NotifyEmail
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.gotify import NotifyGotify
from apprise.plugins.mattermost import NotifyMattermost
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.opsgenie import NotifyOpsgenie
from apprise.plugins.pagerduty import NotifyPagerDuty
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.rocketchat import NotifyRocketChat
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.webexteams import NotifyWebexTeams
from apprise.plugins.workflows import NotifyWorkflows
from apprise.plugins.zulip import NotifyZulip
from django.conf import settings
from django.core.exceptions import ValidationError

from budgets.alerts.guard import SETTING
from routerhub.egress import url_refusal

SERVICES: tuple[type[NotifyBase], ...] = (
    NotifyDiscord, NotifyGoogleChat, NotifyGotify, NotifyMattermost, NotifyNtfy, NotifyOpsgenie, NotifyPagerDuty,
    NotifyPushover, NotifyRocketChat, NotifySlack, NotifyTelegram, NotifyWebexTeams, NotifyWorkflows, NotifyZulip,
)  # fmt: skip
"""All lead to a service over HTTP. Microsoft Teams is reached by workflows."""
OPTIONS = (
    "api-version", "channel", "footer", "format", "image", "key", "mode", "priority", "region", "sig", "sp", "sv", "thread", "to",
    "token", "topic",
)  # fmt: skip
"""What may stand behind the question mark: the others read files, or switch checks off."""
ASSET = AppriseAsset(
    app_id="RouterHub",
    app_desc="RouterHub",
    app_url="",
    http_redirects=False,
    secure_logging=True,
    storage_mode="memory",
)


def _schemes(service: type[NotifyBase]) -> set[str]:
    given: tuple[Any, ...] = (service.protocol, service.secure_protocol)
    return {name for each in given if each is not None for name in ((each,) if isinstance(each, str) else each)}


BY_SCHEME = {scheme: service for service in SERVICES for scheme in _schemes(service)}


def checked(url: str) -> str:
    """The name of the service. Raises ValidationError."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.scheme not in BY_SCHEME:
        raise ValidationError(f"{parts.scheme}: not one of {', '.join(sorted(BY_SCHEME))}, or a service's own https.")
    options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if unknown := sorted(options - set(OPTIONS)):
        raise ValidationError(f"{', '.join(unknown)}: not one of the options {', '.join(OPTIONS)}.")
    if problem := url_refusal(url, settings.ALERT_PRIVATE_NETWORKS, SETTING):
        raise ValidationError(problem)
    return str(_service(url).service_name)


def send(url: str, title: str, body: str) -> str:
    """Why it was not taken; empty where it was. Whatever the service answered stays out of it. Raises ValidationError."""
    service = _service(url)
    return "" if service.notify(title=title, body=body) else f"{service.service_name} did not take it."


def send_mail(url: str, title: str, body: str) -> str:
    """The same by a mail server. Raises ValidationError."""
    return "" if _made(NotifyEmail, url).notify(title=title, body=body) else "The mail server did not take it."


def _service(url: str) -> NotifyBase:
    """By its scheme, or by the address that the service itself gives out. Raises ValidationError."""
    named = BY_SCHEME.get(urlsplit(url).scheme)
    if named is not None:
        return _made(named, url)
    own = next((each for each in SERVICES if each.parse_native_url(url)), None)
    if own is None:
        raise ValidationError(
            f"{urlsplit(url).hostname}: no address of {', '.join(str(each.service_name) for each in SERVICES)}."
        )
    return _made(own, url)


def _made(service: type[NotifyBase], url: str) -> NotifyBase:
    read = service.parse_url(url) if urlsplit(url).scheme != "https" else service.parse_native_url(url)
    try:
        return service(**{**(read or {}), "asset": ASSET})
    except (AppriseException, TypeError) as problem:
        raise ValidationError(f"This is no address of {service.service_name} as apprise writes it.") from problem
