"""How settings are read from the environment: a senseless value stops the start and says what to write."""

import base64
import hashlib
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
MAX_SOCKET_PATH = 100
"""Bytes: systems allow 104 to 108."""
ENGINE = "routerhub.tenancy.postgresql"
"""Django's name of how databases are asked."""


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value: str = env.str(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(allowed)}.")
    return value


def flag(name: str, default: bool) -> bool:
    """`true` or `false`; anything else is refused rather than read as false."""
    raw = env.str(name, "true" if default else "false").lower()
    if raw not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name}={raw!r}: write true or false.")
    return raw in {"true", "1", "yes", "on"}


def number(name: str, default: float, low: float, high: float) -> float:
    raw = env.str(name, str(default))
    try:
        value = float(raw)
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name}={raw!r}: write a number from {low:g} to {high:g}.") from problem
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={raw!r}: write a number from {low:g} to {high:g}.")
    return value


def networks(name: str, default: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks like 10.0.0.0/8, with commas between them."""
    raw: str = env.str(name, default)
    try:
        return tuple(ip_network(each.strip()) for each in raw.split(",") if each.strip())
    except ValueError as problem:
        raise ImproperlyConfigured(f"{name}={raw!r}: {problem}. Write networks like 10.0.0.0/8,fd00::/8.") from problem


def regions(name: str, default: str) -> tuple[str, ...]:
    """Countries by their two letters, like US,GB, with commas between them."""
    found = tuple(each.strip().upper() for each in env.str(name, default).split(",") if each.strip())
    if wrong := [each for each in found if not re.fullmatch("[A-Z]{2}", each)]:
        raise ImproperlyConfigured(f"{name} has {wrong[0]!r} in it: write countries by their two letters, like US,GB.")
    return found


def places(name: str) -> dict[str, dict[str, Any]]:
    """Databases by the names of their places, like west=postgres://…,east=postgres://…."""
    found = {}
    for each in env.list(name, default=[]):
        place, _, url = each.strip().partition("=")
        if not re.fullmatch("[a-z][a-z0-9-]{0,31}", place) or not url.startswith(("postgres://", "postgresql://")):
            raise ImproperlyConfigured(
                f"{name} has {place!r} in it: write NAME=postgres://…, the name of lower-case letters, digits and dashes."
            )
        found[place] = {
            **env.db_url_config(url),
            "ENGINE": ENGINE,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": 2},
        }
    return found


def mail_url(name: str) -> str:
    """A mail server as apprise writes it, or nothing."""
    raw: str = env.str(name, "")
    if raw and (urlsplit(raw).scheme not in {"mailto", "mailtos"} or not urlsplit(raw).hostname):
        raise ImproperlyConfigured(
            f"{name} is no mail server: write mailtos://user:password@smtp.example.com:587?from=alerts@example.com."
        )
    return raw


def origin(name: str) -> str:
    """An address without a path, or nothing."""
    raw: str = env.str(name, "")
    parts = urlsplit(raw)
    if raw and (parts.scheme not in {"http", "https"} or not parts.hostname or raw.rstrip("/").count("/") != 2):
        raise ImproperlyConfigured(f"{name}={raw!r}: write an address without a path, like http://127.0.0.1:8001.")
    return raw.rstrip("/")


def encoder_socket(name: str) -> str:
    """Where the encoder listens: an absolute path, tcp://HOST:PORT, or nothing."""
    raw: str = env.str(name, "")
    parts = urlsplit(raw)
    try:
        is_tcp = parts.scheme == "tcp" and bool(parts.hostname and parts.port) and not parts.path.strip("/")
    except ValueError:
        is_tcp = False
    if raw and not is_tcp and not (raw.startswith("/") and len(raw.encode()) <= MAX_SOCKET_PATH):
        raise ImproperlyConfigured(
            f"{name}={raw!r}: write an absolute path of at most {MAX_SOCKET_PATH} bytes, or tcp://HOST:PORT."
        )
    return raw


def storage_keys(name: str, otherwise: str) -> tuple[bytes, ...]:
    """Keys of 32 bytes in URL-safe base64, with commas between them, the newest first; without any, one that is derived from a
    secret."""
    raw: list[str] = env.list(name, default=[])
    try:
        keys = tuple(base64.urlsafe_b64decode(each.strip()) for each in raw)
    except ValueError:
        keys = (b"",)
    if any(len(key) != 32 for key in keys):
        raise ImproperlyConfigured(
            f"{name} has something else than 32 bytes in URL-safe base64: write "
            "`python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'`."
        )
    return keys or (hashlib.sha256(f"routerhub storage {otherwise}".encode()).digest(),)


def token(name: str) -> str:
    """A secret of at least 16 visible characters, or nothing."""
    value: str = env.str(name, "")
    if value and (len(value) < 16 or not all("!" <= each <= "~" for each in value)):
        raise ImproperlyConfigured(
            f"{name} is too short, or has a space or a letter that no header takes: write at least 16 characters such as "
            "`python -c 'import secrets; print(secrets.token_urlsafe(24))'` makes."
        )
    return value


def traces() -> bool:
    """Whether OpenTelemetry's variables say where traces go."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    if flag("OTEL_SDK_DISABLED", False) or not any(env.str(name, "") for name in names):
        return False
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        choice(name, "http/protobuf", ("http/protobuf",))
    return True
