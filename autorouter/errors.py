"""What can go wrong when deciding or configuring.

RouterError
├── UnknownModel     a name that no model of the catalogue has
├── RetiredModel     a retired model, asked for by an account that takes no other in its place
├── WrongKind        an embedding model where one is wanted that answers, or the other way round
├── ProModel         a pro model, asked for by an account that is not marked for those
├── UnknownPolicy    a policy that is not there or not active
├── UnknownTaskType  a task type that maps to no policy
├── NoCandidate      every model is excluded; carries the decision with the reasons
└── UnknownFacts     a digest under which no facts on availability are kept
"""

from collections.abc import Iterable, Sequence
from datetime import date

from autorouter.types import Decision
from models_registry.types import Kind


class RouterError(Exception):
    """Base of this app's errors. The message says what was given and what is allowed."""


def _some(names: Iterable[str], shown: int = 12) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + more


class UnknownModel(RouterError):
    """A name that no model of the catalogue has. `nearest` are ids of models with names like it."""

    def __init__(self, given: str, field: str = "model", nearest: Sequence[str] = ()) -> None:
        like = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no model {given!r}.{like} The models that can be called are listed at /v1/models.")
        self.given = given
        self.field = field
        self.nearest = tuple(nearest)


class RetiredModel(RouterError):
    """A retired model, asked for by an account that takes no other in its place."""

    def __init__(self, given: str, since: date, successor: str, field: str = "model") -> None:
        super().__init__(f"{given!r} is retired since {since}. Its successor is {successor}; ask for that one.")
        self.given = given
        self.successor = successor
        self.field = field


class WrongKind(RouterError):
    """An embedding model where one is wanted that answers, or the other way round."""

    def __init__(self, given: str, kind: Kind, field: str = "model") -> None:
        what, where = {
            "chat": ("a chat model", "/v1/chat/completions"),
            "embedding": ("an embedding model", "/v1/embeddings"),
        }[kind]
        super().__init__(f"{given!r} is {what}. It is called at {where}.")
        self.given = given
        self.field = field


class ProModel(RouterError):
    """A pro model, asked for by an account that is not marked for those."""

    def __init__(self, given: str, account: str) -> None:
        super().__init__(
            f"{given!r} is a pro model, and the account {account!r} is not marked for those. "
            "Ask an administrator, or take a model that is listed at /v1/models."
        )


class UnknownPolicy(RouterError):
    """A policy that is not there or not active."""

    def __init__(self, given: str, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(f"There is no active policy {given!r}. Allowed: {_some(self.allowed)}.")
        self.given = given


class UnknownTaskType(RouterError):
    """A task type that maps to no policy."""

    def __init__(self, given: str, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(f"There is no task type {given!r}. Allowed: {_some(self.allowed)}.")
        self.given = given


class NoCandidate(RouterError):
    """Every model is excluded; carries the decision with the reasons."""

    def __init__(self, decision: Decision) -> None:
        reasons = "; ".join(f"{out.model}: {out.reason}" for out in decision.excluded[:5])
        more = len(decision.excluded) - 5
        super().__init__(f"No model can take this request. {reasons}" + (f"; and {more} more." if more > 0 else "."))
        self.decision = decision


class UnknownFacts(RouterError):
    """A digest under which no facts on availability are kept."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"What could be called at that moment is not kept under {digest!r}.")
