"""Places as Arrow string views: sixteen bytes for each text, which point into the block; short texts are in the view."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from etl.intake.places.block import Block, Found, Places, Words

INLINE = 12  # bytes; Apache Arrow Columnar Format, variable-size binary view layout


SIXTEEN = "V16"


def _masks() -> np.ndarray:
    """By length: what stays of a view's sixteen bytes behind its length. A long text keeps four bytes, then comes its place."""
    kept = [bytes(4) + (b"\xff" * length).ljust(INLINE, b"\0") for length in range(INLINE + 1)]
    kept.append(bytes(4) + (b"\xff" * 4).ljust(INLINE, b"\0"))
    return np.frombuffer(b"".join(kept), SIXTEEN)


MASKS = _masks()


def views(block: Block, found: Found) -> list[pa.Array]:
    """One array for each field, over the texts that were read."""
    every = bool(found.read.all())
    starts, ends = (one if every else np.ascontiguousarray(one[:, found.read]) for one in (found.starts, found.ends))
    known = starts >= 0
    packed = _packed(block, starts, np.where(known, ends - starts, 0))
    data, count = pa.py_buffer(block.data), starts.shape[1]
    arrays = []
    for row in range(len(starts)):
        valid = None if known[row].all() else pa.py_buffer(np.packbits(known[row], bitorder="little"))
        arrays.append(pa.Array.from_buffers(pa.string_view(), count, [valid, pa.py_buffer(packed[row]), data]))
    return arrays


def _packed(block: Block, starts: Places, lengths: Places) -> Words:
    """Per text two words: its length and its first bytes, or, of a long text, its first four bytes and where it stands."""
    sixteen: np.ndarray = np.ndarray((len(block.data) - 15,), SIXTEEN, block.data, 0, (1,))
    packed: Words = sixteen[np.maximum(starts, 4) - 4].view("<u8").reshape(*starts.shape, 2)
    packed &= MASKS[np.minimum(lengths, INLINE + 1)].view("<u8").reshape(packed.shape)
    packed[..., 0] |= lengths.astype(np.uint64)
    far = starts * (lengths > INLINE)
    packed[..., 1] |= far.astype(np.uint64) << np.uint64(32)  # behind the number of the buffer, 0
    return packed
