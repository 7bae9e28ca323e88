"""Clients that ask without a pause."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Answer = TypeVar("Answer")


@contextlib.contextmanager
def asking(clients: int, ask: Callable[[], Answer]) -> Iterator[list[Answer]]:
    """So many of them, until the context ends. What they are told is added to the list."""
    is_over, answers = threading.Event(), list[Answer]()

    def go_on() -> None:
        while not is_over.is_set():
            answers.append(ask())

    threads = [threading.Thread(target=go_on) for _ in range(clients)]
    for each in threads:
        each.start()
    try:
        yield answers
    finally:
        is_over.set()
        for each in threads:
            each.join()
