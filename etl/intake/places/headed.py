"""Where the values of CEF and LEEF records stand: `CEF:version|vendor|…|` and then `name=value` pairs.

As `etl.intake.pairs` reads them, the engine's way, which also takes what is not `read` here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from etl.intake.formats import Format
from etl.intake.pairs import CEF_HEAD, LEEF_HEAD
from etl.intake.places.block import BACKSLASH, BLANK, FIRST, TAB, Block, Flags, Found, Places, byte_of, escaped
from etl.intake.places.pairs import Asked, Pairs, plain, until_next

PIPE, EQUALS, COLON = b"|"[0], b"="[0], b":"[0]
# LEEF 2.0 names its delimiter: a character, or its code (IBM, LEEF event components).
LONGEST_DELIMITER = 4
DELIMITERS = {
    "": TAB,
    "\\t": TAB,
    "0x09": TAB,
    "x09": TAB,
    "\t": TAB,
    "0x5e": ord("^"),
    "x5e": ord("^"),
    "0x7c": PIPE,
    "x7c": PIPE,
}


class Head:
    """The parts between the mark of a record, `CEF:`, and its pairs."""

    def __init__(self, spec: Format, mark: bytes, parts: tuple[str, ...]) -> None:
        self._mark = mark
        self._parts = {name: index for index, name in enumerate(parts)}
        self._count = len(parts)
        self.fields = list(spec.frame.fields)

    def bounds(self, block: Block, colons: Places, pipes: Places, backslashes: Places, read: Flags) -> Places:
        """A row for the place behind the mark and behind each pipe of the head; a head with escapes is left to the engine."""
        size = len(self._mark)
        marks = colons[(block.words[colons - size + 1] << np.uint64(64 - 8 * size)) == _high(self._mark)] + 1
        starts = np.append(marks, len(block.data))[np.searchsorted(marks, block.starts + size)]
        at = np.searchsorted(pipes, starts)
        padded = np.concatenate((pipes, np.full(self._count, len(block.data))))
        ends = padded[np.minimum(at, len(pipes)) + np.arange(self._count)[:, None]] + 1
        read &= (starts < block.ends) & (ends[-1] <= block.ends)
        read &= np.searchsorted(backslashes, starts) == np.searchsorted(backslashes, ends[-1])
        return np.where(read, np.concatenate((starts[None], ends)), block.starts)

    def found(self, pairs: Found, bounds: Places) -> Found:
        """The fields in the order of the format: parts of the head, and what the pairs gave for the others."""
        starts, ends, row = [], [], 0
        for name in self.fields:
            if (part := self._parts.get(name)) is not None:
                starts.append(bounds[part])
                ends.append(bounds[part + 1] - 1)
            else:
                starts.append(pairs.starts[row])
                ends.append(pairs.ends[row])
                row += 1
        return replace(pairs, starts=np.array(starts), ends=np.array(ends))

    def others(self) -> list[str]:
        """The fields that are no part of the head."""
        return [name for name in self.fields if name not in self._parts]


def _high(mark: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(mark, "little") << (64 - 8 * len(mark)))


class Cef:
    """CEF: a value holds blanks, and ends where the next ` name=` begins; a name has letters, digits, `_`, `.` and `-`."""

    def __init__(self, spec: Format) -> None:
        """Raises ValueError for a name that is too long."""
        self._head = Head(spec, b"CEF:", CEF_HEAD)
        self._asked = Asked(self._head.others(), spec.frame.least or 1)

    def find(self, block: Block) -> Found:
        data = block.data
        read = plain(block, BLANK)
        low = data | 0x20
        is_name = (
            (low - ord("a") < 26)
            | (data - ord("0") < 10)
            | (data == ord("_"))
            | (data == ord("."))
            | (data == ord("-"))
        )
        marks = np.flatnonzero(~is_name)
        kinds = data[marks]
        backslashes = marks[kinds == BACKSLASH]
        bounds = self._head.bounds(block, marks[kinds == COLON], marks[kinds == PIPE], backslashes, read)
        at = np.flatnonzero(kinds == EQUALS)
        rows, assigns, before = block.rows_of(marks[at]), marks[at], marks[at - 1]
        begins = np.maximum(before, bounds[-1][rows] - 1)  # the pairs begin right behind the head
        initial = low[begins + 1]
        is_pair = (assigns > begins + 1) & ((initial - ord("a") < 26) | (data[begins + 1] == ord("_")))
        is_pair &= (data[begins] == BLANK) | (before < bounds[-1][rows])
        named = np.flatnonzero(is_pair & (begins < assigns))
        rows, assigns, begins = rows[named], assigns[named], begins[named]
        ends = until_next(rows, begins, block.ends[rows])
        is_last = ends == block.ends[rows]
        while (blank := ~is_last & (data[ends - 1] == BLANK)).any():
            ends = ends - blank
        pairs = Pairs(rows, begins + 1, assigns, assigns + 1, np.maximum(ends, assigns + 1))
        return self._head.found(self._asked.found(block, pairs, read, escaped=len(backslashes) > 0), bounds)


class Leef:
    """LEEF: a delimiter stands between the pairs; a record of version 2 may name its own."""

    def __init__(self, spec: Format) -> None:
        """Raises ValueError for a name that is too long."""
        self._head = Head(spec, b"LEEF:", LEEF_HEAD)
        self._asked = Asked(self._head.others(), spec.frame.least or 1)
        self._delimiter = byte_of(spec.frame.separator or "\t")

    def find(self, block: Block) -> Found:
        data = block.data
        read = np.ones(len(block), bool)
        backslashes = block.places(BACKSLASH)
        is_escaped = escaped(block, backslashes, read)
        pipes = np.flatnonzero((data == PIPE) & ~is_escaped)
        bounds = self._head.bounds(block, np.flatnonzero(data == COLON), pipes, backslashes, read)
        delimiter, starts = self._delimiters(block, bounds, is_escaped, read)
        read &= plain(block, delimiter)
        is_mark = (data == EQUALS) & ~is_escaped
        is_mark |= (
            (data == delimiter) & ~is_escaped if delimiter == PIPE else data == delimiter
        )  # only a pipe is escaped
        marks = np.flatnonzero(is_mark)
        kinds = data[marks]
        marks, kinds = np.concatenate(([-1], marks)), np.concatenate(([delimiter], kinds)).astype(np.uint8)
        at = np.flatnonzero(kinds == EQUALS)
        rows, assigns, before = block.rows_of(marks[at]), marks[at], marks[at - 1]
        first = before < starts[rows]
        begins = np.maximum(before, starts[rows] - 1)
        name_starts = begins + 1
        while (blank := (data[name_starts] == BLANK) & (name_starts < assigns)).any():
            name_starts = name_starts + blank
        named = np.flatnonzero((first | (kinds[at - 1] == delimiter)) & (name_starts < assigns))
        self._check(block, marks, delimiter, at[named[~first[named]]], starts, read)
        rows, assigns, begins, name_starts = rows[named], assigns[named], begins[named], name_starts[named]
        ends = until_next(rows, begins, block.ends[rows])
        while (empty := (ends > assigns + 1) & (data[ends - 1] == delimiter) & is_mark[ends - 1]).any():
            ends = ends - empty
        pairs = Pairs(rows, name_starts, assigns, assigns + 1, np.maximum(ends, assigns + 1))
        return self._head.found(self._asked.found(block, pairs, read, escaped=len(backslashes) > 0), bounds)

    def _delimiters(self, block: Block, bounds: Places, is_escaped: Flags, read: Flags) -> tuple[int, Places]:
        """The delimiter of the block, and where the pairs of each text begin."""
        data, starts = block.data, bounds[-1]
        second = read & (data[bounds[0]] == ord("2"))
        if not second.any():
            return self._delimiter, starts
        sizes = self._delimiter_sizes(block, starts, is_escaped, second)
        named = second & (sizes >= 0)
        sizes = np.maximum(sizes, 0)
        read &= sizes <= LONGEST_DELIMITER
        words = block.words[starts] & FIRST[np.minimum(sizes, 8)]
        delimiters = np.full(len(block), self._delimiter)
        for word in np.unique(words[named]).tolist():
            text = word.to_bytes(8, "little").rstrip(b"\0").decode("latin-1")
            chosen = named & (words == word)
            delimiters[chosen] = DELIMITERS.get(text.lower(), ord(text) if len(text) == 1 else TAB)
            read &= ~chosen | text.isascii()
        starts = np.where(named, starts + sizes + 1, starts)
        common = int(np.bincount(delimiters[read]).argmax()) if read.any() else self._delimiter
        self._unite(block, delimiters, common, starts, is_escaped, read)
        return common, starts

    def _delimiter_sizes(self, block: Block, starts: Places, is_escaped: Flags, second: Flags) -> Places:
        """How many bytes name the delimiter, up to a pipe; -1 where a pair comes before the next pipe."""
        data = block.data
        for size in range(LONGEST_DELIMITER + 1):  # all texts of one stream name the same one
            named = data[starts[second][:, None] + np.arange(size + 1)]
            if (named[:, -1] == PIPE).all() and not np.isin(named[:, :-1], (EQUALS, PIPE, BACKSLASH)).any():
                return np.full(len(block), size)
        pipe = _next(np.flatnonzero((data == PIPE) & ~is_escaped), starts, block.ends)
        equals = _next(np.flatnonzero((data == EQUALS) & ~is_escaped), starts, block.ends)
        return np.where(pipe < equals, pipe - starts, -1)

    def _unite(
        self, block: Block, delimiters: Places, common: int, starts: Places, is_escaped: Flags, read: Flags
    ) -> None:
        """Write the common delimiter over the others of the block. A text that holds it in a value is not read."""
        other = delimiters != common
        if not other.any():
            return
        data = block.data
        common_places = np.flatnonzero(data == common)
        rows = block.rows_of(common_places)
        read[rows[other[rows] & (common_places >= starts[rows])]] = False
        for delimiter in np.unique(delimiters[other]).tolist():
            places = np.flatnonzero((data == delimiter) & ~is_escaped if delimiter == PIPE else data == delimiter)
            chosen = places[delimiters[block.rows_of(places)] == delimiter]
            data[chosen], is_escaped[chosen] = common, False

    def _check(self, block: Block, marks: Places, delimiter: int, pairs: Places, starts: Places, read: Flags) -> None:
        """Each delimiter stands before a pair, before another one or at the end; else what follows is still of a value."""
        leads = np.zeros(len(marks), bool)
        leads[pairs - 1] = True
        leads[0] = True  # the mark before all others
        idle = marks[~leads & (block.data[marks] == delimiter)]
        idle = idle[block.data[idle + 1] != delimiter]
        rows = block.rows_of(idle)
        read[rows[(idle >= starts[rows]) & (idle + 1 != block.ends[rows])]] = False


def _next(places: Places, starts: Places, ends: Places) -> Places:
    """The first of the places in each range, or its end."""
    found: Places = np.minimum(np.append(places, ends[-1])[np.searchsorted(places, starts)], ends)
    return found
