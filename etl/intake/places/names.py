"""Recognises the names that are asked for, by their bytes, without making texts of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from etl.intake.places.compiled import Bytes, Places, compiled


class Names(NamedTuple):
    """Names in a table of slots: a name stands in the slot that its digest gives, or in the next one that is free.

    Name `n` is `data[bounds[n]:bounds[n + 1]]`; an empty slot is -1. There are more slots than names, a power of two.
    """

    data: Bytes
    bounds: Places
    slots: Places


@compiled
def _digest(data: Bytes, start: int, end: int) -> int:
    """Of a name's length and of four of its bytes, which tell most names of a log apart."""
    length = end - start
    if length == 0:
        return 0
    digest = length * 31 + int(data[start])
    digest = digest * 31 + int(data[end - 1])
    digest = digest * 31 + int(data[start + length // 2])
    return digest * 31 + int(data[max(end - 3, start)])


@compiled
def number_of(data: Bytes, start: int, end: int, known: Bytes, bounds: Places, slots: Places) -> int:
    """Which name the bytes are, of a table's `data`, `bounds` and `slots`; -1 for one that is not asked for."""
    last = len(slots) - 1
    slot = _digest(data, start, end) & last
    while slots[slot] >= 0:
        number = slots[slot]
        place = bounds[number]
        if bounds[number + 1] - place == end - start:
            at = start
            while at < end and data[at] == known[place]:
                at += 1
                place += 1
            if at == end:
                return int(number)
        slot = (slot + 1) & last
    return -1


def table_of(names: Sequence[str]) -> Names:
    """The table of some names, each once."""
    pieces = [name.encode() for name in names]
    data = np.frombuffer(b"".join(pieces) + b"\0", np.uint8)
    bounds = np.cumsum([0, *map(len, pieces)]).astype(np.int64)
    slots = np.full(1 << (4 * len(names) + 4).bit_length(), -1, np.int64)
    for number in range(len(names)):
        slot = _digest(data, bounds[number], bounds[number + 1]) & (len(slots) - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (len(slots) - 1)
        slots[slot] = number
    return Names(data, bounds, slots)
