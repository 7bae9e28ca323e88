"""What can go wrong with a batch.

BatchError
├── LeaseLost        another worker has it now, or it ended: nothing more of this one counts
└── NotCancellable   it has ended, or is about to
"""


class BatchError(Exception):
    """Base of these errors."""


class LeaseLost(BatchError):
    """Another worker has the batch now, or it ended."""

    def __init__(self, batch_id: str) -> None:
        super().__init__(f"{batch_id} is worked on elsewhere, or has ended.")


class NotCancellable(BatchError):
    """The batch has ended, or is about to."""

    def __init__(self, batch_id: str, status: str) -> None:
        super().__init__(f"Batch {batch_id} cannot be cancelled: it is {status.replace('_', ' ')}.")
