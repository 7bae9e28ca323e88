"""How long a client may take to send a request's body: the same on both planes."""

import asyncio

from starlette.types import Message, Receive


class BodyTimedOut(Exception):
    """The rest of the body did not come."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"The body did not come: it was waited for {wait_s:g} s, and no longer is allowed.")


class PatientReceive:
    """`receive`, which waits at most `wait_s` in all for a body. What comes after it, a client that leaves, is waited for as
    long as it takes. Raises BodyTimedOut."""

    def __init__(self, receive: Receive, wait_s: float) -> None:
        self._receive = receive
        self._wait_s = self._left_s = wait_s
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError as problem:
            raise BodyTimedOut(self._wait_s) from problem
        self._left_s -= asyncio.get_running_loop().time() - began
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message
