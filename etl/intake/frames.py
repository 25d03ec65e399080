"""Frames as SQL: each turns the text of a record into named fields, for all records of a batch at once.

Every frame gives a select over `body_` (record_no, line, flaw, text, syslog_time, syslog_host) with the fields as columns
and `unframed_`: the reason why a record is not of this shape, or null. String functions do the work where they can: in
this engine a regular expression costs ten times a split.
"""

from __future__ import annotations

from collections.abc import Callable

from etl.intake.formats import Format
from etl.intake.pairs import cef_source, key_value_source, leef_source, pairs_sql
from etl.intake.sql import literal, quoted

__all__ = ["body_sql", "fields_sql", "literal", "quoted"]

# Characters that do not occur in logs (if they do, they come out as themselves or the record takes the slow way).
GAP, ESCAPED_QUOTE = "chr(31)", "chr(29)"

# A field that the file lacks. Not a constant: the engine fails to fold some functions over a constant null.
MISSING = "nullif(line, line)"

PREFIX_TIME = r"[A-Z][a-z]{2} [ \d]?\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
RFC5424 = (
    rf"^<\d{{1,3}}>\d{{1,2}} (?P<time>-|{PREFIX_TIME}) (?P<host>\S+) \S+ \S+ \S+ "
    r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) ?'
)
RFC3164 = (
    rf"^(?:<\d{{1,3}}>:? ?)?(?:(?P<time>{PREFIX_TIME}):? +(?:(?P<host>[^\s:=|\[\]%]+) +)?)?(?:[\w./-]+(?:\[\d+\])?: +)?"
)


def body_sql(spec: Format) -> str:
    """The record without its syslog prefix, as `text`."""
    if not spec.frame.syslog:
        return "select record_no, line, flaw, envelope, line as text, null::varchar as syslog_time, null::varchar as syslog_host from batch"
    kind = f"""case when regexp_matches(line, '^<\\d{{1,3}}>\\d{{1,2}} [^ ]+ [^ ]+ ') then 5424
        when starts_with(line, '<') or regexp_matches(line, '^(?:{PREFIX_TIME})') then 3164 else 0 end"""
    groups = "['time', 'host']"
    return f"""
    select record_no, line, flaw, envelope,
        case kind_ when 5424 then regexp_replace(line, {literal(RFC5424)}, '')
            when 3164 then regexp_replace(line, {literal(RFC3164)}, '') else line end as text,
        nullif(nullif(prefix_.time, ''), '-') as syslog_time, nullif(nullif(prefix_.host, ''), '-') as syslog_host
    from (select *, case kind_ when 5424 then regexp_extract(line, {literal(RFC5424)}, {groups})
            when 3164 then regexp_extract(line, {literal(RFC3164)}, {groups}) end as prefix_
        from (select record_no, line, flaw, envelope, {kind} as kind_ from batch))"""


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


def split_quoted(text: str, separator: str, *, gaps: bool = False) -> str:
    """A list of cells; a separator inside double quotes does not split, `""` inside quotes is one quote.

    `gaps`: a run of separators divides only once.

    Works on whole columns: pieces between quotes alternate between outside and inside, so the separators inside are
    hidden, the pieces joined, split, and the hidden ones brought back. Rows without a quote are split as they are.
    """
    sep = literal(separator)
    hidden = (
        f"array_to_string(list_transform(string_split(replace({text}, '\"\"', {ESCAPED_QUOTE}), '\"'), "
        f"lambda piece, i: case when i % 2 = 0 then replace(piece, {sep}, {GAP}) else piece end), '')"
    )
    cell = (
        f"replace(replace(case when cell = {ESCAPED_QUOTE} then '' else cell end, {ESCAPED_QUOTE}, '\"'), {GAP}, {sep})"
    )
    filled = "list_filter({}, lambda cell: cell <> '')" if gaps else "{}"
    slow = f"list_transform({filled.format(f'string_split({hidden}, {sep})')}, lambda cell: {cell})"
    return f"case when contains({text}, '\"') then {slow} else {filled.format(f'string_split({text}, {sep})')} end"


def _named(spec: Format, header: tuple[str, ...], parts: str, least: int) -> str:
    positions = {name.strip().strip('"').lower(): index for index, name in reversed(list(enumerate(header, 1)))}
    fields = {
        name: f"parts_[{positions[name.lower()]}]" if name.lower() in positions else MISSING
        for name in spec.frame.fields
    }
    return _select(fields, _count_sentence("len(parts_)", least), f"select *, {parts} as parts_ from body_")


def _csv(spec: Format, header: tuple[str, ...] | None) -> str:
    parts = split_quoted("text", spec.frame.separator or ",")
    names = header if spec.frame.header and header else spec.frame.default_fields or tuple(spec.frame.fields)
    return _named(spec, names, parts, spec.frame.least or min(len(names), 2))


def _w3c(spec: Format, header: tuple[str, ...] | None) -> str:
    names = header or spec.frame.default_fields
    if not names:
        empty: dict[str, str] = dict.fromkeys(spec.frame.fields, MISSING)
        return _select(empty, "'no #Fields line before this record'", "select * from body_")
    separator = spec.frame.separator or " "
    if separator == "\t":
        parts = f"string_split(text, {literal(separator)})"
    else:
        parts = split_quoted("rtrim(text)", separator)
        if separator == " ":  # fields are divided by white space: a run of blanks is one
            runs = split_quoted("rtrim(text)", separator, gaps=True)
            parts = f"case when contains(text, '  ') then {runs} else {parts} end"
    return _named(spec, names, parts, spec.frame.least or len(names))


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
