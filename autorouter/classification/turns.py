"""The terms of the turns that were read lately: a conversation brings its earlier ones again with every request.

What comes out is the same with and without it. Bounded in turns and in terms, so in bytes; for several threads.
"""

import threading

from autorouter.classification.features import terms

MAX_TURNS = 4_096
MAX_TERMS = 300_000
"""Some 110 bytes each, so 33 MB at most."""


class TurnMemory:
    """Terms by excerpt; the turn that was not asked for the longest is forgotten first."""

    def __init__(self, max_turns: int = MAX_TURNS, max_terms: int = MAX_TERMS) -> None:
        self._max_turns, self._max_terms = max_turns, max_terms
        self._turns: dict[str, frozenset[str]] = {}
        self._terms = 0
        self._lock = threading.Lock()

    def terms(self, excerpt: str) -> frozenset[str]:
        """As features.terms: the distinct terms of an excerpt."""
        with self._lock:
            found = self._turns.pop(excerpt, None)
            if found is not None:
                self._turns[excerpt] = found
                return found
        found = frozenset(terms(excerpt))
        with self._lock:
            if excerpt not in self._turns:
                self._turns[excerpt] = found
                self._terms += len(found)
            while len(self._turns) > self._max_turns or self._terms > self._max_terms:
                self._terms -= len(self._turns.pop(next(iter(self._turns))))
        return found
