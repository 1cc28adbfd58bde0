"""Which network addresses the crawler may talk to: the public ones, and those that the operator names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Python's own is_global is not enough: on 3.11 it is true for 64:ff9b::7f00:1 (loopback through NAT64),
# 2002:7f00:1:: (loopback through 6to4), 224.0.0.1 and 192.0.0.192. Source of both lists: the IANA registries
# of special-purpose addresses, and RFC 1112 (multicast, reserved).
_CLOSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


class AddressRefusedError(Exception):
    """An address that the crawler does not talk to; the message is one line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Decides on every address before a connection is made, redirects and robots.txt included."""

    allowed: tuple[Network, ...] = ()
    """Named by `--allow-address`; nothing in them is refused."""
    only_allowed: bool = False
    """Whether everything else is refused, public addresses too."""

    @classmethod
    def of(cls, networks: Iterable[str], *, only_allowed: bool = False) -> AddressGuard:
        """A guard that also, or only, lets these networks through. Raises ValueError for what is no CIDR."""
        allowed = tuple(ip_network(text, strict=False) for text in networks)
        return cls(allowed=allowed, only_allowed=only_allowed)

    def permits(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        return self.names(address) or (not self.only_allowed and is_public(address))

    def names(self, address: Address) -> bool:
        """Whether the operator named this address, as it stands or as the IPv4 address it carries."""
        forms = [address]
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            forms.append(address.ipv4_mapped)
        return any(form.version == net.version and form in net for form in forms for net in self.allowed)

    def check_host(self, host: str) -> None:
        """Refuse a host that is a literal address which may not be reached, however it is written.

        Raises AddressRefusedError. A name passes: its addresses are checked when it is resolved.
        """
        address = to_address(host)
        if address is not None:
            self.check(address, host)

    def check(self, address: Address, host: str) -> None:
        """Refuse an address that a host stands for. Raises AddressRefusedError."""
        if self.permits(address):
            return
        shown = host if host == str(address) else f"{host} ({address})"
        kind = "not named by --allow-address" if is_public(address) else "not a public address"
        raise AddressRefusedError(f"{shown} is {kind}; --allow-address {address} lets it through")


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public Internet, and to no tunnel that ends elsewhere."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _CLOSED_V4)
    if address.scope_id:
        return False
    if address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    return address in _OPEN_V6 and not any(address in net for net in _CLOSED_V6)


def to_address(host: str) -> Address | None:
    """The address that a URL's host literally is, in any notation that a resolver takes; None for a name.

    127.1, 0x7f.0.0.1, 017700000001 and 2130706433 are all 127.0.0.1 to the C library's inet_aton.
    """
    text = unquote(host).strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    # Full-width digits and ideographic full stops become ASCII in IDNA, so a resolver would see an address.
    text = text.replace("。", ".").replace(".", ".").replace("。", ".")
    text = "".join(str(int(c)) if c.isdecimal() else c for c in text)
    try:
        return ip_address(text)
    except ValueError:
        pass
    parts = text.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [_to_number(part) for part in parts]
    *heads, last = numbers
    if None in numbers:
        return None
    value = 0
    for head in heads:
        if head is None or head > 255:
            return None
        value = (value << 8) | head
    space = 8 * (4 - len(heads))
    if last is None or last >= 1 << space:
        return None
    return IPv4Address((value << space) | last)


def _to_number(text: str) -> int | None:
    try:
        if text.startswith("0x"):
            return int(text[2:] or "0", 16)
        if len(text) > 1 and text.startswith("0"):
            return int(text, 8)
        return int(text)
    except ValueError:
        return None
