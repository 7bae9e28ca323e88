"""Which addresses may be called: public ones, and of the private ones those in named networks. Pure.

Whoever may edit a provider or a webhook decides where this machine sends requests. So what only this machine can reach is
called where its owner says so, in UPSTREAM_PRIVATE_NETWORKS and ALERT_PRIVATE_NETWORKS; a metadata service, never.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
LOOPBACK: Networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
METADATA: Networks = tuple(map(ip_network, ("100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32")))
"""Where clouds tell a machine its secrets, beside the link-local addresses: Alibaba, Oracle, Amazon."""
NAT64 = ip_network("64:ff9b::/96")


def refusal(text: str, private: Networks, setting: str = "UPSTREAM_PRIVATE_NETWORKS") -> str:
    """Why the address must not be called; empty where it may be. `private` is what the setting names.

    Raises ValueError for what is no IP address.
    """
    address = _meant(ip_address(text.partition("%")[0]))
    if address.is_link_local or address.is_multicast or address.is_unspecified or _is_in(address, METADATA):
        return f"{address} is no server's address: it is link-local, a metadata service's or everybody's."
    if address.is_global or _is_in(address, private):
        return ""
    allowed = ", ".join(map(str, private)) or "none"
    return f"{address} is a private address. Allowed are those in {setting}: {allowed}."


def url_refusal(url: str, private: Networks, setting: str = "UPSTREAM_PRIVATE_NETWORKS") -> str:
    """The same for a URL. One with a name says nothing before it is called: names may come to mean another address."""
    try:
        return refusal(urlsplit(url).hostname or "", private, setting)
    except ValueError:
        return ""


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
