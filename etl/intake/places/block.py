"""Texts side by side in one buffer, and where the fields stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLANK, QUOTE, BACKSLASH, TAB = b" "[0], b'"'[0], b"\\"[0], b"\t"[0]

PAD, FILL = (
    128,
    127,
)  # bytes around a block, so that a few words can be read before and behind any place; none means anything
BLOCK_BYTES = 1 << 19  # what the processor's cache holds of a block and of what is made from it
BLOCK_ROWS = 4096

# Masks by a number of bytes, at most eight: the last ones of a word, which are its high ones, and the first ones.
_ALL = 0xFFFFFFFFFFFFFFFF
LAST = np.array([_ALL << 64 - 8 * count & _ALL for count in range(9)], np.uint64)
FIRST = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)

Places = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]


def byte_of(character: str) -> int:
    """The byte of an ASCII character. Raises ValueError for any other: only the engine divides by those."""
    if len(character) != 1 or not character.isascii():
        raise ValueError(f"character: found {character!r}; expected one ASCII character")
    return ord(character)


@dataclass(frozen=True)
class Block:
    """Texts, one behind the other: text i is `data[starts[i]:ends[i]]`, and `starts[i + 1]` is `ends[i]`."""

    data: Bytes
    starts: Places
    ends: Places

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def words(self) -> Words:
        """The eight bytes that begin at each place; the first byte is the lowest."""
        return np.ndarray((len(self.data) - 7,), "<u8", self.data, 0, (1,))

    def places(self, byte: int) -> Places:
        """Where such bytes stand; most often nowhere."""
        equal = self.data == byte
        return np.flatnonzero(equal) if equal.any() else np.zeros(0, np.int64)

    def rows_of(self, places: Places) -> Places:
        """The text that each place is in; places ascend."""
        return np.repeat(np.arange(len(self)), np.diff(np.searchsorted(places, self.starts), append=len(places)))

    def holds(self, places: Places) -> Flags:
        """Texts in which at least one of the places lies; places ascend."""
        return np.asarray(np.diff(np.searchsorted(places, self.starts), append=len(places)) > 0)


@dataclass(frozen=True)
class Found:
    """Fields of the texts of a block. `starts`, `ends`: a row for each field, a column for each text; a start of -1 is a
    field that the text lacks. `read`: texts whose fields these are; the others are of a kind that is left to the engine."""

    starts: Places
    ends: Places
    read: Flags
    escaped: bool = False  # whether some value still holds escapes


def escaped(block: Block, backslashes: Places, read: Flags) -> Flags:
    """Places behind a backslash that is not itself escaped. A text that ends in one is not read, nor is the one behind it."""
    runs = np.flatnonzero(np.diff(backslashes, prepend=-2) != 1)
    nth = np.arange(len(backslashes)) - np.repeat(runs, np.diff(runs, append=len(backslashes)))
    found = np.zeros(len(block.data), bool)
    found[backslashes[nth % 2 == 0] + 1] = True
    torn = block.data[block.ends - 1] == BACKSLASH
    read &= ~torn
    read[1:] &= ~torn[:-1]
    return found


def blocks(texts: pa.Array) -> Iterator[Block]:
    """An array of texts in blocks."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    whole = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    size = int(offsets[-1] - offsets[0]) // len(texts) + 1 if len(texts) else 1
    rows = min(max(BLOCK_BYTES // size, 64), BLOCK_ROWS)
    for first in range(0, len(texts), rows):
        part = offsets[first : first + rows + 1]
        data = np.full(int(part[-1] - part[0]) + 2 * PAD, FILL, np.uint8)
        data[PAD:-PAD] = whole[part[0] : part[-1]]
        places = part - part[0] + PAD
        yield Block(data, places[:-1], places[1:])
