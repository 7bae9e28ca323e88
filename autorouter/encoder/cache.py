"""What the encoder made of texts, by their digest, in one process: the text itself is not kept."""

import hashlib
import threading

from autorouter.classification.judged import Judged

MAX_ANSWERS = 4_096
"""Some 700 bytes each, so 3 MB at most."""


class Cache:
    """Answers of one version; the one that was not asked for the longest is forgotten first. For several threads."""

    def __init__(self, max_answers: int = MAX_ANSWERS) -> None:
        self._max = max_answers
        self._answers: dict[bytes, Judged] = {}
        self._version = ""
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Judged | None:
        with self._lock:
            found = self._answers.pop(key, None)
            if found is not None:
                self._answers[key] = found
            return found

    def put(self, key: bytes, judged: Judged) -> None:
        with self._lock:
            self._answers[key] = judged
            if len(self._answers) > self._max:
                del self._answers[next(iter(self._answers))]

    def use(self, version: str) -> None:
        """From here on by that version: what another one answered is forgotten."""
        with self._lock:
            if version != self._version:
                self._answers.clear()
                self._version = version


def key_of(excerpt: str) -> bytes:
    return hashlib.blake2b(excerpt.encode(), digest_size=16).digest()
