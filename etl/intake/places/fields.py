"""The fields that a format asks for, where they stand in a record, and what is handed on of them: Arrow string views.

A view is sixteen bytes: its length, then a text of up to twelve bytes itself, or the first four bytes of a longer one, the
number of its buffer (always 0) and where it stands there (Apache Arrow Columnar Format, variable-size binary view layout).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.intake.frames import AROUND
from etl.intake.places.compiled import Bytes, Places, Words, compiled, inlined, word_at
from etl.intake.places.hosts import NO_PORT, note_host, note_url
from etl.intake.places.names import Names, number_of, table_of

Numbers = npt.NDArray[np.int32]
HOST, PATH = "plain_host_", "plain_path_"
BEHIND = (HOST, PATH, *AROUND)  # what is noted beside the names
INLINE = 12  # bytes of a text that a view holds itself
MOST_PAIRS = 1024
# By the length of a text: what of its first four bytes, of the next eight and of its place is in the view.
KEPT = np.array(
    [
        (
            (1 << 8 * min(length, 4)) - 1,
            (1 << 8 * max(length - 4, 0)) - 1 if length <= INLINE else 0,
            (length > INLINE) * (2**64 - 1),
        )
        for length in range(INLINE + 2)
    ],
    np.uint64,
)


class Asked(NamedTuple):
    """What is asked for. In the record at hand name `n` stands from `starts[n]` to `ends[n]`, a start of -1 says that it is
    lacking; the last four are BEHIND. `choices`: a row for each field with its spellings, the first one found counts; -1 fills
    up. `pairs`: room for the pairs of a record, where the name and the value of each begin and end. `least`: a record has so
    many of the names at least. `host`, `url`: the field that is the host, or the URL, where it is looked into; else -1."""

    names: Names
    starts: Places
    ends: Places
    choices: Places
    pairs: Places
    least: int
    host: int
    url: int


class Views(NamedTuple):
    """The fields of the records that were read, one behind the other: `words[field, nth]` is a view, `known[field, nth // 8]`
    holds the bit that says whether there is one, `ports[nth]` is the port of a plain URL or NO_PORT, and `rows[nth]` is the
    record's number."""

    words: Words
    known: Bytes
    ports: Numbers
    rows: Places


def asked(fields: Sequence[str], behind: Sequence[str], least: int, host: int = -1, url: int = -1) -> Asked:
    """Fields, each with its spellings (`"a|b"`), then those of BEHIND."""
    spellings = [field.split("|") for field in fields]
    names = list(dict.fromkeys(name for spelt in spellings for name in spelt))
    rows = [[names.index(name) for name in spelt] for spelt in spellings]
    rows += [[len(names) + BEHIND.index(name)] for name in behind]
    choices = np.full((len(rows), max(map(len, rows))), -1, np.int64)
    for row, numbers in enumerate(rows):
        choices[row, : len(numbers)] = numbers
    starts, ends = (np.zeros(len(names) + len(BEHIND), np.int64) for _ in range(2))
    return Asked(table_of(names), starts, ends, choices, np.zeros((MOST_PAIRS, 4), np.int64), least, host, url)


@compiled
def note_pairs(
    data: Bytes, pairs: Places, count: int, known: Bytes, bounds: Places, slots: Places, starts: Places, ends: Places
) -> int:
    """Keep the values of the names asked for among the first `count` pairs: of a repeated name the first one. Gives how many.

    `known`, `bounds`, `slots`: the table of Names.
    """
    found = 0
    for nth in range(count):
        number = number_of(data, pairs[nth, 0], pairs[nth, 1], known, bounds, slots)
        if number >= 0 and starts[number] < 0:
            starts[number], ends[number] = pairs[nth, 2], max(pairs[nth, 2], pairs[nth, 3])
            found += 1
    return found


@compiled
def keep(
    data: Bytes, nth: int, host: int, url: int, choices: Places, starts: Places, ends: Places,
    words: Words, known: Bytes, ports: Numbers,
) -> None:  # fmt: skip
    """Write the fields of the record at hand as the `nth` that was read. The arrays are those of Asked and Views."""
    bit = np.uint8(1 << (nth & 7))
    if host >= 0:
        number = _chosen(host, starts, choices)
        if starts[number] >= 0:
            note_host(data, starts[number], ends[number], starts, ends)
    elif url >= 0:
        number = _chosen(url, starts, choices)
        ports[nth] = note_url(data, starts[number], ends[number], starts, ends) if starts[number] >= 0 else NO_PORT
    for field in range(choices.shape[0]):
        number = _chosen(field, starts, choices)
        first, second = np.uint64(0), np.uint64(0)
        if starts[number] >= 0:
            known[field, nth >> 3] |= bit
            first, second = _view(data, starts[number], ends[number])
        words[field, nth, 0], words[field, nth, 1] = first, second


@inlined
def _chosen(field: int, starts: Places, choices: Places) -> Any:
    """The number of the first spelling that the record has, else of the last one."""
    number, choice = choices[field, 0], 1
    while starts[number] < 0 and choice < choices.shape[1] and choices[field, choice] >= 0:
        number = choices[field, choice]
        choice += 1
    return number


@inlined
def _view(data: Bytes, start: int, end: int) -> tuple[Any, Any]:
    """Without branches, since lengths follow no rule that a processor could guess. `data` has eight bytes at least."""
    length = end - start
    kept, last = min(length, INLINE + 1), len(data) - 8
    here, behind = min(start, last), min(start + 4, last)
    first = word_at(data, here) >> np.uint64(min(8 * (start - here), 63))
    second = word_at(data, behind) >> np.uint64(min(8 * (start + 4 - behind), 63))
    second = (second & KEPT[kept, 1]) | ((np.uint64(start) << np.uint64(32)) & KEPT[kept, 2])
    return np.uint64(length) | ((first & KEPT[kept, 0]) << np.uint64(32)), second


def room(fields: int, count: int) -> Views:
    """Room for the fields of so many records."""
    words, known = np.empty((fields, count, 2), np.uint64), np.zeros((fields, (count + 7) // 8), np.uint8)
    return Views(words, known, np.empty(count, np.int32), np.empty(count, np.int64))


def arrays(views: Views, read: int, data: pa.Buffer) -> list[pa.Array]:
    """One array of texts for each field, over the records that were read; they point into `data`."""
    return [
        pa.Array.from_buffers(pa.string_view(), read, [pa.py_buffer(known), pa.py_buffer(words), data])
        for words, known in zip(views.words, views.known, strict=True)
    ]
