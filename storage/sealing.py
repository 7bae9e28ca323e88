"""AES-256-GCM around what is kept. What is sealed for one name opens under no other.

sealed = the key's mark (4 bytes), nonce (12), ciphertext of the compressed content. The first key seals, all of them open. A
new key comes behind the old one until every process knows it, then in front; the old one goes when what it sealed has expired.
"""

import hashlib
import hmac
import os
import zlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import Unreadable
from storage.types import Name

MARK, NONCE = 4, 12
FAST = 1
"""zlib's level: text shrinks to a third at it already."""


class Sealer:
    """Seals and opens with keys of 32 bytes, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._newest = keys[0]
        self._by_mark = {_mark(key): AESGCM(key) for key in keys}

    def seal(self, name: Name, content: bytes) -> bytes:
        mark, nonce = _mark(self._newest), os.urandom(NONCE)
        return mark + nonce + self._by_mark[mark].encrypt(nonce, zlib.compress(content, FAST), _bound(name))

    def open(self, name: Name, sealed: bytes) -> bytes:
        """What was sealed for this name. Raises Unreadable."""
        cipher = self._by_mark.get(sealed[:MARK])
        if cipher is None:
            raise Unreadable
        nonce, text = sealed[MARK : MARK + NONCE], sealed[MARK + NONCE :]
        try:
            return zlib.decompress(cipher.decrypt(nonce, text, _bound(name)))
        except InvalidTag as problem:
            raise Unreadable from problem

    def digest(self, content: bytes) -> str:
        """Stands for a content in a name. Without the key nobody can try out what it may have been."""
        return hmac.new(self._newest, content, hashlib.sha256).hexdigest()


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:MARK]


def _bound(name: Name) -> bytes:
    return f"{name.account_id}/{name.kind}/{name.name}".encode()
