"""What can go wrong with what is kept.

StorageError
├── StorageUnavailable   the database does not answer
└── Unreadable           no key that is known opens it
"""


class StorageError(Exception):
    """Base of these errors."""


class StorageUnavailable(StorageError):
    """What is kept cannot be read or written at the moment. Try again shortly."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Unreadable(StorageError):
    """It was sealed with a key that is not in STORAGE_KEYS, or it is not what was sealed."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))
