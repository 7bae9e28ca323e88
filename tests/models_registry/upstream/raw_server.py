"""A server on loopback that says exactly what a test writes, byte for byte, well or badly."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

CLOSE, HALF, RESET, STAY = "close", "half-close", "reset", "stay"
Step = bytes | float | str
"""Bytes to be sent, seconds to wait, or what becomes of the connection. After bytes, or when its own half is closed, it goes on,
and waits for the next request at the end."""


def head(status: str = "200 OK", kind: str = "application/json", **headers: str | int) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes, status: str = "200 OK", kind: str = "application/json", **headers: str | int) -> bytes:
    return head(status, kind, Content_Length=len(body), **headers) + body


def streamed(*pieces: bytes) -> list[Step]:
    """A chunked event stream, each piece in a chunk of its own."""
    body: list[Step] = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return [head(kind="text/event-stream", Transfer_Encoding="chunked"), *body, b"0\r\n\r\n"]


def slowly(*steps: Step) -> list[Step]:
    """The same, one byte at a time."""
    return [step[at : at + 1] if isinstance(step, bytes) else step
            for step in steps for at in range(len(step) if isinstance(step, bytes) else 1)]  # fmt: skip


@dataclass
class RawServer:
    """What it was asked, and who has left it."""

    script: list[Sequence[Step]]
    """For each request in turn; the last one again and again."""
    address: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    """Bytes of answers that went out."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request has come."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has closed its connection."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while request := await _request(reader):
                self.requests.append(request)
                self.asked.set()
                steps = self.script[min(len(self.requests), len(self.script)) - 1]
                if not await self._play(steps, reader, writer):
                    break
        self.gone.set()
        writer.close()

    async def _play(self, steps: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can be used again."""
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                self.sent += len(step)
                await asyncio.sleep(0)
            elif isinstance(step, float):
                await asyncio.sleep(step)
            elif step == HALF:
                writer.write_eof()
            elif step == STAY:
                await reader.read()
                return False
            else:
                if step == RESET:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
        return True


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        header = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next(line for line in header.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return header + await reader.readexactly(int(length.split(b":")[1]))


@contextlib.asynccontextmanager
async def serving(*script: Sequence[Step]) -> AsyncIterator[RawServer]:
    made = RawServer(script=list(script))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield made
    finally:
        server.close()
        for writer in made.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
