"""AES-256-GCM around what must not be read in the database. What is sealed for one name opens under no other.

sealed = the key's mark (4 bytes), nonce (12), ciphertext. The first of STORAGE_KEYS seals, all of them open. A new key
comes behind the old one until every process knows it, then in front; the old one goes when what it sealed has expired or was
sealed anew.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK, NONCE = 4, 12


class Unreadable(Exception):
    """It was sealed with a key that is not in STORAGE_KEYS, or for another name, or it is not what was sealed."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Sealer:
    """Seals and opens with keys of 32 bytes, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._newest = keys[0]
        self._by_mark = {_mark(key): AESGCM(key) for key in keys}

    def seal(self, name: str, content: bytes) -> bytes:
        mark, nonce = _mark(self._newest), os.urandom(NONCE)
        return mark + nonce + self._by_mark[mark].encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """What was sealed for this name. Raises Unreadable."""
        cipher = self._by_mark.get(sealed[:MARK])
        if cipher is None:
            raise Unreadable
        try:
            return cipher.decrypt(sealed[MARK : MARK + NONCE], sealed[MARK + NONCE :], name.encode())
        except (InvalidTag, ValueError) as problem:  # the latter of a nonce that was cut
            raise Unreadable from problem

    def digest(self, content: bytes) -> str:
        """Stands for a content in a name. Without the key nobody can try out what it may have been."""
        return hmac.new(self._newest, content, hashlib.sha256).hexdigest()


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:MARK]
