"""key=value, CEF and LEEF records: separators, quotes, escapes, stray text, spellings of a name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from etl.intake import formats
from etl.intake.frames import body_sql, fields_sql
from etl.intake.parse import Parser

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


def read(tmp_path: Path, frame: str, line: str) -> dict[str, str | None]:
    """The fields of one record as the frame names them; `unframed_` says why there are none."""
    (tmp_path / "format.toml").write_text(TOML.format(frame=frame), encoding="utf-8")
    spec = formats.read(tmp_path)
    parser = Parser()
    try:
        batch = pa.table(
            {"record_no": [1], "line": [line], "flaw": pa.nulls(1, pa.string()), "envelope": pa.nulls(1, pa.string())}
        )
        parser._engine.connection.register("batch", batch)
        query = f"with body_ as ({body_sql(spec)}) select * from ({fields_sql(spec, None)})"
        return parser._engine.connection.sql(query).to_arrow_table().to_pylist()[0]
    finally:
        parser.close()


KEY_VALUE = 'type = "key_value"\nfields = ["a", "b", "c"]\nleast = 1\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1 b=two c=3", ("1", "two", "3")),
        ('a="one = 1, b=2" b="" c=x', ("one = 1, b=2", "", "x")),
        (r'a="say \"hi\" \\ bye" b=DOM\user', (r'say "hi" \ bye', r"DOM\user", None)),
        ("stray text a=1 more b=2", ("1", "2", None)),
        ('a=1 b="cut off', ("1", None, None)),
        ("a=x=y  b=2 a=again", ("x=y", "2", None)),
        ("a=tab\there b=\x01", ("tab here", " ", None)),
        ("a={} b=[1] c=é", ("{}", "[1]", "é")),
    ],
)
def test_pairs_divided_by_blanks(tmp_path: Path, line: str, expected: tuple[str | None, ...]) -> None:
    """Quotes protect blanks, a backslash escapes, stray text is passed over, the first of a repeated name counts."""
    row = read(tmp_path, KEY_VALUE, line)
    assert (row["a"], row["b"], row["c"]) == expected
    assert row["unframed_"] is None


@pytest.mark.parametrize(
    ("separator", "assign", "line"),
    [
        ("|", "=", "a=1 2|b=x|c=y=z|"),
        (", ", ": ", "junk, a: 1 2,\tb: x, c: y=z"),
        ("; ", ":", 'a:"1 2"; b:"x"; c:"y=z"]'),
        (";", "=", 'a="1 2";b=x;c=y=z'),
    ],
)
def test_pairs_with_another_separator(tmp_path: Path, separator: str, assign: str, line: str) -> None:
    """Separator and assignment are the format's; values hold blanks."""
    row = read(tmp_path, KEY_VALUE + f'separator = "{separator}"\nassign = "{assign}"\n', line)
    assert (row["a"], row["b"]) == ("1 2", "x")
    assert row["c"] == "y=z"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('[x a="1 = 2, ]" b="" c="z"] text with "quotes"', ("1 = 2, ]", "", "z")),
        (r'[x a="EX\nancy" b="2" c="z"]', (r"EX\nancy", "2", "z")),
        (r'[x a="say \"hi\"" b="C:\\dir" c="z"]', ('say "hi"', "C:\\dir", "z")),
    ],
)
def test_values_all_in_quotes(tmp_path: Path, line: str, expected: tuple[str, ...]) -> None:
    """The fast way gives what the careful way gives; a record with a backslash takes the careful way."""
    row = read(tmp_path, KEY_VALUE + "quoted = true\nafter = '\\[x '\n", line)
    assert (row["a"], row["b"], row["c"]) == expected


def test_bare_values_hold_the_separator(tmp_path: Path) -> None:
    """A value ends where the next name begins; the pairs begin after what the format names."""
    frame = KEY_VALUE + "separator = ', '\nassign = ': '\nbare = true\nafter = '%X-\\d: '\n"
    row = read(tmp_path, frame, r'<1>h %X-1: a: (KHTML, like "Gecko") \1/2, b: http://x/?y=1, z, c : 3')
    assert (row["a"], row["b"], row["c"]) == (r'(KHTML, like "Gecko") \1/2', "http://x/?y=1, z", "3")


def test_cef_header_and_extension(tmp_path: Path) -> None:
    """Values hold blanks, equal signs, pipes and quotes; the header's escapes are undone; a header cannot pose as a pair."""
    frame = 'type = "cef"\nfields = ["cef_vendor", "cef_name", "a", "b", "src"]\n'
    row = read(tmp_path, frame, r'Nov 1 CEF:0|V\|x|P|1|sig|name src=9|5| a=x \= "y" \\ z b=1|src=8 c=')
    assert row["cef_vendor"] == "V|x"
    assert row["cef_name"] == "name src=9"
    assert (row["a"], row["b"], row["src"]) == (r'x = "y" \ z', "1|src=8", None)


@pytest.mark.parametrize(("line", "reason"), [("no header", "found no CEF:"), ("CEF:0|V|P|1", "header cut short")])
def test_what_is_no_cef_says_so(tmp_path: Path, line: str, reason: str) -> None:
    """The reason names what was expected."""
    row = read(tmp_path, 'type = "cef"\nfields = ["a"]\n', line)
    assert str(row["unframed_"]).startswith(reason)


@pytest.mark.parametrize(
    "line",
    [
        "LEEF:1.0|V|P|1|ev|a=1 2\tb=x\tC=y",
        "LEEF:2.0|V|P|1|ev|^|a=1 2^b=x^C=y",
        "LEEF:2.0|V|P|1|ev|x7C|a=1 2|b=x|c=y",
        "LEEF:2.0|V|P|1|ev|0x09|a=1 2\tb=x\tc=y",
        "LEEF:2.0|V|P|1|ev|\t|a=1 2\tb=x\tc=y",
    ],
)
def test_leef_and_its_delimiters(tmp_path: Path, line: str) -> None:
    """LEEF 1 has tabs, LEEF 2 names its delimiter; a field may have several spellings."""
    row = read(tmp_path, 'type = "leef"\nfields = ["leef_event", "a", "b", "c|C"]\n', line)
    assert (row["leef_event"], row["a"], row["b"], row["c"]) == ("ev", "1 2", "x", "y")


def test_leef_one_with_pipes(tmp_path: Path) -> None:
    """A format may name the separator that its vendor uses in LEEF 1."""
    row = read(tmp_path, 'type = "leef"\nfields = ["a", "b"]\nseparator = "|"\n', "LEEF:1.0|V|P|1|ev|a=1 2|b=x")
    assert (row["a"], row["b"]) == ("1 2", "x")
