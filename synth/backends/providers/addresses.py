"""Which addresses of a stranger's may be fetched: public ones, checked before and pinned while."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from synth.errors import Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], tuple[str, ...]]
"""From a host's name and port to its addresses."""

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""What is given out to hosts of the internet (https://www.iana.org/assignments/ipv6-address-space)."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """An address that may be fetched."""

    url: str
    """As it was given."""
    host: str
    """Name in it."""
    addresses: tuple[str, ...]
    """Where to connect, so that no second look-up can lead elsewhere; () to connect by name."""


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, however it is wrapped."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    return all(_is_outside(one) for one in _meant(address))


def _is_outside(address: Address) -> bool:
    """Whether it is one of the public internet itself."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    # Python calls global what nobody has reserved: old ways of wrapping an IPv4 address, local
    # translators and site-local networks among it. Public hosts have addresses of these two.
    return address in _UNICAST or address in _NAT64


def _meant(address: Address) -> tuple[Address, ...]:
    """The address, and every IPv4 one that a router would take it for."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    inner: list[Address] = [address]
    if address.sixtofour:
        inner.append(address.sixtofour)
    if address.teredo:
        inner += address.teredo
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inner)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises ``ValueError`` for one that has none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a web address")
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address of a host; raises ``OSError`` where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def vetted(url: str, service: str, *, own: str = "", look_up: Resolver = resolve) -> Target:
    """Check an address that a service gave.

    Args:
        url: the address.
        service: who gave it, for messages.
        own: a stand-in's address, whose own origin is allowed wherever it is.
        look_up: finds a name's addresses.

    Raises ``Unavailable`` unless it is https, names no account, and leads to public addresses
    alone.
    """
    try:
        scheme, host, port = origin(url)
        account = "@" in urlsplit(url).netloc
    except ValueError:
        scheme, host, port, account = "", "", 0, False
    if not host or account or not url.isascii() or not url.isprintable():
        raise Unavailable(f"{service} gave an address for the clip that is no web address.")
    if own and (scheme, host, port) == origin(own):
        return Target(url, host, ())
    if scheme != "https":
        raise Unavailable(
            f"{service} gave an address for the clip that is not encrypted (http). It is not "
            "fetched; choose another provider."
        )
    try:
        found = look_up(host, port)
    except (OSError, UnicodeError):
        raise Unavailable(
            f"The clip's address at {service} cannot be found. Check the connection and try again."
        ) from None
    if not found or not all(is_public(address) for address in found):
        raise Unavailable(
            f"{service} gave an address for the clip inside a private network. It is not fetched; "
            "choose another provider."
        )
    return Target(url, host, found)
