"""AES-256-GCM around what must not be read in the database. What is sealed for one name opens under no other.

sealed = the key's mark (4 bytes), nonce (12), ciphertext. The first of STORAGE_KEYS seals, all of them open.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

MARK, NONCE = 4, 12


class Unreadable(Exception):
    """It was sealed with a key that is not among STORAGE_KEYS any more, or for another name."""


def seal(name: str, text: str) -> bytes:
    key, nonce = settings.STORAGE_KEYS[0], os.urandom(NONCE)
    return _mark(key) + nonce + AESGCM(key).encrypt(nonce, text.encode(), name.encode())


def unseal(name: str, sealed: bytes) -> str:
    """What was sealed for this name. Raises Unreadable."""
    key = next((each for each in settings.STORAGE_KEYS if _mark(each) == sealed[:MARK]), None)
    if key is None:
        raise Unreadable("It was sealed with a key that is not among STORAGE_KEYS.")
    nonce, text = sealed[MARK : MARK + NONCE], sealed[MARK + NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, text, name.encode()).decode()
    except InvalidTag as problem:
        raise Unreadable("It was sealed for another name.") from problem


def _mark(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:MARK]
