"""What the sandbox has to know of a dialect to speak it: how a body asks, and how answers are spelled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import orjson

from models_registry.sandbox.answers import Answer

Json = dict[str, Any]


class Dialect(Protocol):
    """One dialect. `asked` is a body in the words of OpenAI's chat completions, which answers are made from."""

    def asked(self, body: Mapping[str, Any], path: Mapping[str, str]) -> Json:
        """A body in those words; `path` has what the address says. Raises whatever a body of another shape makes it raise."""
        ...

    def whole(self, asked: Json, made: Sequence[Answer]) -> Json: ...

    def begin(self, asked: Json, made: Sequence[Answer]) -> bytes:
        """What a stream begins with, before anything of the answers."""
        ...

    def pieces(self, asked: Json, made: Sequence[Answer]) -> Iterator[bytes]:
        """Events, each of which brings something of the answers."""
        ...

    def end(self, asked: Json, made: Sequence[Answer]) -> bytes:
        """What a complete stream ends with, usage included."""
        ...

    def error(self, status: int, message: str, param: str | None) -> Json: ...


class Vectors(Dialect, Protocol):
    """One that has embeddings too."""

    def asked_vectors(self, body: Mapping[str, Any]) -> Json:
        """A body in OpenAI's words. Raises whatever a body of another shape makes it raise."""
        ...

    def vectors(self, made: Json) -> Json:
        """OpenAI's answer in its own words."""
        ...


def event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def named_event(kind: str, values: Mapping[str, Any]) -> bytes:
    """One whose type stands beside it and in it."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **values}))


def called(call: Mapping[str, Any]) -> Any:
    """The arguments of a call, as an object."""
    return orjson.loads(call["function"]["arguments"])
