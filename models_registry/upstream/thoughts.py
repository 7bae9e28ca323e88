"""What a model thought and its upstream sealed, so that it comes back to that upstream through clients of other dialects. Pure.

Some upstreams seal what their models think, and want it back with the next turn. Clients of messages and of responses have a
place for such a seal and send it back as it was. It says whose it is: nobody else could read it, and most would refuse it. In
the neutral spelling it stands beside the words of the model's turn, under KEY. Calls that Google signed travel otherwise: see
call_ids.
"""

from collections.abc import Iterable, Mapping
from typing import Any

KEY = "routerhub_thoughts"
MARK = "rh1:"
Message = Mapping[str, Any]


def sealed(protocol: str, provider: str, secret: object) -> str:
    """A seal that a client carries; empty where the upstream told none."""
    return f"{MARK}{protocol}:{provider}:{secret}" if isinstance(secret, str) and secret else ""


def is_sealed(value: object) -> bool:
    """Whether it is one that RouterHub gave, and no upstream's own."""
    return isinstance(value, str) and value.startswith(MARK)


def opened(seal: object, protocol: str, provider: str) -> str:
    """What this upstream told, as it was; empty where it was another one."""
    whose = f"{MARK}{protocol}:{provider}:"
    return seal.removeprefix(whose) if isinstance(seal, str) and seal.startswith(whose) else ""


def readable(messages: Iterable[Message], protocol: str, provider: str) -> list[Message]:
    """The conversation with the thoughts that this upstream can read, opened. Messages without any are the same objects."""
    return [_readable(message, protocol, provider) if KEY in message else message for message in messages]


def _readable(message: Message, protocol: str, provider: str) -> Message:
    told = [each for each in message[KEY] if isinstance(each, dict)] if isinstance(message[KEY], list) else []
    mine = [{"text": str(each.get("text") or ""), "seal": secret}
            for each in told if (secret := opened(each.get("seal"), protocol, provider))]  # fmt: skip
    return {**message, KEY: mine} if mine else {name: value for name, value in message.items() if name != KEY}
