"""Asking ahead: each question once, what somebody waits for first, and errors where they are awaited."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError

import pyarrow as pa
import pytest

from reports.asked import asked
from reports.asking import Asker
from reports.csvs import exported
from reports.queries import names


class Warehouse:
    """Answers when it is let, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = threading.Event()

    def answer(self, name: str) -> pa.Table:
        self.asked.append(name)
        self.may_answer.wait(5)
        if name == "broken":
            raise ValueError("no such column")
        return pa.table({"name": [name]})


def test_what_is_awaited_goes_first_and_is_asked_once() -> None:
    """A question that waits its turn is asked next when somebody wants it; nobody's question is asked twice."""
    warehouse = Warehouse()
    asker = Asker(warehouse.answer)
    asker.ahead(["one", "two", "three"])
    while not warehouse.asked:
        time.sleep(0.001)
    found: list[pa.Table] = []
    wanting = threading.Thread(target=lambda: found.append(asker.answer("three")))
    wanting.start()
    time.sleep(0.05)
    warehouse.may_answer.set()
    wanting.join()
    assert found[0].to_pylist() == [{"name": "three"}]
    assert [asker.answer(name).num_rows for name in ("two", "one", "four", "three")] == [1, 1, 1, 1]
    assert warehouse.asked == ["one", "three", "two", "four"]


def test_an_error_is_raised_where_the_answer_is_wanted() -> None:
    """What is asked ahead and fails disturbs nobody who does not want it."""
    warehouse = Warehouse()
    warehouse.may_answer.set()
    asker = Asker(warehouse.answer)
    asker.ahead(["broken", "one"])
    assert asker.answer("one").num_rows == 1
    with pytest.raises(ValueError, match="no such column"):
        asker.answer("broken")


def test_nothing_is_asked_after_forgetting() -> None:
    """The connection may be closed then: what was being asked has its answer, what waited is given up."""
    warehouse = Warehouse()
    asker = Asker(warehouse.answer)
    asker.ahead(["one", "two"])
    while not warehouse.asked:
        time.sleep(0.001)
    failed: list[BaseException] = []

    def want() -> None:
        try:
            asker.answer("two")
        except CancelledError as error:
            failed.append(error)

    wanting = threading.Thread(target=want)
    wanting.start()
    time.sleep(0.05)
    threading.Timer(0.05, warehouse.may_answer.set).start()
    asker.forget()
    wanting.join()
    assert warehouse.asked == ["one"] and len(failed) == 1
    assert asker.answer("two").num_rows == 1


def test_all_that_is_written_is_asked_ahead() -> None:
    """Every export and every finding is among the questions, each once."""
    found = asked(("pdf", "html", "csv"))
    assert set(exported()) | set(names("finding_")) | set(names("recommendation_")) <= set(found) <= set(names())
    assert len(found) == len(set(found))
