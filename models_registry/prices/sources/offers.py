"""What a price list says of one model at one provider."""

from dataclasses import dataclass

from models_registry.types import Capability, Price


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One line of a price list. None: the list does not say."""

    provider: str
    """Where it is served."""
    upstream_model: str
    identifier: str
    """The id that it would have in the catalogue, maker:name."""
    name: str
    description: str = ""
    context_window: int | None = None
    max_output: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    supports_reasoning: bool = False
    prices: tuple[Price, ...] = ()
    """Oldest first."""
    source: str
    note: str = ""
    """What it charges for beside tokens and requests, or why its price cannot be stated."""

    @property
    def place(self) -> str:
        return f"{self.provider}/{self.upstream_model}"
