"""Frames as SQL: each turns the text of a record into named fields, for all records of a batch at once.

Every frame gives a select over `body_` (record_no, line, flaw, text, syslog_time, syslog_host) with the fields as columns
and `unframed_`: the reason why a record is not of this shape, or null. String functions do the work where they can: in
this engine a regular expression costs ten times a split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etl.intake.formats import Format
from etl.intake.pairs import cef_source, key_value_source, leef_source, pairs_sql
from etl.intake.sql import literal, quoted

__all__ = ["AROUND", "MISSING", "Positions", "body_sql", "fields_sql", "lacking", "literal", "positions", "quoted"]

# Stand-ins; control characters that do not occur in logs. Those that do are question marks before.
GAP, ESCAPED_QUOTE = "chr(31)", "chr(29)"

# A field that the file lacks. Not a constant: the engine fails to fold some functions over a constant null.
MISSING = "nullif(flaw, flaw)"

AROUND = ("syslog_time", "syslog_host")  # what a syslog prefix says

PREFIX_TIME = r"[A-Z][a-z]{2} [ \d]?\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
RFC5424_HEAD = rf"^<\d{{1,3}}>\d{{1,2}} (?P<time>-|{PREFIX_TIME}) (?P<host>\S+) \S+ \S+ \S+ "
RFC5424 = RFC5424_HEAD + r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) ?'
RFC3164 = (
    rf"^(?:<\d{{1,3}}>:? ?)?(?:(?P<time>{PREFIX_TIME}):? +(?:(?P<host>[^\s:=|\[\]%]+) +)?)?(?:[\w./-]+(?:\[\d+\])?: +)?"
)


PREFIX_KIND = f"""case when regexp_matches(line, '^<\\d{{1,3}}>\\d{{1,2}} [^ ]+ [^ ]+ ') then 5424
        when starts_with(line, '<') or regexp_matches(line, '^(?:{PREFIX_TIME})') then 3164 else 0 end"""


def body_sql(spec: Format) -> str:
    """The record without its syslog prefix, as `text`."""
    if not spec.frame.syslog:
        return "select record_no, line, flaw, envelope, line as text, null::varchar as syslog_time, null::varchar as syslog_host from batch"
    rfc5424 = literal(RFC5424_HEAD if spec.frame.structured else RFC5424)
    groups = "['time', 'host']"
    return f"""
    select record_no, line, flaw, envelope,
        case kind_ when 5424 then regexp_replace(line, {rfc5424}, '')
            when 3164 then regexp_replace(line, {literal(RFC3164)}, '') else line end as text,
        nullif(nullif(prefix_.time, ''), '-') as syslog_time, nullif(nullif(prefix_.host, ''), '-') as syslog_host
    from (select *, case kind_ when 5424 then regexp_extract(line, {rfc5424}, {groups})
            when 3164 then regexp_extract(line, {literal(RFC3164)}, {groups}) end as prefix_
        from (select record_no, line, flaw, envelope, {PREFIX_KIND} as kind_ from batch))"""


def fields_sql(spec: Format, header: tuple[str, ...] | None) -> str:
    """The select that names the fields of a batch; `header` is what the file said (W3C, Zeek, CSV)."""
    return FRAME_SQL[spec.frame.type](spec, header)


def _select(fields: dict[str, str], unframed: str, source: str) -> str:
    columns = "".join(f", {expression} as {quoted(name)}" for name, expression in fields.items())
    return f"select record_no, line, flaw, envelope, syslog_time, syslog_host, {unframed} as unframed_{columns} from ({source})"


def _count_sentence(count: str, least: int) -> str:
    return f"case when {count} < {least} then 'found ' || {count} || ' fields; expected at least {least}' end"


def _columns(spec: Format, header: tuple[str, ...] | None) -> str:
    names = tuple(spec.frame.fields)
    separator = spec.frame.separator
    if separator:
        parts = f"string_split(text, {literal(separator)})"
    else:
        parts = "list_filter(string_split(replace(text, chr(9), ' '), ' '), lambda x: x <> '')"
    fields = {name: f"parts_[{index}]" for index, name in enumerate(names, 1)}
    least = spec.frame.least or len(names)
    return _select(fields, _count_sentence("len(parts_)", least), f"select *, {parts} as parts_ from body_")


def split_quoted(source: str, separator: str, *, runs: bool = False) -> str:
    """A select that adds `parts_`, the cells of `text`: a separator inside double quotes does not divide, `""` inside
    quotes is one quote.

    `runs`: a run of separators outside quotes divides once.

    Works on whole columns, each kind of row in its own: rows without quotes are split as they are; rows in which every
    cell stands in quotes, at what stands between cells. In the others, pieces between quotes alternate between outside
    and inside: outside, separators become a character that does not occur, and the pieces joined again are split there.
    (Columns that are null for most rows, since the engine executes lists inside CASE at twice the cost.)
    """
    sep = literal(separator)
    is_tight = """starts_with(tight_, '"') and ends_with(tight_, '"') and strlen(tight_) - 2 = strlen(bare_)"""
    is_run = f"contains(text, {literal(2 * separator)})" if runs else "false"
    apart = f"{GAP} || replace(escaped_, {GAP}, {GAP} || {GAP}) || {GAP}"  # each cell between gaps of its own
    emptied = f"regexp_replace({apart}, '\\x1f\\x1d(\\x1d*)\\x1f', {GAP} || '\\1' || {GAP}, 'g')[2:-2]"
    led = f"contains({GAP} || escaped_, {GAP} || {ESCAPED_QUOTE})"  # a cell begins with a doubled quote, or is `""`
    unescaped = f"replace(case when {led} then replace({emptied}, {GAP} || {GAP}, {GAP}) else escaped_ end, {ESCAPED_QUOTE}, '\"')"
    kinds = {
        "quoted_": "not is_tight_ and not is_run_ and not is_escaped_ and contains(text, chr(34))",
        "doubled_": "not is_tight_ and not is_run_ and is_escaped_",
    }
    doubled = _divided(_marked("doubled_"), sep)
    if runs:
        kinds["spread_"] = "not is_tight_ and is_run_"
        doubled = f"coalesce({doubled}, {_divided(_marked('trim(spread_)'), sep, runs=True)})"
    texts = ", ".join(f"case when {kind} then text end as {name}" for name, kind in kinds.items())
    return f"""
    select *, case when cells_ is null then string_split(text, {sep}) else string_split(cells_, {GAP}) end as parts_
    from (select *, coalesce(case when is_tight_ then bare_ end, outside_, {unescaped}) as cells_
    from (select *, {_divided("quoted_", sep)} as outside_,
        {doubled} as escaped_
    from (select *, {texts}
    from (select *, coalesce({is_tight}, false) as is_tight_, contains(text, '""') as is_escaped_, {is_run} as is_run_
    from (select *, replace(tight_, '"', '') as bare_
    from (select *, case when starts_with(text, '"') and ends_with(text, '"') then replace(text, '"' || {sep} || '"', {GAP}) end as tight_
    from (select * replace (case when contains(text, {GAP}) or contains(text, {ESCAPED_QUOTE})
            then translate(text, {GAP} || {ESCAPED_QUOTE}, '??') else text end as text)
    from ({source}))))))))"""


def _marked(text: str) -> str:
    return f"""replace({text}, '""', {ESCAPED_QUOTE})"""


def _divided(text: str, sep: str, *, runs: bool = False) -> str:
    """The text without its quotes, with a gap for each separator that stood outside them."""
    cut = f"regexp_replace(piece, {sep} || '+', {GAP}, 'g')" if runs else f"replace(piece, {sep}, {GAP})"
    return f"""array_to_string(list_transform(string_split({text}, '"'),
        lambda piece, i: case when i % 2 = 1 then {cut} else piece end), '')"""


@dataclass(frozen=True)
class Positions:
    """Of a record with a header: the cell, from 0, in which each field stands, None for one that the header lacks; and how
    many cells a record has at least."""

    places: dict[str, int | None]
    least: int


def positions(spec: Format, header: tuple[str, ...] | None) -> Positions:
    """Where the fields of a W3C or CSV record are. The header is the file's, else the format's own."""
    frame = spec.frame
    if frame.type == "w3c":
        names = header or frame.default_fields
        least = frame.least or len(names)
    else:
        names = header if frame.header and header else frame.default_fields or tuple(frame.fields)
        least = frame.least or min(len(names), 2)
    cells = {name.strip().strip('"').lower(): index for index, name in reversed(list(enumerate(names)))}
    places = {}
    for field in frame.fields:
        spellings = field.split("|")  # "a|b": the first one that the header has
        places[spellings[0]] = next((cells[one.lower()] for one in spellings if one.lower() in cells), None)
    return Positions(places, least)


def lacking(spec: Format, header: tuple[str, ...] | None) -> set[str]:
    """The fields that the header in force does not have."""
    if spec.frame.type not in ("w3c", "csv"):
        return set()
    return {name for name, place in positions(spec, header).places.items() if place is None}


def _named(spec: Format, header: tuple[str, ...] | None, source: str) -> str:
    found = positions(spec, header)
    fields = {name: MISSING if place is None else f"parts_[{place + 1}]" for name, place in found.places.items()}
    return _select(fields, _count_sentence("len(parts_)", found.least), source)


def _csv(spec: Format, header: tuple[str, ...] | None) -> str:
    return _named(spec, header, split_quoted("select * from body_", spec.frame.separator or ","))


def _w3c(spec: Format, header: tuple[str, ...] | None) -> str:
    if not (header or spec.frame.default_fields):
        empty: dict[str, str] = dict.fromkeys((name.split("|")[0] for name in spec.frame.fields), MISSING)
        return _select(empty, "'no #Fields line before this record'", "select * from body_")
    separator = spec.frame.separator or " "
    if separator == "\t":
        source = "select *, string_split(text, chr(9)) as parts_ from body_"
    else:  # divided by white space: a run of blanks is one
        trimmed = "case when ends_with(text, ' ') then rtrim(text) else text end"
        source = split_quoted(f"select * replace ({trimmed} as text) from body_", separator, runs=separator == " ")
    return _named(spec, header, source)


def _json(spec: Format, header: tuple[str, ...] | None) -> str:
    assert isinstance(spec.frame.fields, dict)  # noqa: S101 - formats.read has checked it
    paths = ", ".join(literal(path) for path in spec.frame.fields.values())
    around = ", ".join(literal(path) for path in spec.frame.envelope.values())
    fields = {name: f"found_[{index}]" for index, name in enumerate(spec.frame.fields, 1)}
    fields |= {name: f"around_[{index}]" for index, name in enumerate(spec.frame.envelope, 1)}
    outer = f"case when json_valid(envelope) then json_extract_string(envelope, [{around}]) end" if around else "null"
    return _select(
        fields,
        "case when found_ is null then 'not valid JSON' end",
        f"select *, case when json_valid(text) then json_extract_string(text, [{paths}]) end as found_, {outer} as around_ from body_",
    )


def _regex(spec: Format, header: tuple[str, ...] | None) -> str:
    names = [name for name in spec.field_names if name not in ("syslog_time", "syslog_host")]
    groups = ", ".join(literal(name) for name in names)
    fields = {name: f"nullif(groups_.{quoted(name)}, '')" for name in names}
    some = " || ".join(f"groups_.{quoted(name)}" for name in names)
    return _select(
        fields,
        f"case when ({some}) = '' then 'not of the shape of this format' end",
        f"select *, regexp_extract(text, {literal(spec.frame.pattern)}, [{groups}]) as groups_ from body_",
    )


def _key_value(spec: Format, header: tuple[str, ...] | None) -> str:
    return _select(*pairs_sql(spec, key_value_source(spec)))


def _cef(spec: Format, header: tuple[str, ...] | None) -> str:
    return _select(*pairs_sql(spec, cef_source(spec)))


def _leef(spec: Format, header: tuple[str, ...] | None) -> str:
    return _select(*pairs_sql(spec, leef_source(spec)))


FRAME_SQL: dict[str, Callable[[Format, tuple[str, ...] | None], str]] = {
    "columns": _columns,
    "csv": _csv,
    "w3c": _w3c,
    "key_value": _key_value,
    "cef": _cef,
    "leef": _leef,
    "json": _json,
    "regex": _regex,
}
