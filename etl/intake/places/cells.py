"""Where the cells of separated values stand: W3C records and CSV rows; separators inside double quotes do not divide.

As `split_quoted` of `etl.intake.frames` reads them, the engine's way, which also takes what is not `read` here: quotes
inside a cell, runs of blanks, rows that are too short.
"""

from __future__ import annotations

import numpy as np

from etl.intake.places.block import QUOTE, Block, Flags, Found, Places, byte_of
from etl.intake.places.pairs import outside

STAND_INS = (29, 31)  # control characters that the engine's way makes question marks of


class Cells:
    """The cells at the given positions, from 0. `quotes`: whether quotes mean anything; `runs`: a run of separators divides once."""

    def __init__(self, separator: str, positions: list[int], least: int, *, quotes: bool, runs: bool) -> None:
        """Raises ValueError for a separator that only the engine reads."""
        self._separator, self._positions, self._least = byte_of(separator), np.array(positions, np.int64), least
        self._quotes, self._runs = quotes, runs

    def find(self, block: Block) -> Found:
        data, separator = block.data, self._separator
        ends, read = block.ends, np.ones(len(block), bool)
        has_quotes = self._quotes and bool((data == QUOTE).any())
        marks = np.flatnonzero((data == separator) | (data == QUOTE) if has_quotes else data == separator)
        if self._quotes:
            read &= ~block.holds(np.flatnonzero((data == STAND_INS[0]) | (data == STAND_INS[1])))
        doubled = False
        if has_quotes:
            kinds = data[marks]
            stay, opens = outside(block, marks, kinds, read)
            marks, kinds, opens = marks[stay], kinds[stay], opens[stay]
            doubled = bool((data[marks[opens] - 1] == QUOTE).any())
            self._check_quotes(block, marks[opens], marks[(kinds == QUOTE) & ~opens], read)
            marks = marks[kinds == separator]
        if self._runs:
            read &= ~block.holds(marks[data[marks + 1] == separator])
            read &= (data[block.starts] != separator) & (data[ends - 1] != separator)
        first = np.searchsorted(marks, block.starts)
        counts = np.diff(first, append=len(marks)) + 1
        read &= counts >= self._least
        cells = self._positions[:, None]
        padded = np.append(marks, np.full(int(self._positions.max(initial=0)) + 2, len(data) - 2))
        starts = np.where(cells == 0, block.starts, padded[first + np.maximum(cells - 1, 0)] + 1)
        stops = np.where(cells + 1 < counts, padded[first + cells], ends)
        if has_quotes:
            quoted = (data[starts] == QUOTE) & (starts < stops)
            starts, stops = starts + quoted, stops - quoted
        return Found(np.where(cells < counts, starts, -1), stops, read, doubled)

    def _check_quotes(self, block: Block, opening: Places, closing: Places, read: Flags) -> None:
        """A quote opens at the beginning of a cell and closes at its end, or is one half of a doubled quote."""
        data = block.data
        rows = np.searchsorted(block.ends, opening, "right")
        led = (data[opening - 1] == self._separator) | (data[opening - 1] == QUOTE) | (opening == block.starts[rows])
        read[rows[~led]] = False
        rows = np.searchsorted(block.ends, closing, "right")
        followed = (
            (data[closing + 1] == self._separator) | (data[closing + 1] == QUOTE) | (closing + 1 == block.ends[rows])
        )
        read[rows[~followed]] = False
