"""Server-sent events out of bytes as they come, in whatever pieces they come. Pure.

Lines end at CR, LF or CRLF and nowhere else: JSON texts may hold any other separator (U+2028, U+0085, form feeds) raw.
"""

from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""The largest thing that a model sends in one event is a picture, of a few megabytes in base64."""


class TooLong(Exception):
    """A line or an event is longer than MAX_EVENT_BYTES."""


class EventParser:
    """Feed it bytes; it gives the data of every event that is complete. Comments and other fields are passed over.

    What is not complete when the bytes end was never an event, as the standard has it.
    """

    def __init__(self) -> None:
        self._unended: list[bytes] = []
        """Pieces of the line that has not ended: joined once, however small the pieces are."""
        self._size = 0
        self._data: list[bytes] = []
        self._after_cr = False
        self._is_first = True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Raises TooLong."""
        *lines, rest = self._lines(piece)
        if lines:
            lines[0] = b"".join((*self._unended, lines[0]))
            self._unended.clear()
        if rest:
            self._unended.append(rest)
        self._size += len(piece)
        if self._size > MAX_EVENT_BYTES:
            self._check(lines)
        for line in lines:
            if self._is_first:
                self._is_first, line = False, line.removeprefix(BOM)  # noqa: PLW2901 - the same line, without its mark
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data = []

    def _lines(self, piece: bytes) -> list[bytes]:
        """Split at the ends of lines. A CR at the end of a piece ends its line; the LF that may follow belongs to it."""
        if piece:
            after_cr, self._after_cr = self._after_cr, piece.endswith(b"\r")
            piece = piece.removeprefix(b"\n") if after_cr else piece
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return piece.split(b"\n")

    def _check(self, lines: list[bytes]) -> None:
        """So many bytes came since the last check: is it that one event is too long?"""
        held = sum(map(len, self._data)) + sum(map(len, self._unended))
        if held > MAX_EVENT_BYTES or any(len(line) > MAX_EVENT_BYTES for line in lines):
            raise TooLong
        self._size = held
