"""Fields found by place are the fields that the engine reads, whatever the record; what is odd is left to the engine."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.intake import formats
from etl.intake.frames import AROUND, body_sql, fields_sql
from etl.intake.framing import Records
from etl.intake.parse import Parser
from etl.intake.statement import placed_fields

PARSER = Parser()
NAMES = ("a", "b", "dvc-x.y_1", "aVeryLongNameOfMoreThanSixteen")
FRAMES = {
    "blanks": formats.Frame(type="key_value", fields=NAMES, least=1),
    "commas": formats.Frame(type="key_value", fields=NAMES, separator=",", least=1),
    "tabs": formats.Frame(type="key_value", fields=NAMES, separator="\t", least=1),
    "quoted": formats.Frame(type="key_value", fields=NAMES, quoted=True, after=r"\[x ", least=1),
    "quoted_after": formats.Frame(type="key_value", fields=NAMES, separator="; ", assign=":", quoted=True, least=1),
    "bare": formats.Frame(type="key_value", fields=NAMES, separator=", ", assign=": ", bare=True, least=1),
    "bare_pipes": formats.Frame(type="key_value", fields=NAMES, separator="|", bare=True, least=1),
    "bare_blanks": formats.Frame(type="key_value", fields=NAMES, bare=True, least=1),
    "spellings": formats.Frame(type="key_value", fields=("a|b", "aVeryLongNameOfMoreThanSixteen|a"), least=1),
    "cef": formats.Frame(type="cef", fields=("cef_name", "cef_device_version", *NAMES)),
    "leef": formats.Frame(type="leef", fields=("leef_version", "leef_event", *NAMES)),
    "leef_pipes": formats.Frame(type="leef", fields=NAMES, separator="|"),
    "csv": formats.Frame(type="csv", fields=("a", "b", "c"), least=2),
    "w3c": formats.Frame(type="w3c", fields=("b", "c"), default_fields=("a", "b", "c"), least=2),
    "w3c_tabs": formats.Frame(type="w3c", fields=("c", "a"), default_fields=("a", "b", "c"), separator="\t"),
    "columns": formats.Frame(type="columns", fields=("a", "b", "c"), least=2),
    "columns_tabs": formats.Frame(type="columns", fields=("a", "b", "c"), separator="\t", least=2),
    "syslog": formats.Frame(type="key_value", fields=NAMES, syslog=True, least=1),
    "syslog_cef": formats.Frame(type="cef", fields=("cef_name", *NAMES), syslog=True),
    "syslog_structured": formats.Frame(
        type="key_value", fields=NAMES, syslog=True, structured=True, quoted=True, after=r"\[x ", least=1
    ),
    "syslog_after": formats.Frame(type="key_value", fields=NAMES, syslog=True, after=r"%(?:A|BC)-\d-\d{2}: ", least=1),
}
VALUE = st.one_of(st.text('xyé z=:/,"\\|]^{', max_size=6), st.text('x=:,"\\|^\t\x01', max_size=3))
PLAIN = st.text("xyé/.-_@", max_size=20)


SEPARATORS = {"cef": " ", "leef": "\t", "csv": ",", "w3c": " ", "key_value": " ", "columns": " "}


def _separator(kind: str) -> str:
    return FRAMES[kind].separator or SEPARATORS[FRAMES[kind].type]


def _pieces(kind: str) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str]]:
    """The pairs or cells of a record: as they mostly are, and odd ones."""
    frame = FRAMES[kind]
    if frame.type in ("csv", "w3c", "columns"):
        quoted = st.one_of(PLAIN, VALUE).map(lambda text: f'"{text}"')
        return PLAIN, st.one_of(VALUE, quoted)
    shapes = (
        st.just('"{}"') if frame.quoted else st.sampled_from(["{}", '"{}"'] if frame.type == "key_value" else ["{}"])
    )
    names = st.sampled_from([*NAMES, "other"])
    plain = st.tuples(names, shapes, PLAIN).map(lambda one: f"{one[0]}{frame.assign}{one[1].format(one[2])}")
    odd = st.tuples(st.one_of(names, st.just("")), st.sampled_from(["{}", '"{}"']), VALUE)
    return plain, st.one_of(VALUE, odd.map(lambda one: f"{one[0]}{frame.assign}{one[1].format(one[2])}"))


HEADS = {
    "cef": ["CEF:0|v|p|1|2|n|3|", "x CEF:0|v|p|1|2|n|3|", "CEF:0|v|p|\\||2|n|3|", "CEF:0|v|"],
    "leef": ["LEEF:1.0|v|p|1|e|", "LEEF:2.0|v|p|1|e|", "LEEF:2.0|v|\\||1|e|a=1|"],
    "leef_^": ["<1>LEEF:2.0|v|p|1|e|^|", "LEEF:2.0|v|p|1|e|x5e|"],
    "leef_|": ["LEEF:2.0|v|p|1|e|x7C|"],
}
PRIORITIES = st.sampled_from(["<13>", "<134>", "<1345>", "", "<13>1 ", "<13>: ", "<13> ", "<13>12 "])
TIMES = st.sampled_from([
    "Nov 20 09:11:12", "Nov  9 09:11:12", "Nov 9 2026 09:11:12.5", "2026-11-20T09:11:12Z", "2026-11-20T09:11:12.123+01:00",
    "2026-11-20T09:11:12-0100:", "2026-11-20 09:11:12", "Nov 20 09:11:12:", "-", "",
])  # fmt: skip
HOSTS = st.sampled_from(["fw01", "fw01.example.com", "10.1.2.3", "fw:", "[fw]", "-", "é", ""])
TAGS = st.sampled_from(
    ["app 12 ID3 -", 'app - - [x@1 a="]"][y]', "app - - [x", "tag:", "tag[12]:", "tag[x]:", "%A-1-22:", ""]
)
PREFIX = st.tuples(PRIORITIES, TIMES, st.sampled_from([" ", "  ", ""]), HOSTS, TAGS).map(
    lambda one: f"{one[0]}{one[1]}{one[2]}{one[3]} {one[4]} "
)


def _record(kind: str) -> st.SearchStrategy[str]:
    """A record of the kind; half of those with a syslog prefix have one of the two usual shapes."""
    if not FRAMES[kind].syslog:
        return _text(kind)
    plain = st.sampled_from(["<13>Nov 20 09:11:12 fw01 tag[1]: ", "<13>1 2026-11-20T09:11:12Z fw01 app 1 - - "])
    after = (
        st.sampled_from(["%A-1-22: ", "%BC-1-22: ", "%A-1-2: ", "x"])
        if "%" in (FRAMES[kind].after or "")
        else st.just("")
    )
    return st.tuples(st.one_of(plain, PREFIX), after, _text(kind)).map("".join)


def _text(kind: str) -> st.SearchStrategy[str]:
    plain, odd = _pieces(kind)
    several = st.lists(plain, min_size=2, max_size=4)
    with_odd = st.tuples(several, odd, st.integers(0, 4)).map(
        lambda one: [*one[0][: one[2]], one[1], *one[0][one[2] :]]
    )
    pieces = st.one_of(several, with_odd)
    if FRAMES[kind].quoted and FRAMES[kind].after:
        return pieces.map(_separator(kind).join).map(lambda text: f'[x {text}] and "text"')
    if FRAMES[kind].type == "leef":
        divided = {"leef": _separator(kind), "leef_^": "^", "leef_|": "|"}
        return st.sampled_from(sorted(divided)).flatmap(
            lambda which: st.tuples(st.sampled_from(HEADS[which]), pieces.map(divided[which].join)).map("".join)
        )
    record = pieces.map(_separator(kind).join)
    return st.tuples(st.sampled_from(HEADS["cef"]), record).map("".join) if FRAMES[kind].type == "cef" else record


def _read(kind: str, lines: list[str]) -> list[tuple[dict[str, str | None], dict[str, str | None]]]:
    """For each record that was read by place: what was found, and what the engine reads."""
    event = {"event_at": "syslog_time(syslog_time)", "device_name": "syslog_host"} if FRAMES[kind].syslog else {}
    spec = formats.available()["fortigate"].model_copy(update={"id": kind, "frame": FRAMES[kind], "event": event})
    around = AROUND if FRAMES[kind].syslog else ()
    names = ", ".join(f'"{name.split("|")[0]}"' for name in (*spec.frame.fields, *around))
    pairs = []
    for batch in PARSER.place(Records(1, pa.array(lines, pa.string())), [spec]):
        if "field_0" not in batch.table.column_names:
            continue
        key = (f"{spec.folder}/{kind}", None)
        how = PARSER._placings[key]
        assert how is not None
        escaped = "without_" in batch.statement
        PARSER._engine.connection.register("batch", batch.table)
        query = f"with {placed_fields(spec, how, escaped=escaped)} select {names}, unframed_, line from fields_"
        found = PARSER._engine.connection.sql(query).to_arrow_table().to_pylist()
        query = f"with body_ as ({body_sql(spec)}) select {names}, unframed_, line from ({fields_sql(spec, None)})"
        engine = PARSER._engine.connection.sql(query).to_arrow_table().to_pylist()
        pairs += list(zip(found, engine, strict=True))
    return pairs


@pytest.mark.parametrize("kind", FRAMES)
def test_both_ways_agree(kind: str) -> None:
    """Quotes, escapes, blanks, empty values, repeated names, texts that are no pairs: the fast way gives way or agrees."""
    read = 0

    @settings(max_examples=40, deadline=None)
    @given(lines=st.lists(_record(kind), min_size=1, max_size=40))
    def agree(lines: list[str]) -> None:
        nonlocal read
        found = _read(kind, lines)
        read += len(found)
        for fast, engine in found:
            assert fast == engine, fast["line"]

    agree()
    assert read > 25  # most of what is generated is odd, but not all


@pytest.mark.parametrize("kind", FRAMES)
def test_plain_records_are_read_by_place(kind: str) -> None:
    """A test that compares nothing proves nothing: plain records of each frame do not go to the engine."""
    frame = FRAMES[kind]
    value = '"{}"' if frame.quoted else "{}"
    separator = _separator(kind)
    if frame.type in ("csv", "w3c", "columns"):
        line = separator.join(["one", "two", "three"])
    else:
        line = separator.join(f"{name}{frame.assign}{value.format(f'value-of-{name}')}" for name in NAMES)
    head = {"cef": "CEF:0|v|p|1|2|n|3|", "leef": "LEEF:1.0|v|p|1|e|"}.get(
        frame.type, "[x " if frame.quoted and frame.after else ""
    )
    if frame.syslog:
        head = "<13>Nov 20 09:11:12 fw01 " + ("%A-1-22: " if "%" in (frame.after or "") else "") + head
    (pair,) = _read(kind, [head + line])
    assert pair[0] == pair[1] and None not in [value for name, value in pair[0].items() if name != "unframed_"]
