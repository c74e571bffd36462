"""Whose address a request comes from, where proxies stand between the client and the service."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
# Some proxies write the port as well, and an address of IPv6 in brackets.
_PORT = re.compile(r"^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$")


def networks(text: str) -> tuple[Network, ...]:
    """The addresses and networks in a list like `10.0.0.0/8, ::1`; ValueError if one is neither."""
    names = filter(None, (name.strip() for name in text.split(",")))
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError as error:
        raise ValueError(f"must be addresses or networks like 10.0.0.0/8, ::1: {error}") from None


def client_address(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The address of the client, whose connection comes from `peer`.

    The nearest proxy wrote the last entry of X-Forwarded-For. Anybody may send one: it is read only
    as far as the proxies are trusted.
    """
    address = peer
    hops = [_PORT.sub(r"\1\2", hop.strip()) for hop in filter(None, forwarded_for.split(","))]
    while hops and is_in(address, trusted):
        address = hops.pop()
    return address if is_in(address, ANYWHERE) else peer


def is_in(address: str, trusted: tuple[Network, ...]) -> bool:
    """Whether that is an address, and of one of these networks."""
    try:
        found = ip_address(address.removeprefix("::ffff:"))  # of IPv4 on a socket that takes both
        return any(found in network for network in trusted)
    except ValueError:
        return False


ANYWHERE = networks("0.0.0.0/0, ::/0")
