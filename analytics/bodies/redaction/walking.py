"""A whole body without what was found in it: texts, arguments of tools, pictures, vectors. Pure.

The dialects of chat completions, responses, messages and embeddings are all JSON with texts somewhere, so that no field of theirs
is known here but by what its name says of its value.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from analytics.bodies.redaction import secrets
from analytics.bodies.redaction.texts import redacted
from analytics.bodies.redaction.types import Kind

MAX_DEPTH = 64
MAX_NUMBERS = 64
"""A longer list of numbers is a vector or tokens: it is told by its length."""
NODE = 8
"""What a value counts beside its characters, so that a body of many empty ones has an end too."""
SECRET_NAME = re.compile(rf"(?:.*[_-])?(?:{secrets.NAMES})", re.IGNORECASE)
NOT_SECRET = frozenset({"max_tokens", "token", "tokens", "signature"})
"""Names in these dialects that are none: values of them are looked at as any other's."""
BYTES = re.compile(r"[A-Za-z0-9+/_-]{128,}={0,2}")
BYTES_NAMES = ("media_type", "mime_type", "mimeType", "format")
BYTES_KIND = re.compile(r"[\w.+-]{1,32}(?:/[\w.+-]{1,64})?")
MAX_NAME = 200
PLAIN_NAME = re.compile(r"[A-Za-z_]{1,64}")
"""A field's name that cannot be anything else."""
CUT = "[cut]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Redacted:
    """What is kept of a body."""

    value: Any
    counts: Mapping[Kind, int]
    """How often something of a kind was taken out."""
    is_cut: bool
    """Whether the body was longer than what is kept of it."""


def redact(body: Any, regions: tuple[str, ...], most: int) -> Redacted:
    """A body of JSON values, with about `most` characters of it. Telephone numbers without a country's code are those of
    `regions`."""
    walk = _Walk(regions=regions, left=most)
    value = walk.value(body, "", 0)
    return Redacted(value=value, counts=dict(walk.counts), is_cut=walk.is_cut)


@dataclass(kw_only=True, slots=True)
class _Walk:
    regions: tuple[str, ...]
    left: int
    """Characters that may still be kept."""
    is_cut: bool = False
    counts: Counter[Kind] = field(default_factory=Counter)

    def value(self, value: Any, name: str, depth: int) -> Any:
        if self.left <= 0 or depth > MAX_DEPTH:
            self.is_cut = True
            return CUT
        self.left -= NODE
        if isinstance(value, str):
            return self._text(value, name, depth)
        if isinstance(value, Mapping):
            return self._object(value, depth)
        if isinstance(value, Sequence):
            return self._list(value, name, depth)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value)
        return value

    def _object(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, each in value.items():
            if self.left <= 0:
                self.is_cut = True
                break
            told = self._name(str(name))
            if isinstance(each, str) and BYTES.fullmatch(each):
                kind = next((str(value[known]) for known in BYTES_NAMES if known in value), "")
                found[told] = self._bytes(kind, len(each) * 3 // 4)
            else:
                found[told] = self.value(each, str(name), depth + 1)
        return found

    def _list(self, value: Sequence[Any], name: str, depth: int) -> Any:
        if len(value) > MAX_NUMBERS and all(isinstance(each, int | float) for each in value):
            return f"[{len(value):,} numbers]"
        found = []
        for each in value:
            if self.left <= 0:
                self.is_cut = True
                break
            found.append(self.value(each, name, depth + 1))
        return found

    def _text(self, text: str, name: str, depth: int) -> str:
        if text.startswith("data:") and ";base64," in text[:128]:
            kind, _, content = text[5:].partition(";base64,")
            return self._bytes(kind, len(content) * 3 // 4)
        if name not in NOT_SECRET and len(text) >= 4 and SECRET_NAME.fullmatch(name[-64:]):
            self.counts["password"] += 1
            return "[password]"
        if text[:1] in {"{", "["} and (told := self._json(text, depth)) is not None:
            return told
        return self._plain(text)

    def _json(self, text: str, depth: int) -> str | None:
        """A text that is an object or a list itself, as arguments of tools are. None: it is neither."""
        if len(text) > 2 * self.left:
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        return orjson.dumps(self.value(value, "", depth + 1)).decode()

    def _plain(self, text: str) -> str:
        """Without halves of surrogate pairs, which upstreams may write and nobody can keep."""
        text = text if text.isascii() else text.encode(errors="replace").decode()
        most, self.left = max(0, self.left), self.left - len(text)
        kept = redacted(text, self.regions, self.counts, most)
        if len(text) <= most:
            return kept
        self.is_cut = True
        return f"{kept}… [{len(text) - most:,} characters more]"

    def _name(self, name: str) -> str:
        """A field's own name may be what somebody wrote, too."""
        self.left -= min(len(name), MAX_NAME)
        return name if PLAIN_NAME.fullmatch(name) else redacted(name, self.regions, self.counts, MAX_NAME)

    def _number(self, value: int | float) -> Any:
        """A card's number or a person's may be no text."""
        text = str(value)
        return value if len(text) < 9 or (told := redacted(text, self.regions, self.counts, 64)) == text else told

    def _bytes(self, kind: str, size: int) -> str:
        self.counts["media"] += 1
        self.left -= NODE
        return f"[{kind if BYTES_KIND.fullmatch(kind) else 'bytes'}, {size:,} bytes]"
