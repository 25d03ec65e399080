"""The engine plans a statement once and answers for one batch after another, for several threads at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest

from etl.intake.engine import Engine

DOUBLED = "with rows_ as (select n from batch) select 2 * n as n from rows_"


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine("UTC", datetime(2026, 11, 20, tzinfo=UTC), 0, "500MB")
    yield made
    made.close()


def batch(first: int, count: int = 40_000) -> pa.Table:
    """Several pieces, so that the order of an answer is not that of one piece by chance."""
    pieces = [
        pa.record_batch({"n": list(range(start, start + count // 4))})
        for start in range(first, first + count, count // 4)
    ]
    return pa.Table.from_batches(pieces)


def doubled(engine: Engine, first: int) -> bool:
    table = batch(first)
    expected = [2 * n for n in table["n"].to_pylist()]
    found: list[int] = engine.ask(DOUBLED, table)["n"].to_pylist()
    return found == expected


def test_each_batch_is_answered_for_by_itself(engine: Engine) -> None:
    assert all(doubled(engine, first) for first in (0, 100_000, 7))


def test_threads_ask_at_once(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as hands:
        assert all(hands.map(lambda first: doubled(engine, first), range(0, 4_000_000, 100_000)))


def test_a_statement_that_fails_on_a_batch_answers_for_the_next(engine: Engine) -> None:
    whole = "with rows_ as (select n from batch) select cast(n as tinyint) as n from rows_"
    with pytest.raises(duckdb.DataError):
        engine.ask(whole, batch(1000))
    assert engine.ask(whole, pa.table({"n": [1, 2]}))["n"].to_pylist() == [1, 2]


def test_nothing_of_a_batch_is_kept(engine: Engine) -> None:
    table = batch(0)
    before = pa.total_allocated_bytes()
    for first in range(5):
        engine.ask(DOUBLED, batch(first, 400_000))
    assert pa.total_allocated_bytes() - before < table.nbytes


def test_a_planned_statement_reads_no_file(engine: Engine) -> None:
    with pytest.raises(duckdb.Error, match="disabled"):
        engine.ask("with rows_ as (select * from read_csv('/etc/passwd')) select * from rows_, batch", batch(0))
