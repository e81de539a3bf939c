"""The proxies that the shop trusts, and whom a chain of them speaks for.

1. The peer of the connection is who it is. What it says of others counts only if it is trusted.
2. ``X-Forwarded-For`` is read from its right end, where the nearest proxy wrote. Addresses of
   trusted proxies are passed over; the first other one is the client. Whatever stands further
   left was written by the client itself.
3. What is no address ends the reading: the client is then the last address that was read.
4. Where all are trusted, the client is the leftmost: a health check of a proxy's own, for one.

An IPv4 address within IPv6 (``::ffff:192.0.2.1``) is that IPv4 address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: The name that stands for every peer on a unix socket.
UNIX_SOCKET = "unix"
#: What is used of an IPv6 address: a provider gives each of its customers at least a /64.
_IPV6_BITS = 64

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The peers whose forwarded headers are believed."""

    networks: tuple[Network, ...] = ()
    unix_sockets: bool = False

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix_sockets

    def include(self, peer: str) -> bool:
        """Whether a peer is one of them; one on a unix socket has no address."""
        address = parse_address(peer)
        return self.unix_sockets if address is None else self._name(address)

    def client_of(self, peer: str, forwarded_for: str) -> str:
        """The client's address, where a peer that is one of them forwards it."""
        found = parse_address(peer)
        for item in reversed(forwarded_for.split(",")):
            address = parse_address(item)
            if address is None:
                break
            found = address
            if not self._name(address):
                break
        return str(found or "")

    def _name(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def parse_proxies(names: Sequence[str]) -> TrustedProxies:
    """Trusted proxies by addresses, networks such as ``10.0.0.0/8``, or ``unix``.

    :raises ValueError: one of them is none of these, or names every address
    """
    networks = []
    for name in names:
        if name == UNIX_SOCKET:
            continue
        network = ip_network(name)
        if network.prefixlen == 0:
            raise ValueError(f"{name} names everybody, and so trusts clients themselves")
        networks.append(network)
    return TrustedProxies(tuple(networks), UNIX_SOCKET in names)


@lru_cache(maxsize=1000)
def parse_address(text: str) -> Address | None:
    """An address as proxies write it, also with a port, in brackets or with a zone; else None."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or a /64 of IPv6; empty of what is neither."""
    parsed = parse_address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, _IPV6_BITS), strict=False))
    return str(parsed or "")
