"""Work side by side: reading, parsing and writing of one drop overlap, in bounded memory.

The engine parses on all processors; reading and framing run ahead of it, writing behind it. Each keeps a few runs at most.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(items: Iterator[Item], depth: int = 1) -> Generator[Item, None, None]:
    """Give the items of an iterator that a thread of its own advances, at most `depth` items ahead.

    What the iterator raises is raised here. The thread ends when the iterator does, or when the reader stops.
    """
    ready: queue.Queue[tuple[str, Item | BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(kind: str, value: Item | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put((kind, value), timeout=0.2)
            except queue.Full:
                continue
            return

    def run() -> None:
        try:
            for item in items:
                put("item", item)
                if stopped.is_set():
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            kind, value = ready.get()
            if kind == "end":
                return
            if kind == "error":
                assert isinstance(value, BaseException)  # noqa: S101 - as put above
                raise value
            yield value  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()


def side_by_side(work: Callable[[Item], Made], items: Iterator[Item], hands: int = 2) -> Generator[Made, None, None]:
    """Give what `work` makes of each item, in order; so many threads work, and are as many items ahead.

    What the iterator or the work raises is raised here. When the reader stops, what is being worked on is finished and let go.
    """
    with ThreadPoolExecutor(hands) as pool:
        waiting: deque[Future[Made]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > hands:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


class Behind(Generic[Item]):
    """Calls `work` on items in a thread of its own, in order, at most `depth` items behind. Use as a context."""

    def __init__(self, work: Callable[[Item], None], depth: int = 1) -> None:
        self._work = work
        self._waiting: queue.Queue[Item | None] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Behind[Item]:
        self._thread.start()
        return self

    def put(self, item: Item) -> None:
        """Hand an item over. Raises what `work` raised on an earlier one."""
        self._raise()
        self._waiting.put(item)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if error is None:
            self._raise()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._work(item)
                except BaseException as error:
                    self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
