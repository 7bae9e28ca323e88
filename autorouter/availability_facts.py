"""What could be called and how models did, kept once under its digest: a record names it, however large it grows."""

from collections.abc import Iterable, Mapping

from autorouter.errors import UnknownFacts
from autorouter.models import AvailabilityFacts
from models_registry import availability as facts
from models_registry.types import Availability


def keep(availability: Availability) -> str:
    """Keep the facts, unless they are kept already, and return their digest. Raises DatabaseError."""
    digest = facts.digest(availability)
    row = AvailabilityFacts(digest=digest, facts=facts.as_json(availability))
    AvailabilityFacts.objects.bulk_create([row], ignore_conflicts=True)
    return digest


def read(digest: str) -> Availability:
    """The facts that a record names. Raises UnknownFacts, DatabaseError."""
    found = read_all([digest]).get(digest)
    if found is None:
        raise UnknownFacts(digest)
    return found


def read_all(digests: Iterable[str]) -> Mapping[str, Availability]:
    """Facts by digest; those that nobody kept are missing. Raises DatabaseError."""
    rows = AvailabilityFacts.objects.filter(pk__in=set(digests)).values_list("digest", "facts")
    return {digest: facts.from_json(raw) for digest, raw in rows}
