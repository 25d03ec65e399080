"""Work side by side: in order, only so far ahead, and what fails in a thread fails for its reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from etl.intake.flow import Behind, ahead, side_by_side


def test_side_by_side_keeps_the_order() -> None:
    """The first item is slow, the second is done meanwhile: the reader gets them in their order."""
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        if item == 1:
            second_is_done.set()
        return item * item

    assert list(side_by_side(work, iter(range(20)))) == [item * item for item in range(20)]


def test_side_by_side_is_only_so_far_ahead() -> None:
    """Of a long iterator no more is taken than the threads and the reader hold."""
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    with closing(side_by_side(lambda item: item, items())) as found:
        assert next(found) == 0
        assert len(taken) == 3


@pytest.mark.parametrize("place", ["items", "work"])
def test_what_fails_side_by_side_fails_for_the_reader(place: str) -> None:
    """An error of the iterator or of the work comes out where it is read, after what came before it."""

    def items() -> Iterator[int]:
        yield from range(5)
        if place == "items":
            raise ValueError("items")

    def work(item: int) -> int:
        if place == "work" and item == 4:
            raise ValueError("work")
        return item

    found = []
    with pytest.raises(ValueError, match=place):
        for item in side_by_side(work, items()):
            found.append(item)
    assert found == ([0, 1, 2, 3] if place == "work" else [0, 1, 2])


def test_ahead_and_behind_pass_errors_on() -> None:
    """What an iterator raises in its thread is raised for the reader; what the work behind raises, for the writer."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("ahead")

    with pytest.raises(ValueError, match="ahead"):
        list(ahead(items()))

    def fail(item: int) -> None:
        raise ValueError("behind")

    with pytest.raises(ValueError, match="behind"), Behind(fail) as written:
        written.put(1)
