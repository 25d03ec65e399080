"""Frames that go by position, by header or by path: columns, CSV, regular expressions, JSON; records as named fields.

key=value, CEF and LEEF: test_intake_pairs. W3C: test_frames_w3c.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.intake import detect, formats
from etl.intake.frames import body_sql, fields_sql
from etl.intake.parse import Parser, _table

TOML = """
title = "t"
vendor = "v"
document = "d"
confidence = "by convention"
time = "t"
[frame]
{frame}
[detect]
pattern = "x"
[event]
event_at = "null::timestamp"
[provides]
entities = ["ip"]
"""

Row = dict[str, str | None]


def read(tmp_path: Path, frame: str, content: str) -> list[Row]:
    """The fields of each record of a content, by name; `unframed_` says why there are none."""
    (tmp_path / "format.toml").write_text(TOML.format(frame=frame), encoding="utf-8")
    spec = formats.read(tmp_path)
    parser = Parser()
    rows: list[Row] = []
    try:
        for records in detect.framed(spec, iter([content.encode()]), 1 << 20):
            parser._engine.connection.register("batch", _table(records, None))
            query = f"with body_ as ({body_sql(spec)}) select * from ({fields_sql(spec, records.header)})"
            rows += parser._engine.connection.sql(query).to_arrow_table().to_pylist()
    finally:
        parser.close()
    return rows


def values(row: Row, names: str = "abc") -> tuple[str | None, ...]:
    """The fields a, b, c."""
    return tuple(row[name] for name in names)


def test_columns_are_divided_by_runs_of_blanks(tmp_path: Path) -> None:
    """Blanks and tabs in any number divide; further columns are allowed; too few say so."""
    rows = read(tmp_path, 'type = "columns"\nfields = ["a", "b", "c"]', "  1 \t two    3 four\n1 2\n")
    assert values(rows[0]) == ("1", "two", "3") and rows[0]["unframed_"] is None
    assert rows[1]["unframed_"] == "found 2 fields; expected at least 3"


def test_columns_with_a_separator_may_be_empty(tmp_path: Path) -> None:
    """A named separator divides each time it stands; `least` lets the last columns be absent."""
    frame = 'type = "columns"\nfields = ["a", "b", "c"]\nseparator = "|"\nleast = 2'
    rows = read(tmp_path, frame, "1||3\n1|x y\n1\n")
    assert values(rows[0]) == ("1", "", "3")
    assert values(rows[1]) == ("1", "x y", None) and rows[1]["unframed_"] is None
    assert rows[2]["unframed_"] == "found 1 fields; expected at least 2"


CSV = 'type = "csv"\nfields = ["a", "b", "c"]\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1,2,3", ("1", "2", "3")),
        ('"1","2","3"', ("1", "2", "3")),
        ('"one, two","say ""hi""","c"', ("one, two", 'say "hi"', "c")),
        ('"","""",""', ("", '"', "")),
        ('1,,"x,,y"', ("1", "", "x,,y")),
        ('"a""b,c""d",2,3', ('a"b,c"d', "2", "3")),
        ("é,€,\U0001f600", ("é", "€", "\U0001f600")),
        ('1,"two, open', ("1", "two, open", None)),
        ('"a",",","b"', ("a", ",", "b")),
        ('"a"",""b","""c","d"""', ('a","b', '"c', 'd"')),
        ('"","a",""', ("", "a", "")),
        ('"",a,""', ("", "a", "")),
        ('"""","""""",x', ('"', '""', "x")),
        (",,", ("", "", "")),
        ('"a\x1f","b\x1d",c', ("a?", "b?", "c")),
    ],
)
def test_csv_quoting(tmp_path: Path, line: str, expected: tuple[str | None, ...]) -> None:
    """Quotes protect separators, a doubled quote is a quote, an empty cell is a cell."""
    (row,) = read(tmp_path, CSV, line + "\n")
    assert values(row) == expected


@pytest.mark.parametrize("separator", ["|", ".", "+", "^", "\\t", "~"])
def test_any_character_divides(tmp_path: Path, separator: str) -> None:
    """A separator is a character, never an expression."""
    char = "\t" if separator == "\\t" else separator
    (row,) = read(tmp_path, CSV + f'separator = "{separator}"\n', char.join(["1", f'"x{char}y"', ""]) + "\n")
    assert values(row) == ("1", f"x{char}y", "")


def test_csv_rows_span_lines(tmp_path: Path) -> None:
    """A line break inside quotes is part of the value, where the format says that rows may span lines."""
    rows = read(tmp_path, CSV + "rows = true\n", '1,"two\r\nlines, ""here""",3\n4,5,6\n')
    assert [values(row) for row in rows] == [("1", 'two\r\nlines, "here"', "3"), ("4", "5", "6")]


def test_csv_header_gives_places(tmp_path: Path) -> None:
    """Columns are found by name, in any order and case; those that are absent are null; the separator may be another."""
    content = '"C";A;other\n3;"1;1";x\n'
    rows = read(tmp_path, CSV + 'header = true\nseparator = ";"\n', content)
    assert values(rows[1]) == ("1;1", None, "3")


def test_csv_header_is_found_behind_blank_lines(tmp_path: Path) -> None:
    """Blank lines before the header are no header."""
    rows = read(tmp_path, CSV + "header = true\n", "\n\nb,a\n2,1\n")
    assert values(rows[3]) == ("1", "2", None)


def test_regex_groups_are_fields(tmp_path: Path) -> None:
    """Named groups; a group that took no part is null; a record that does not match says so."""
    frame = r"""type = "regex"
pattern = '^(?P<a>\d+) (?P<b>\w+)(?: (?P<c>\w+))?$'"""
    rows = read(tmp_path, frame, "1 two three\n1 two\nnot this one at all\n")
    assert values(rows[0]) == ("1", "two", "three")
    assert values(rows[1]) == ("1", "two", None) and rows[1]["unframed_"] is None
    assert rows[2]["unframed_"] == "not of the shape of this format"


JSON = """type = "json"
[frame.fields]
a = '$.a'
b = '$.b.c[0]'
c = '$."x.y"'
[frame.envelope]
of = '$.of'
"""


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1, "b": {"c": ["two"]}, "x.y": null}\n',
        '[{"a": 1, "b": {"c": ["two"]}}]',
        '{\n  "a": 1,\n  "b": {"c": ["two", "{["]}\n}\n',
    ],
)
def test_json_paths(tmp_path: Path, content: str) -> None:
    """Paths reach into objects, arrays and names with dots; a number comes as its text, null as null."""
    (row,) = read(tmp_path, JSON, content)
    assert values(row) == ("1", "two", None) and row["unframed_"] is None


def test_json_envelope_and_values(tmp_path: Path) -> None:
    """What stands around the elements is at hand; escapes are undone; objects come as JSON text; what is broken says so."""
    content = '{"of": "batch 7", "records": [{"a": "q\\"\\u00e9\\n"}, {"a": {"n": 1}}, {"a": true, "b": 7}, {"a"}]}'
    rows = read(tmp_path, JSON, content)
    assert [row["a"] for row in rows] == ['q"é\n', '{"n":1}', "true", None]
    assert {row["of"] for row in rows} == {"batch 7"}
    assert [row["unframed_"] for row in rows] == [None, None, None, "not valid JSON"]


def test_syslog_prefix_is_taken_off_any_frame(tmp_path: Path) -> None:
    """The prefix' time and host are fields of their own; a line without prefix is read as it is."""
    lines = [
        "<189>1 2026-11-20T10:11:12Z gw - - - - 1 2 3",
        "<189>Nov 20 10:11:12 gw proxy[7]: 1 2 3",
        "Nov 20 10:11:12 gw 1 2 3",
        "1 2 3",
    ]
    frame = 'type = "columns"\nfields = ["a", "b", "c"]\nsyslog = true'
    rows = read(tmp_path, frame, "\n".join(lines))
    assert [values(row) for row in rows] == [("1", "2", "3")] * 4
    assert [row["syslog_host"] for row in rows] == ["gw", "gw", "gw", None]
    assert [row["syslog_time"] for row in rows] == ["2026-11-20T10:11:12Z", "Nov 20 10:11:12", "Nov 20 10:11:12", None]
