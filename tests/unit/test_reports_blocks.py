"""What a report consists of: every folder is listed, every block names queries and columns that exist, and says so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from etl import warehouse
from etl.errors import ReportError
from reports import blocks
from reports.csvs import exported
from reports.data_files import column, known_columns, script
from reports.details import bucket_of
from reports.queries import Answers, names
from reports.render import ReportRequest, render
from tests import warehouse_fixture

FIRST, LAST = date(2026, 11, 13), date(2026, 11, 19)
ALL = [block for page in blocks.pages() for block in page.blocks] + list(blocks.sections())


@pytest.fixture(scope="module")
def columns_of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The columns of every query's answer."""
    home = tmp_path_factory.mktemp("home")
    warehouse_fixture.build(home, devices=10)
    settings = warehouse_fixture.settings(home)
    with warehouse.reading(settings) as connection:
        answers = Answers(connection, FIRST, LAST)
        return {name: answers.table(name).schema.names for name in names()}


def test_there_are_blocks() -> None:
    """The folders are not empty, so that the tests over them mean something."""
    assert len(blocks.pages()) >= 8 and len(blocks.sections()) >= 10 and len(blocks.drawers()) == 4


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.template)
def test_block_names_what_there_is(block: blocks.Block, columns_of: dict[str, list[str]]) -> None:
    """A block's queries exist, its columns and what its chart draws are in the answer, and it declares what its template asks."""
    asked = {block.query, *block.also} - {None}
    assert asked <= set(columns_of)
    if block.query:
        drawn = {block.chart[key] for key in ("by", "stack") if block.chart and key in block.chart}
        if block.chart:
            values = block.chart.get("value", [])
            drawn |= set([values] if isinstance(values, str) else values)
            drawn |= {name for group in block.chart.get("series", []) for name in group}
        assert {*block.columns, *drawn} <= set(columns_of[block.query])
    text = (blocks.FOLDER / block.template).read_text(encoding="utf-8")
    assert set(re.findall(r'answers\.rows\("(\w+)"\)', text)) <= set(block.also)


@pytest.mark.parametrize("drawer", blocks.drawers(), ids=lambda drawer: drawer.entity)
def test_drawer_names_what_there_is(drawer: blocks.Drawer, columns_of: dict[str, list[str]]) -> None:
    """A drill-down's facts and lists are in the answers of its queries, and its lists hold its key."""
    for query in drawer.queries:
        assert drawer.key in columns_of[query]
    assert set(drawer.facts) <= {name for query in drawer.queries for name in columns_of[query]}
    for entry in drawer.lists:
        assert {drawer.key, *entry.columns} <= set(columns_of[entry.query])


def test_columns_file_names_columns(columns_of: dict[str, list[str]]) -> None:
    """Every column that columns.toml describes is in some answer, or in the findings; keys that links need are, too."""
    known = {name for found in columns_of.values() for name in found} | {"severity", "title", "sentence", "check"}
    assert set(known_columns()) <= known
    assert {entry["key"] for entry in known_columns().values() if "key" in entry} <= known


def test_a_column_that_nobody_described_is_shown() -> None:
    """A new column needs no entry: its name becomes its head."""
    assert column("never_seen_before")["label"] == "Never seen before"


def test_every_shown_query_is_exported() -> None:
    """What a page shows, the exports hold."""
    shown = {query for page in blocks.pages() for block in page.blocks for query in (block.query, *block.also) if query}
    assert shown <= set(exported())


def test_a_new_block_edits_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query and a template put into their folders appear in the next report, and among the exports."""
    import shutil

    from etl.warehouse import questions
    from reports import queries, templates

    folder, sql = tmp_path / "reports", tmp_path / "sql" / "reports"
    shutil.copytree(blocks.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(queries.FOLDER, sql)
    (sql / "first_hosts.sql").write_text(
        "-- first_hosts: the first hosts.\n-- grain: one row per host\n-- reads: fct_usage_daily\n-- units: none\n-- params: none\n"
        "select distinct host from fct_usage_daily order by host limit 3\n",
        encoding="utf-8",
    )
    (folder / "dashboard" / "10_dashboard" / "99_first_hosts.html").write_text(
        '{#\ntitle = "First hosts"\nquery = "first_hosts"\n#}\n{% for row in rows %}<i>{{ row.host }}</i>{% endfor %}\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(blocks, "FOLDER", folder)
    monkeypatch.setattr(queries, "FOLDER", sql)
    monkeypatch.setattr(templates, "FOLDER", folder)
    monkeypatch.setattr(questions, "SQL", tmp_path / "sql")
    for cached in (blocks.pages, blocks.sections, blocks.drawers, queries.header, templates.environment):
        cached.cache_clear()
    try:
        warehouse_fixture.build(tmp_path, devices=3)
        settings = warehouse_fixture.settings(tmp_path, per_source=False)
        render(settings, ReportRequest(FIRST, LAST, None, ("html", "csv"), tmp_path / "out"))
        assert "First hosts" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
        assert (tmp_path / "out" / "csv" / "first_hosts.csv").exists()
    finally:
        monkeypatch.undo()
        for cached in (blocks.pages, blocks.sections, blocks.drawers, queries.header, templates.environment):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<p>no comment</p>", "expected a comment"),
        ('{#\ntitle = "x\n#}', "invalid TOML"),
        ('{#\ntitle = "x"\nquerry = "apps"\n#}', "found the keys querry"),
    ],
)
def test_a_wrong_block_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    """A block whose comment is missing or wrong is named, with what was expected."""
    (tmp_path / "executive").mkdir()
    (tmp_path / "executive" / "10_wrong.html").write_text(text, encoding="utf-8")
    monkeypatch.setattr(blocks, "FOLDER", tmp_path)
    blocks.sections.cache_clear()
    try:
        with pytest.raises(ReportError, match=message):
            blocks.sections()
    finally:
        monkeypatch.undo()
        blocks.sections.cache_clear()


def test_no_text_ends_a_script() -> None:
    """Data that lies in a script cannot close it, open a comment or break a line."""
    text = script("table", "t", {"rows": [["</script><script>alert(1)</script>", "<!--", "\u2028\u2029", "\\"]]})
    assert "<" not in text and "\u2028" not in text and text.count("\n") == 1


def test_bucket_of_a_key() -> None:
    """The bucket of a key is FNV-1a over UTF-16; the page computes it again, and the browser tests compare."""
    assert [bucket_of(key, 1_000_003) for key in ("", "a")] == [0x811C9DC5 % 1_000_003, 0xE40C292C % 1_000_003]
    assert {bucket_of(str(number), 4) for number in range(50)} == {0, 1, 2, 3}
