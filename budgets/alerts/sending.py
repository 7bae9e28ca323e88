"""One message to one channel, over the network. No database is touched here: many are sent at once, each in a thread."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from standardwebhooks import Webhook

from budgets.alerts import chat
from budgets.alerts.channels import mail_url
from budgets.alerts.guard import REFUSED, guarded
from budgets.choices import ChannelKind

MAX_SEND_S = 30.0
"""Whoever has not taken a message by then has not taken it, however slowly it goes on."""
CONNECT_S, READ_S = 5.0, 15.0
GONE = 410
"""What a receiver says that wants no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent where."""

    delivery_id: int
    message_id: str
    kind: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """That a webhook is signed with, the newest first."""
    content: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a try went."""

    error: str = ""
    """Short, without a word of the receiver's; empty: it was delivered."""
    status: int | None = None
    is_final: bool = False
    """Whether there is no use in trying again."""
    took_ms: int = 0


def send_all(messages: Sequence[Message], max_s: float = MAX_SEND_S) -> Mapping[int, Outcome]:
    """Send them at once. How each went, by the id of its delivery."""
    done: SimpleQueue[tuple[int, Outcome]] = SimpleQueue()
    for each in messages:
        threading.Thread(target=_send_into, args=(done, each), daemon=True).start()
    late = Outcome(error=f"It was not taken within {max_s:g} s.", took_ms=round(max_s * 1_000))
    found = dict.fromkeys((each.delivery_id for each in messages), late)
    ends_at = time.monotonic() + max_s
    for _ in messages:
        try:
            delivery_id, outcome = done.get(timeout=max(0.0, ends_at - time.monotonic()))
        except Empty:
            break
        found[delivery_id] = outcome
    return found


def _send_into(done: "SimpleQueue[tuple[int, Outcome]]", message: Message) -> None:
    begun = time.monotonic()
    try:
        outcome = send(message)
    except Exception as problem:  # of whichever library: the receiver's word for it may hold a secret
        outcome = Outcome(error=f"It could not be sent: {type(problem).__name__}.")
    took_ms = round((time.monotonic() - begun) * 1_000)
    done.put(
        (
            message.delivery_id,
            Outcome(error=outcome.error, status=outcome.status, is_final=outcome.is_final, took_ms=took_ms),
        )
    )


def send(message: Message) -> Outcome:
    """The mail server is the site's own; all else is somebody's address, and guarded."""
    try:
        if message.kind == ChannelKind.EMAIL:
            return Outcome(error=chat.send_mail(mail_url(message.url), *_text(message)))
        with guarded(settings.ALERT_PRIVATE_NETWORKS) as guard:
            is_webhook = message.kind == ChannelKind.WEBHOOK
            outcome = _posted(message) if is_webhook else Outcome(error=chat.send(message.url, *_text(message)))
    except ValidationError as problem:
        return Outcome(error=problem.messages[0])
    return Outcome(error=REFUSED) if guard.has_refused and outcome.error else outcome


def _text(message: Message) -> tuple[str, str]:
    """Title and body for people."""
    data = message.content["data"]
    figures = [f"{name.replace('_', ' ')}: {value}" for name, value in data["figures"].items() if value is not None]
    return str(data["title"]), "\n".join([*figures, f"Message {message.message_id}"])


def _posted(message: Message) -> Outcome:
    """By the scheme of standardwebhooks.com. A redirect is not followed, and the answer is not read."""
    body = json.dumps(message.content, sort_keys=True)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                message.url, data=body.encode(), headers=_headers(message, body), timeout=(CONNECT_S, READ_S),
                allow_redirects=False, stream=True,
            )  # fmt: skip
            status = answer.status_code
            answer.close()
    except requests.Timeout:
        return Outcome(error="It did not answer in time.")
    except requests.exceptions.SSLError:
        return Outcome(error="Its certificate is not valid.")
    except requests.RequestException as problem:
        return Outcome(error=f"It could not be reached: {type(problem).__name__}.")
    is_taken = status // 100 == 2
    return Outcome(error="" if is_taken else f"It answered {status}.", status=status, is_final=status == GONE)


def _headers(message: Message, body: str) -> dict[str, str]:
    moment = datetime.now(UTC)
    signed = (Webhook(secret).sign(message.message_id, moment, body) for secret in message.secrets)
    return {
        "Content-Type": "application/json", "User-Agent": "RouterHub", "webhook-id": message.message_id,
        "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": " ".join(signed),
    }  # fmt: skip
