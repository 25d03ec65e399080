"""The few regular expressions that name what stands before the fields of a record (`after` of a frame), by bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from etl.intake.places.compiled import Bytes, Places, compiled

MANY = 1 << 20
ATOM = re.compile(r"\[\^?(?:\\.|[^\]\\])+\]|\\.|[^\\\[\](){}|*+?.^$]")
TIMES = re.compile(r"\+|\{(\d+)\}")
CHOICE = re.compile(r"\(\?:([^()\[\]\\|]+(?:\|[^()\[\]\\|]+)+)\)")


class Pattern(NamedTuple):
    """Alternatives, each a run of sets of bytes: alternative `a` is the sets `bounds[a]` to `bounds[a + 1]`; of set `s` stand
    between `least[s]` and `most[s]` bytes there, as many as there are."""

    bounds: Places
    sets: npt.NDArray[np.bool_]
    least: Places
    most: Places


NOTHING = Pattern(np.zeros(1, np.int64), np.zeros((0, 256), bool), np.zeros(0, np.int64), np.zeros(0, np.int64))


def pattern(expression: str) -> Pattern:
    """From characters, sets, `\\d`, `+`, `{n}` and one choice of plain texts.

    Raises ValueError for any other, and where more than one way to read a text is left.
    """
    choice = CHOICE.search(expression)
    texts = [expression]
    if choice:
        texts = [expression[: choice.start()] + one + expression[choice.end() :] for one in choice[1].split("|")]
    bounds, sets, least, most = [0], [], [], []
    for text in texts:
        for allowed, low, high in _steps(text):
            sets.append(allowed)
            least.append(low)
            most.append(high)
        bounds.append(len(sets))
    return Pattern(np.array(bounds), np.array(sets), np.array(least), np.array(most))


def _steps(text: str) -> list[tuple[npt.NDArray[np.bool_], int, int]]:
    steps: list[tuple[npt.NDArray[np.bool_], int, int]] = []
    at = 0
    while at < len(text):
        atom = ATOM.match(text, at)
        if atom is None or not atom[0].isascii():
            raise ValueError(f"after: found {text[at:]!r}; expected characters, sets and numbers of them")
        allowed, at = _set(atom[0]), atom.end()
        times = TIMES.match(text, at)
        low = high = 1
        if times:
            low, high = (int(times[1]), int(times[1])) if times[1] else (1, MANY)
            at = times.end()
        if steps and steps[-1][2] == MANY and (steps[-1][0] & allowed).any():
            raise ValueError(f"after: found {text!r}; expected that each set ends where the next one begins")
        steps.append((allowed, low, high))
    return steps


def _set(atom: str) -> npt.NDArray[np.bool_]:
    """The bytes of an atom; those of other scripts are in a set only if it is a negated one."""
    one = re.compile(atom.encode(), re.ASCII | re.DOTALL)
    return np.array([one.fullmatch(bytes([byte])) is not None for byte in range(256)])


@compiled
def found_behind(data: Bytes, start: int, end: int, wanted: Pattern) -> int:
    """The place behind the first text that fits, or -1."""
    bounds, sets, least, most = wanted.bounds, wanted.sets, wanted.least, wanted.most
    for at in range(start, end):
        if data[at] == 10:
            return -1
        for alternative in range(len(bounds) - 1):
            behind = at
            for step in range(bounds[alternative], bounds[alternative + 1]):
                stop = min(end, behind + most[step])
                first = behind
                while behind < stop and sets[step, data[behind]]:
                    behind += 1
                if behind - first < least[step]:
                    behind = -1
                    break
            if behind >= 0:
                return behind
    return -1
