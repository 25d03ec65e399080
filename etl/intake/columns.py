"""Arrow columns made without pandas, which `pa.array` and `pa.scalar` import to ask whether they were given one of its own.

That costs as much as reading a small log does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def numbers(values: npt.NDArray[np.integer]) -> pa.Array:
    """An integer array as a column of its type, without copying."""
    plain = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(plain.dtype), len(plain), [None, pa.py_buffer(plain)])


def same(text: str | None, count: int) -> pa.Array:
    """The same text, or null, so many times."""
    if text is None:
        return pa.nulls(count, pa.string())
    content = text.encode()
    ends = pa.py_buffer(np.array([0, len(content)], np.int32))
    return pa.repeat(pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(content)])[0], count)
