"""Reserve before a call, settle after it, exactly once."""

from budgets.ledger.ledger import Ledger

__all__ = ["Ledger"]
