"""The rankings that a snapshot owns: one for each catalogue and router release that some user may be on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from autorouter.decision.ranking import Rankings
from autorouter.types import RouterRelease
from models_registry import availability
from models_registry.circuits.breaker import Circuit
from models_registry.circuits.rows import out_of
from models_registry.types import Availability, Catalogue, Facts, Health
from routerhub.releases.live import LiveReleases

Keep = Callable[[Availability], str]
"""Puts facts where records find them again, and returns their digest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What can be called at the moment, and the digest by which records name it: empty where nobody kept it so far."""

    availability: Availability
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """Of all releases in use. What did not change is the same object from one snapshot to the next."""

    facts: Mapping[int, Known] = field(default_factory=dict)
    """By the catalogue's release."""
    rankings: Mapping[tuple[int, int], Rankings] = field(default_factory=dict)
    """By the releases of catalogue and router."""

    def renewed(
        self, releases: LiveReleases, health: Health, measured: Facts, out: Mapping[str, Circuit], keep: Keep
    ) -> "Ranked":
        """For these releases, with what probes found, how models did lately and which circuits are open."""
        catalogues, routers = releases.lines["catalogue"].releases, releases.lines["router"].releases
        facts: dict[int, Known] = {}
        for number, catalogue in catalogues.items():
            now = availability.current(
                catalogue.providers.values(), health, *measured, open_circuits=out_of(catalogue, out)
            )
            facts[number] = _known(now, keep, [*self.facts.values(), *facts.values()])
        rankings = {
            (number, router_number): self._rankings(catalogue, router, facts[number].availability)
            for number, catalogue in catalogues.items()
            for router_number, router in routers.items()
        }
        return Ranked(facts=facts, rankings=rankings)

    def _rankings(self, catalogue: Catalogue, router: RouterRelease, availability: Availability) -> Rankings:
        before = self.rankings.get((catalogue.release, router.release))
        if (
            before is not None
            and before.catalogue is catalogue
            and before.router is router
            and before.availability is availability
        ):
            return before
        return Rankings(catalogue=catalogue, router=router, availability=availability)

    def compile(self, releases: LiveReleases, tested: Iterable[int] = ()) -> None:
        """What users are on while the switches are on, and the router's releases that are `tested`, so that no request waits for
        it. What is compiled stays so."""
        now = datetime.now(UTC)
        catalogue, router = releases.lines["catalogue"].pointer, releases.lines["router"].pointer
        for number in {catalogue.stable, catalogue.newest}:
            for router_number in {router.stable, router.newest, *tested}:
                self.rankings[number, router_number].compile_all(now)


def _known(now: Availability, keep: Keep, known: Iterable[Known]) -> Known:
    """Those that are known where nothing is different, so that equal ones are one object."""
    same = next((each for each in known if each.availability == now), None)
    if same is not None and same.digest:
        return same
    return Known(availability=same.availability if same is not None else now, digest=keep(now))
