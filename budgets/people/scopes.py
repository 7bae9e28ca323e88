"""To what a service key is bound beside its account: models, policies, endpoints, addresses. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


@lru_cache(4_096)
def network(text: str) -> Network:
    """A range of addresses, or one. Raises ValueError."""
    return ip_network(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What alone a key may be used for. Empty: everything."""

    models: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    """Whose models alone may answer, and which may be named."""
    endpoints: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def is_open_at(self, address: str | None) -> bool:
        """Whether it opens anything from there. Where no address is known, it does not."""
        if not self.networks:
            return True
        return address is not None and any(ip_address(address) in each for each in self.networks)

    def allowed_models(self, policies: Mapping[str, Collection[str]]) -> frozenset[str] | None:
        """Who alone may answer, by the models of every policy; None: anybody."""
        if not self.policies:
            return self.models or None
        named = frozenset(model for name in self.policies for model in policies.get(name, ()))
        return named & self.models if self.models else named


def scope_of(
    models: Collection[str], policies: Collection[str], endpoints: Collection[str], networks: Collection[str]
) -> Scope | None:
    """None where nothing is bound, so that it costs nobody else anything."""
    if not (models or policies or endpoints or networks):
        return None
    return Scope(
        models=frozenset(models), policies=frozenset(policies), endpoints=frozenset(endpoints),
        networks=tuple(network(each) for each in networks),
    )  # fmt: skip
