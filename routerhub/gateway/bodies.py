"""Bodies of requests, as they come in: never more of one in memory than is allowed."""

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from routerhub.gateway.errors import TooLarge

MAX_DISCARDED_BYTES = 64 * 1024 * 1024


async def read_body(receive: Receive, most: int) -> bytes:
    """The body, never more than `most` bytes of it in memory. Raises TooLarge, ClientDisconnect, and what `receive` does.

    What is too large is still read for a while, piece by piece, and thrown away: a client that is cut off in the middle
    of sending never sees why.
    """
    pieces: list[bytes] = []
    size, is_more = 0, True
    while is_more and size <= most + MAX_DISCARDED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece, is_more = message.get("body", b""), message.get("more_body", False)
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        else:
            pieces.clear()
    if size > most:
        raise TooLarge(most)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
