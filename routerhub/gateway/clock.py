"""Time as the gateway sees it, and chance. Tests have one that they move."""

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """As it passes."""

    now = staticmethod(lambda: datetime.now(UTC))
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(asyncio.sleep)
    share = staticmethod(random.random)
    """A random number from 0 to 1."""
