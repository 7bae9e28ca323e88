"""What is the same for every request of a release."""

from dataclasses import dataclass

from autorouter.types import RouterRelease
from models_registry.types import Availability, Catalogue


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rankings:
    """The releases and the availability that decisions are made from."""

    catalogue: Catalogue
    router: RouterRelease
    availability: Availability
