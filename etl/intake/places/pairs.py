"""Where the values of `name=value` pairs stand: pairs divided by blanks or another separator, values in quotes or not.

What these functions read they read as `etl.intake.pairs` does, which is the engine's way and takes every record; what is
odd in any way is not `read`, and goes there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.intake.formats import Format
from etl.intake.places.block import BACKSLASH, BLANK, QUOTE, TAB, Block, Bytes, Flags, Found, Places, byte_of, escaped
from etl.intake.places.names import Names


@dataclass(frozen=True)
class Pairs:
    """Pairs in their order: the text that each is in, and where its name and its value stand."""

    rows: Places
    name_starts: Places
    name_ends: Places
    starts: Places
    ends: Places


class Asked:
    """The fields of a format. A field may have several spellings, `"a|b"`; the first one that a text has counts."""

    def __init__(self, fields: list[str], least: int) -> None:
        """Raises ValueError for a name that is too long."""
        spellings = [field.split("|") for field in fields]
        names = list(dict.fromkeys(name for spelt in spellings for name in spelt))
        self._rows = [[names.index(name) for name in spelt] for spelt in spellings]
        self._names, self._count, self._least = Names(names), len(names), least

    def found(self, block: Block, pairs: Pairs, read: Flags, *, escaped: bool = False) -> Found:
        """The values of the fields. Of a repeated name the first pair counts; a text with too few fields is not read."""
        which = self._names.find(block, pairs.name_starts, pairs.name_ends)
        asked = np.flatnonzero(which >= 0)[::-1]  # of two assignments to one cell the last one stays
        cells = which[asked], pairs.rows[asked]
        starts = np.full((self._count, len(block)), -1)
        ends = np.zeros_like(starts)
        starts[cells], ends[cells] = pairs.starts[asked], pairs.ends[asked]
        read = read & (np.count_nonzero(starts >= 0, axis=0) >= self._least)
        first = [rows[0] for rows in self._rows]
        chosen_starts, chosen_ends = starts[first], ends[first]
        for field, rows in enumerate(self._rows):
            for other in rows[1:]:
                lacking = chosen_starts[field] < 0
                chosen_starts[field][lacking] = starts[other][lacking]
                chosen_ends[field][lacking] = ends[other][lacking]
        return Found(chosen_starts, chosen_ends, read, escaped)


class QuotedPairs:
    """Pairs whose values may stand in quotes, or all do (`quoted`). A backslash escapes a quote or itself."""

    def __init__(self, spec: Format) -> None:
        """Raises ValueError for a frame that only the engine reads."""
        separator, assign = spec.frame.separator or " ", spec.frame.assign
        if len(assign) != 1 or len(separator.rstrip(" ") or " ") != 1 or (len(separator) > 1 and not spec.frame.quoted):
            raise ValueError(f"frame: found {separator!r} and {assign!r}; expected single characters")
        self._separator, self._assign = byte_of(separator[0]), byte_of(assign)
        self._quoted = spec.frame.quoted
        self._asked = Asked(list(spec.frame.fields), spec.frame.least or 3)

    def find(self, block: Block) -> Found:
        data = block.data
        read = plain(block, self._separator)
        marks = np.flatnonzero((data == self._separator) | (data == self._assign) | (data == QUOTE))
        kinds = data[marks]
        backslashes = block.places(BACKSLASH)
        if len(backslashes):
            stay = ~escaped(block, backslashes, read)[marks] | (kinds != QUOTE)
            marks, kinds = marks[stay], kinds[stay]
        stay, opens = outside(block, marks, kinds, read)
        if self._separator < BLANK:  # in a value it is one control character more
            read &= ~block.holds(marks[~stay & (kinds == self._separator)])
        marks, kinds, opens = marks[stay], kinds[stay], opens[stay]
        # A mark before all others, so that each has one before it, and two behind.
        marks = np.concatenate(([-1], marks, [len(data), len(data)]))
        kinds = np.concatenate(([self._separator], kinds, [self._separator, self._separator])).astype(np.uint8)
        at = np.flatnonzero(kinds == self._assign)
        rows = block.rows_of(marks[at])
        before = marks[at - 1]
        first = before < block.starts[rows]  # no mark of the same text stands before
        starts = np.where(first, block.starts[rows], before + 1)
        if self._separator != BLANK:
            starts = self._without_blanks(block, at, marks, kinds, starts, read)
        named = np.flatnonzero((first | (kinds[at - 1] == self._separator)) & (marks[at] > starts))
        at, rows, starts = at[named], rows[named], starts[named]
        assigns = marks[at]
        values = assigns + 1
        if self._separator != BLANK:
            values = np.minimum(_past_blanks(block, values), block.ends[rows])
        in_quotes = (data[values] == QUOTE) & (values < block.ends[rows])
        self._check_quotes(block, marks[np.flatnonzero(opens) + 1], values[in_quotes], read)
        self._check_closings(block, marks[at[in_quotes] + 2], read)
        if self._quoted:
            read[rows[~in_quotes]] = False
        dividing = np.cumsum(kinds == self._separator)
        separators = marks[kinds == self._separator]
        bare_ends = np.minimum(separators[dividing[at]], block.ends[rows])
        return self._asked.found(
            block,
            Pairs(
                rows,
                starts,
                assigns,
                values + in_quotes,
                np.where(in_quotes, marks[np.minimum(at + 2, len(marks) - 1)], bare_ends),
            ),
            read,
            escaped=len(backslashes) > 0,
        )

    def _without_blanks(
        self, block: Block, at: Places, marks: Places, kinds: Bytes, starts: Places, read: Flags
    ) -> Places:
        """Blanks beside a separator or before an assignment belong to no name; only one before a name is common."""
        data, assigns = block.data, marks[at]
        read &= ~block.holds(assigns[data[assigns - 1] == BLANK])
        if self._quoted:
            starts = starts + (data[starts] == BLANK)
            read &= ~block.holds(assigns[data[starts] == BLANK])
            return starts
        separators = marks[1:-2][kinds[1:-2] == self._separator]
        read &= ~block.holds(separators[data[separators + 1] == BLANK])
        return starts

    def _check_quotes(self, block: Block, openings: Places, expected: Places, read: Flags) -> None:
        """Each quote that opens is where the value of a pair begins."""
        if len(openings) != len(expected) or (openings != expected).any():
            bounds = [np.searchsorted(places, block.starts) for places in (openings, expected)]
            counts = [
                np.diff(one, append=len(places)) for one, places in zip(bounds, (openings, expected), strict=True)
            ]
            read &= counts[0] == counts[1]

    def _check_closings(self, block: Block, closings: Places, read: Flags) -> None:
        """Each quote that closes ends a text or stands before a separator."""
        odd = closings[block.data[np.minimum(closings + 1, len(block.data) - 1)] != self._separator]
        within = odd[odd < block.ends[-1]]
        row = np.searchsorted(block.ends, within, "right")
        read[row[block.ends[row] != within + 1]] = False


def plain(block: Block, separator: int) -> Flags:
    """Texts without control characters, the separator apart: the engine makes blanks of them."""
    if block.data.min() >= BLANK:
        return np.ones(len(block), bool)
    control = block.data < BLANK
    if separator < BLANK:
        control &= block.data != separator
    return ~block.holds(np.flatnonzero(control))


def outside(block: Block, marks: Places, kinds: Bytes, read: Flags) -> tuple[Flags, Flags]:
    """Which marks are quotes or stand outside quotes, and which are opening quotes; texts with an odd quote are not read."""
    is_quote = kinds == QUOTE
    inside = np.logical_xor.accumulate(is_quote)
    first = np.searchsorted(marks, block.starts)
    before = np.append(False, inside)[first]
    odd = before ^ np.append(before[1:], inside[-1:].any())
    if odd.any():
        read &= ~odd
        inside ^= np.repeat(before, np.diff(first, append=len(marks)))
    return is_quote | ~inside, is_quote & inside


class BarePairs:
    """Pairs whose values are never quoted and may hold the separator: a value ends where the next name begins."""

    def __init__(self, spec: Format) -> None:
        """Raises ValueError for a frame that only the engine reads."""
        separator, assign = spec.frame.separator or " ", spec.frame.assign
        if len(separator.rstrip(" ") or " ") != 1 or len(assign.rstrip(" ") or " ") != 1 or len(separator + assign) > 4:
            raise ValueError(
                f"frame: found {separator!r} and {assign!r}; expected single characters and a blank at most"
            )
        self._separator, self._assign = byte_of(separator[0]), byte_of(assign[0])
        self._blank_after_separator = len(separator) == 2
        self._blank_after_assign = len(assign) == 2
        self._asked = Asked(list(spec.frame.fields), spec.frame.least or 3)

    def find(self, block: Block) -> Found:
        data = block.data
        if self._blank_after_separator:  # which may be a tab
            tabs = np.flatnonzero(data == TAB)
            data[tabs[data[tabs - 1] == self._separator]] = BLANK
        read = plain(block, BLANK)
        marks = np.flatnonzero((data == self._separator) | (data == self._assign) | (data == QUOTE))
        marks = np.concatenate(([-1], marks))
        kinds = data[marks]
        kinds[0] = self._separator
        at = np.flatnonzero(kinds == self._assign)
        rows, assigns, before = block.rows_of(marks[at]), marks[at], marks[at - 1]
        first = before < block.starts[rows]
        begins = np.where(first, block.starts[rows] - 1, before)  # a separator before the first pair is understood
        starts = begins + 1
        led = first | (kinds[at - 1] == self._separator)
        if self._blank_after_separator:
            led &= first | (data[starts] == BLANK)
        starts = _past_blanks(block, starts) if self._blank_after_separator else starts
        ends = _before(block, assigns, (BLANK,))
        initial = data[starts]
        letter = ((initial | 0x20) >= ord("a")) & ((initial | 0x20) <= ord("z")) | (initial == ord("_"))
        stops = np.maximum(_before(block, block.ends, (BLANK, self._separator)), block.starts)[rows]
        if self._separator == BLANK:  # `a =1`, `a= b=1`
            read[rows[(before == assigns - 1) | (data[assigns + 1] == BLANK) & (assigns + 1 < stops)]] = False
        if self._blank_after_assign:
            led &= (data[assigns + 1] == BLANK) | (assigns + 1 == stops)
        named = np.flatnonzero(led & letter & (ends > starts) & (assigns < stops))
        rows, assigns, begins, starts, ends = rows[named], assigns[named], begins[named], starts[named], ends[named]
        values = np.minimum(_past_blanks(block, assigns + 1), stops[named])
        value_ends = until_next(rows, begins, stops[named])
        if self._separator == BLANK:
            value_ends = _before(block, value_ends, (BLANK,))
        pairs = Pairs(rows, starts, ends, values, np.maximum(values, value_ends))
        return self._asked.found(block, pairs, read)


def until_next(rows: Places, begins: Places, stops: Places) -> Places:
    """Where the value of each pair ends: at the beginning of the next pair of its text, or where its text stops."""
    same = rows[1:] == rows[:-1]
    found = stops.copy()
    found[:-1][same] = begins[1:][same]
    return found


def _past_blanks(block: Block, places: Places) -> Places:
    while (blank := block.data[places] == BLANK).any():
        places = places + blank
    return places


def _before(block: Block, places: Places, marks: tuple[int, ...]) -> Places:
    """The places moved back over such bytes."""
    while (back := np.isin(block.data[places - 1], marks)).any():
        places = places - back
    return places
