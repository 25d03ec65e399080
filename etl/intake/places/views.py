"""Places as Arrow string views: sixteen bytes for each text, which point into the block; short texts are in the view."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from etl.intake.places.block import FIRST, Block, Found, Places

INLINE = 12  # bytes; Apache Arrow Columnar Format, variable-size binary view layout


def views(block: Block, found: Found) -> list[pa.Array]:
    """One array for each field, over the texts that were read."""
    every = bool(found.read.all())
    starts = found.starts if every else found.starts[:, found.read]
    ends = found.ends if every else found.ends[:, found.read]
    known = starts >= 0
    lengths = np.where(known, ends - starts, 0)
    packed = _packed(block, np.maximum(starts, 0), lengths)
    data, count = pa.py_buffer(block.data), starts.shape[1]
    arrays = []
    for row in range(len(starts)):
        valid = None if known[row].all() else pa.py_buffer(np.packbits(known[row], bitorder="little"))
        arrays.append(pa.Array.from_buffers(pa.string_view(), count, [valid, pa.py_buffer(packed[row]), data]))
    return arrays


def _packed(block: Block, starts: Places, lengths: Places) -> np.ndarray:
    """Per text two words: its length with its first four bytes, then its next eight or, of a long text, where it stands."""
    words = block.words
    first = words[starts] & FIRST[np.minimum(lengths, 8)]
    half = np.uint64(32)
    packed = np.empty((*starts.shape, 2), np.uint64)
    packed[..., 0] = lengths.astype(np.uint64) | (first << half)
    inline = words[starts + 4] & FIRST[np.clip(lengths - 4, 0, 8)]
    far = starts.astype(np.uint64) << half  # behind the number of the buffer, 0
    packed[..., 1] = np.where(lengths <= INLINE, inline, far)
    return packed
