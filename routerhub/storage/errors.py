"""What can go wrong with what is kept.

StorageError
└── StorageUnavailable   the database does not answer
"""


class StorageError(Exception):
    """Base of these errors."""


class StorageUnavailable(StorageError):
    """What is kept cannot be read or written at the moment. Try again shortly."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))
