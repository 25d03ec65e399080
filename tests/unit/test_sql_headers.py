"""Headers of SQL files: what is said is held against the SQL, and a wrong one is refused with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.checks import SEVERITIES
from etl.errors import ModelError
from etl.headers import SQL, check_sql, code, differences, header, tables_read
from etl.inputs import BEHIND_UPLOADS, INPUTS, UPLOADS
from etl.models import models

FILES = sorted([*SQL.glob("models/*/*.sql"), *SQL.glob("checks/*.sql")])
GOOD = """-- {title}: something
-- grain:   one row per day
-- reads:   {reads}
-- kept:    {kept}
-- units:   none
-- adds up: nothing
-- caveat:  none
select day from {table}
"""


def write(folder: Path, name: str, **said: str) -> Path:
    values = {"title": name, "reads": "events", "kept": "view", "table": said.get("reads", "events")} | said
    path = folder / "staging" / f"{name}.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(GOOD.format(**values), encoding="utf-8")
    return path


def test_there_are_files() -> None:
    """The walk over the tree finds models and checks."""
    assert len([path for path in FILES if "models" in path.parts]) >= 10
    assert len([path for path in FILES if "checks" in path.parts]) >= 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_keeps_to_its_header(path: Path) -> None:
    """Each file reads what its header says and nothing that engines answer differently; a check has its severity."""
    found = header(path)
    check_sql(path, path.read_text(encoding="utf-8"), found.reads)
    if "checks" in path.parts:
        assert found.entries["severity"] in SEVERITIES


def test_order_puts_what_is_read_first() -> None:
    """Every model stands behind all that it reads; whoever reads events stands behind the day's list of uploads."""
    order = list(models())
    for name, model in models().items():
        for read in model.reads:
            before = UPLOADS if read in BEHIND_UPLOADS else read
            assert before in INPUTS or order.index(before) < order.index(name)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"reads": "evnts"}, "found 'evnts'; expected one of arrivals, .*events"),
        ({"kept": "sometimes"}, "kept: found 'sometimes'; expected one of view, day, whole"),
        ({"kept": "whole"}, "found events, which belongs to a day"),
        ({"reads": "stg_two"}, "found 'stg_two'"),
        ({"title": "another"}, "expected `-- stg_one: what it is`"),
    ],
)
def test_wrong_header_is_refused(tmp_path: Path, said: dict[str, str], complaint: str) -> None:
    """What is wrong in a header is named, with what was expected."""
    write(tmp_path, "stg_one", **said)
    with pytest.raises(ModelError, match=complaint):
        models(tmp_path)


def test_missing_key_is_refused(tmp_path: Path) -> None:
    """Each key of the header is required."""
    path = write(tmp_path, "stg_one")
    path.write_text(path.read_text(encoding="utf-8").replace("-- caveat:  none\n", ""), encoding="utf-8")
    with pytest.raises(ModelError, match=r"found no `caveat`.*Add the line `-- caveat: …`"):
        models(tmp_path)


def test_key_given_twice_is_refused(tmp_path: Path) -> None:
    """Of two lines with one key, one would be lost."""
    path = write(tmp_path, "stg_one")
    path.write_text(path.read_text(encoding="utf-8").replace("-- units:", "-- caveat: a\n-- units:"), encoding="utf-8")
    with pytest.raises(ModelError, match="found `caveat` twice"):
        models(tmp_path)


def test_cycle_is_refused(tmp_path: Path) -> None:
    """Two models that read each other are named."""
    write(tmp_path, "stg_one", reads="stg_two")
    write(tmp_path, "stg_two", reads="stg_one")
    with pytest.raises(ModelError, match=r"cycle stg_(one → stg_two → stg_one|two → stg_one → stg_two)"):
        models(tmp_path)


def test_sql_that_reads_more_than_it_says_is_refused(tmp_path: Path) -> None:
    """A table that only the SQL knows, and one that only the header knows."""
    path = write(tmp_path, "stg_one")
    with pytest.raises(ModelError, match=r"the SQL reads superseded; .*Add it to `reads`"):
        check_sql(path, "select 1 from events, superseded", ("events",))
    with pytest.raises(ModelError, match="found user_domains, which the SQL does not read"):
        check_sql(path, "select 1 from events", ("events", "user_domains"))


def test_own_tables_are_not_read(tmp_path: Path) -> None:
    """Common table expressions, also recursive ones and those of a subquery, are not tables that are read."""
    sql = """
        with recursive a as (select 1 as n from events union all select n + 1 from a)
        select * from (with b as (select * from a) select * from b)"""
    assert tables_read(tmp_path / "x.sql", sql) == {"events"}


@pytest.mark.parametrize("sql", ["delete from events", "select from from", "drop table events"])
def test_only_selects_are_models(tmp_path: Path, sql: str) -> None:
    """Anything but one select is refused."""
    with pytest.raises(ModelError, match="expected one select"):
        tables_read(tmp_path / "x.sql", sql)


@pytest.mark.parametrize(
    "expression",
    [
        "row_number() over () from events qualify row_number() over () = 1 limit 3",
        "dayofweek(day)",
        "date_diff('minute', a, b)",
        "quantile_cont(a, 0.5)",
        "epoch_ms(a)",
        "epoch_us(a)",
        "time_bucket(interval 5 minute, a)",
        "week(a)",
        "a similar to 'b'",
        "x from generate_series(1, 3) as t(x)",
        "x from range(3) as t(x)",
        "a[1:3]",
        "list_slice(a, 1, 3)",
        "len(a)",
        "map {'a': 1}",
        "arg_max(a, b)",
        "any_value(a)",
        "mode(a)",
        "substring(a, 0, 3)",
        "regexp_replace(a, 'b', 'c')",
        "sum(a)",
        "cast(sum(a) as double)",
    ],
)
def test_what_engines_answer_differently_is_refused(tmp_path: Path, expression: str) -> None:
    """Every construct on the list is found, and each finding says what to do instead."""
    sql = f"select {expression}" + ("" if " from " in expression else " from events")
    found = differences(tmp_path / "x.sql", sql)
    assert found and all(":" in one for one in found)


@pytest.mark.parametrize(
    "expression",
    [
        "isodow(day)",
        "date_diff('day', a, b)",
        "cast(sum(a) as bigint)",
        "cast(coalesce(sum(a), 0) as bigint)",
        "sum(a)::bigint",
        "substr(a, 1, 3)",
        "regexp_replace(a, 'b', 'c', 'g')",
        "length(a)",
        "array_length(a)",
        "'of the first week'",
    ],
)
def test_what_engines_answer_alike_is_let_through(tmp_path: Path, expression: str) -> None:
    """The ways out that the refusals name are themselves no findings."""
    assert differences(tmp_path / "x.sql", f"select {expression} from events") == []


def test_comments_are_not_code() -> None:
    """A word in a comment makes no partition stale and is no construct."""
    assert code("-- a\nselect 1\n  -- qualify\nfrom events") == "select 1\nfrom events"
