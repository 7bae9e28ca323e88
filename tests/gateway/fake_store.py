"""The store of what is kept for clients, in process."""

import asyncio
import hashlib
import uuid

from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.types import Item, Name
from tests.autorouter.fakes import NOW


class FakeStore:
    """What is kept, in a dictionary; nothing expires."""

    def __init__(self) -> None:
        self.items: dict[Name, tuple[bytes, uuid.UUID | None]] = {}
        self.is_away = False

    def digest(self, content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    async def read(self, name: Name) -> Item | None:
        await self._asked()
        found = self.items.get(name)
        return found and Item(content=found[0], created_at=NOW, is_claim=found[1] is not None)

    async def put(self, name: Name, content: bytes, seconds: float, claim: uuid.UUID | None = None) -> bool:
        await self._asked()
        return self._put(name, content, None, claim)

    async def claim(self, name: Name, content: bytes, seconds: float, claim: uuid.UUID) -> bool:
        await self._asked()
        return self._put(name, content, claim, None)

    async def release(self, name: Name, claim: uuid.UUID) -> None:
        await self._asked()
        if name in self.items and self.items[name][1] == claim:
            del self.items[name]

    async def delete(self, name: Name) -> bool:
        await self._asked()
        return name in self.items and self.items.pop(name)[1] is None

    async def stop(self) -> None:
        pass

    def _put(self, name: Name, content: bytes, claim: uuid.UUID | None, holder: uuid.UUID | None) -> bool:
        is_free = name not in self.items or (holder is not None and self.items[name][1] == holder)
        if is_free:
            self.items[name] = content, claim
        return is_free

    async def _asked(self) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise StorageUnavailable
