"""Addresses as text that sorts like the addresses: 32 hexadecimal digits, IPv4 as ::ffff:a.b.c.d.

So `first_key <= address_key(address)` is right in any engine, without a type for addresses.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

MAPPED = 0xFFFF << 32


@lru_cache(maxsize=1 << 16)
def address_key(text: str) -> str:
    """The key of an address; empty when the text is none. A zone (`%eth0`) and brackets are passed over."""
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return ""
    return _key(address)


def range_keys(cidr: str) -> tuple[str, str]:
    """The keys of a range's first and last address. Raises ValueError."""
    network = ipaddress.ip_network(cidr)
    return _key(network[0]), _key(network[-1])


def _key(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return f"{(MAPPED if address.version == 4 else 0) | int(address):032x}"
