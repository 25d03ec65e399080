"""Recognises the names that are asked for among many ranges of bytes, without making texts of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etl.intake.places.block import LAST, PAD, Block, Places, Words

LONGEST = 64  # bytes of a name; PAD holds as many before a block
SLOTS_BITS = 13
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: Knuth, The Art of Computer Programming, 6.4


class Names:
    """A table of the names asked for, at a slot that a digest of all bytes of a name gives; the digests tell names apart."""

    def __init__(self, names: Sequence[str]) -> None:
        """Raises ValueError for a name longer than LONGEST bytes."""
        pieces = [name.encode() for name in names]
        self._longest = max(map(len, pieces), default=0)
        if self._longest > LONGEST:
            raise ValueError(f"name: found {self._longest} bytes; expected at most {LONGEST}")
        ends = np.cumsum([len(piece) for piece in pieces]) + PAD
        data = np.frombuffer(bytes(PAD) + b"".join(pieces) + bytes(PAD), np.uint8)
        starts = np.concatenate(([PAD], ends[:-1]))
        digests = self._digests(Block(data, starts, ends), starts, ends)
        self._factor = self._suited(digests)
        self._index = np.full(1 << SLOTS_BITS, -1, np.int64)
        self._known = np.zeros(1 << SLOTS_BITS, np.uint64)
        slots = self._slots(digests)
        self._index[slots], self._known[slots] = np.arange(len(names)), digests

    def find(self, block: Block, starts: Places, ends: Places) -> Places:
        """Which name stands in each range, by its number; -1 for a name that was not asked for."""
        digests = self._digests(block, starts, ends)
        slots = self._slots(digests)
        fits = (self._known[slots] == digests) & (ends - starts <= self._longest)
        return np.where(fits, self._index[slots], -1)

    def _digests(self, block: Block, starts: Places, ends: Places) -> Words:
        """Of the last bytes of each range, as many as the longest name has."""
        words, lengths = block.words, ends - starts
        found = (words[ends - 8] & LAST[np.minimum(lengths, 8)]) * FACTOR
        for before in range(8, self._longest, 8):
            longer = np.flatnonzero(lengths > before)
            more = words[ends[longer] - before - 8] & LAST[np.minimum(lengths[longer] - before, 8)]
            mixed = found[longer]
            found[longer] = ((mixed ^ (mixed >> np.uint64(29))) + more) * FACTOR
        digests: Words = (found ^ (found >> np.uint64(31))) + lengths.astype(np.uint64)
        return digests

    def _suited(self, digests: Words) -> np.uint64:
        """A factor that gives each name a slot of its own."""
        factor = FACTOR
        while len(np.unique((digests * factor) >> np.uint64(64 - SLOTS_BITS))) < len(np.unique(digests)):
            factor = factor * np.uint64(3)
        return factor

    def _slots(self, digests: Words) -> Places:
        return ((digests * self._factor) >> np.uint64(64 - SLOTS_BITS)).astype(np.int64)
