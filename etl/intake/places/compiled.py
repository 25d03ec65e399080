"""Functions compiled to machine code when they are first used, and kept for the next time (docs/decisions/0009-numba.md).

What they take costs: an array inside a tuple is counted anew wherever it is taken out. So it is taken out once, outside loops.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., object])

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def _kept() -> Path:
    """The folder of the compiled functions: beside their source, else the user's own; a new one for every change of any source.

    The library looks at the source of a function, not of those that it calls.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:12]
    beside = here / "__pycache__"
    if not os.access(beside if beside.exists() else here, os.W_OK):
        beside = Path.home() / ".cache" / "cloud-discovery"
    return beside / f"compiled-{digest}"


if not numba.config.CACHE_DIR:  # NUMBA_CACHE_DIR of the environment
    numba.config.CACHE_DIR = str(_kept())


def compiled(function: Function) -> Function:
    """The function as machine code. It runs beside others on several threads: it takes and gives arrays and numbers only."""
    return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """The same, written out where it is called: for what is asked of every field or byte."""
    return numba.njit(cache=True, nogil=True, inline="always")(function)  # type: ignore[no-any-return]


@intrinsic  # type: ignore[untyped-decorator]
def word_at(context: Any, data: Any, place: Any) -> Any:
    """`word_at(data, place)`: the eight bytes that begin at a place as a number, the first one lowest. All eight must exist."""

    def code(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = target.make_array(signature.args[0])(target, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), ir.IntType(64).as_pointer())
        word = builder.load(pointer)
        word.align = 1
        return word

    return numba.uint64(data, numba.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def _zeros_below(context: Any, word: Any) -> Any:
    """How many bits that are 0 lie below the lowest one that is 1."""

    def code(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return numba.uint64(numba.uint64), code


EACH, HIGHEST = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


@compiled
def until(data: Bytes, at: int, end: int, one: int, other: int) -> int:
    """The place of the first of two bytes, or `end`; eight bytes are looked at at once (Warren, Hacker's Delight, 6-1)."""
    first, second = np.uint64(one) * EACH, np.uint64(other) * EACH
    last = len(data) - 8
    while at < end and at <= last:
        word = word_at(data, at)
        left, right = word ^ first, word ^ second
        found = (((left - EACH) & ~left) | ((right - EACH) & ~right)) & HIGHEST
        if found != 0:
            return min(at + int(np.int64(_zeros_below(found) >> np.uint64(3))), end)
        at += 8
    while at < end and data[at] != one and data[at] != other:
        at += 1
    return min(at, end)


@compiled
def until_odd(data: Bytes, at: int, end: int, one: int, other: int, third: int, below: int) -> int:
    """The place of the first of three bytes, or of a byte below a number of at most 128, or `end`."""
    first, second, last_one, least = (
        np.uint64(one) * EACH,
        np.uint64(other) * EACH,
        np.uint64(third) * EACH,
        np.uint64(below) * EACH,
    )
    last = len(data) - 8
    while at < end and at <= last:
        word = word_at(data, at)
        left, middle, right = word ^ first, word ^ second, word ^ last_one
        found = ((left - EACH) & ~left) | ((middle - EACH) & ~middle) | ((right - EACH) & ~right)
        found = (found | ((word - least) & ~word)) & HIGHEST
        if found != 0:
            return min(at + int(np.int64(_zeros_below(found) >> np.uint64(3))), end)
        at += 8
    while at < end and data[at] != one and data[at] != other and data[at] != third and data[at] >= below:
        at += 1
    return min(at, end)
