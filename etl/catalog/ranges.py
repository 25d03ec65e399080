"""Address ranges of apps, by keys that sort like the addresses (`etl.context.addresses`)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from etl.catalog.entries import Range
from etl.context import addresses


def address_key(text: str) -> str | None:
    """The key of an address; null when the text is none. A zone (`%eth0`) and brackets are passed over."""
    return addresses.address_key(text) or None


@dataclass(frozen=True)
class Piece:
    """A stretch of addresses of one range. Pieces never overlap: of ranges in each other the narrowest holds."""

    first_key: str
    last_key: str
    of: Range


def pieces(ranges: Sequence[Range]) -> list[Piece]:
    """Cut nested ranges into pieces that do not overlap, sorted: a look-up is one comparison."""
    found: list[Piece] = []
    open_ranges: list[tuple[int, Range]] = []  # (last, range), outermost first
    at = 0
    bounds = sorted(((*_bounds(one.cidr), one) for one in ranges), key=lambda item: (item[0], -item[1]))

    def close(until: int) -> None:
        nonlocal at
        while open_ranges and open_ranges[-1][0] < until:
            last, one = open_ranges.pop()
            if at <= last:
                found.append(Piece(f"{at:032x}", f"{last:032x}", one))
                at = last + 1

    for first, last, one in bounds:
        close(first)
        if open_ranges and at < first:
            found.append(Piece(f"{at:032x}", f"{first - 1:032x}", open_ranges[-1][1]))
        at = max(at, first) if open_ranges else first
        open_ranges.append((last, one))
    close(1 << 129)
    return found


def _bounds(cidr: str) -> tuple[int, int]:
    first, last = addresses.range_keys(cidr)
    return int(first, 16), int(last, 16)


def find(found: Sequence[Piece], address: str) -> Range | None:
    """The range an address is in."""
    key = address_key(address)
    if key is None:
        return None
    index = bisect_right(found, key, key=lambda piece: piece.first_key) - 1
    return found[index].of if index >= 0 and key <= found[index].last_key else None
