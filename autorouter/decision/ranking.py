"""What is the same for every request of a release."""

from dataclasses import dataclass
from datetime import datetime

from autorouter.types import RouterRelease
from models_registry.types import Availability, Catalogue


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rankings:
    """The releases and the availability that decisions are made from."""

    catalogue: Catalogue
    router: RouterRelease
    availability: Availability

    def compile_all(self, now: datetime) -> None:
        """Every ranking of a moment, so that no request waits for its own. For whoever makes a snapshot."""
