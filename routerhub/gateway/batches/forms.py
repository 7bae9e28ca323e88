"""A form with a file in it (multipart/form-data), read part by part as it comes, so that no file is in memory or on disk."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from routerhub.gateway.errors import BadRequest

ALLOWED = "a form (multipart/form-data) as OpenAI's clients send it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One field of a form."""

    name: str
    filename: str | None
    """None: the field is no file."""


class _Reading:
    """What the parser found since it was last asked."""

    def __init__(self, boundary: bytes) -> None:
        self.found: list[tuple[Part, bytes]] = []
        self.is_whole = False
        self._part = Part(name="", filename=None)
        self._header, self._value = b"", b""
        self._disposition = b""
        self.parser = MultipartParser(
            boundary,
            {
                "on_header_field": self._on_header,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_end": self._on_end,
            },
        )

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name, filename = options.get(b"name", b""), options.get(b"filename")
        self._disposition = b""
        self._part = Part(name=_text(name), filename=None if filename is None else _text(filename))
        self.found.append((self._part, b""))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self.found.append((self._part, data[start:end]))

    def _on_end(self) -> None:
        self.is_whole = True


async def parts(content_type: str, body: AsyncIterator[bytes]) -> AsyncIterator[tuple[Part, bytes]]:
    """Each part's content as it comes, beginning with an empty piece. Raises BadRequest."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest(f"The content type is {content_type[:100]!r}; allowed is {ALLOWED}.", "Content-Type")
    try:
        reading = _Reading(options[b"boundary"])
        async for data in body:
            reading.parser.write(data)
            for found in reading.found:
                yield found
            reading.found.clear()
    except FormParserError as problem:
        raise BadRequest(f"The body is no form: {problem} Allowed is {ALLOWED}.") from problem
    if not reading.is_whole:
        raise BadRequest(f"The form ends too soon. Allowed is {ALLOWED}.")


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
