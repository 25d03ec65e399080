"""Asking ahead: one thread puts a report's questions to the warehouse while pages are written from the answers there are.

A connection answers one question at a time, so there is one thread, whoever wants to know: what somebody waits for goes
before what will be wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class Asker:
    """Asks each question once. What a question raises, whoever wants its answer is raised, too."""

    def __init__(self, ask: Callable[[str], pa.Table]) -> None:
        self._ask = ask
        self._change = Condition()
        self._answers: dict[str, Future[pa.Table]] = {}
        self._waiting: list[str] = []
        self._is_asking = False

    def ahead(self, names: Iterable[str]) -> None:
        """Have these asked in their order; returns at once."""
        with self._change:
            for name in names:
                self._queue(name, len(self._waiting))

    def answer(self, name: str) -> pa.Table:
        """The answer, as soon as it is there."""
        with self._change:
            if name in self._waiting:
                self._waiting.remove(name)
                self._waiting.insert(0, name)
            self._queue(name, 0)
            found = self._answers[name]
        return found.result()

    def forget(self) -> None:
        """Let the answers go. When this returns, nothing is asked any more."""
        with self._change:
            for name in self._waiting:
                self._answers[name].cancel()
            self._waiting.clear()
            self._change.wait_for(lambda: not self._is_asking)
            self._answers.clear()

    def _queue(self, name: str, place: int) -> None:
        if name in self._answers:
            return
        self._answers[name] = Future()
        self._waiting.insert(place, name)
        if not self._is_asking:
            self._is_asking = True
            Thread(target=self._work, name="asker", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._change:
                if not self._waiting:
                    self._is_asking = False
                    self._change.notify_all()
                    return
                name = self._waiting.pop(0)
                future = self._answers[name]
            try:
                future.set_result(self._ask(name))
            except BaseException as error:
                future.set_exception(error)
