"""Frames as SQL: each turns the text of a record into named fields, for all records of a batch at once.

Every frame gives a select over `body_` (record_no, line, flaw, text, syslog_time, syslog_host) with the fields as columns
and `unframed_`: the reason why a record is not of this shape, or null. String functions do the work where they can: in
this engine a regular expression costs ten times a split.
"""

from __future__ import annotations

from collections.abc import Callable

from etl.intake.formats import Format

# Characters that do not occur in logs (if they do, they come out as themselves or the record takes the slow way).
GAP, EQUALS, ESCAPED_QUOTE = "chr(31)", "chr(30)", "chr(29)"

# A field that the file lacks. Not a constant: the engine fails to fold some functions over a constant null.
MISSING = "nullif(line, line)"

PREFIX_TIME = (
    r"[A-Z][a-z]{2} [ \d]?\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
)
RFC5424 = (
    rf"^<\d{{1,3}}>\d{{1,2}} (?P<time>-|{PREFIX_TIME}) (?P<host>\S+) \S+ \S+ \S+ "
    r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+) ?'
)
RFC3164 = (
    rf"^(?:<\d{{1,3}}>:? ?)?(?:(?P<time>{PREFIX_TIME}):? +(?:(?P<host>[^\s:=|\[\]]+) +)?)?(?:[\w./-]+(?:\[\d+\])?: +)?"
)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL literal; control characters by code, since the parser refuses NUL."""
    if any(ord(char) < 32 for char in value):
        return "(" + " || ".join(f"chr({ord(c)})" if ord(c) < 32 else literal(c) for c in value) + ")"
    return "'" + value.replace("'", "''") + "'"


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


def split_quoted(text: str, separator: str) -> str:
    """A list of cells; a separator inside double quotes does not split, `""` inside quotes is one quote.

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
    slow = f"list_transform(string_split({hidden}, {sep}), lambda cell: {cell})"
    return f"case when contains({text}, '\"') then {slow} else string_split({text}, {sep}) end"


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
    parts = f"string_split(text, {literal(separator)})" if separator == "\t" else split_quoted("rtrim(text)", separator)
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


def _pairs(spec: Format, marked: str, source: str) -> str:
    """Fields from pairs, by way of JSON text: one parse gives all fields, where a lookup for each would scan the record.

    `marked` is `key=value` pairs with GAP between, without quotes around values; only the first `=` of a pair divides
    it. Names are compared without case. Control characters would not be JSON: records that hold any are cleaned of them and read again.
    """
    structure = "{" + ", ".join(f'"{name.lower()}": "VARCHAR"' for name in spec.frame.fields) + "}"
    escaped = f"replace({marked}, '\\', '\\\\')"
    assign = literal(spec.frame.assign)
    pairs = (
        f"list_transform(list_filter(string_split({escaped}, {GAP}), lambda pair: contains(pair, {assign})), "
        f"lambda pair: lower(trim(split_part(pair, {assign}, 1))) || '\":\"' || "
        f"trim(substr(pair, strpos(pair, {assign}) + {len(spec.frame.assign)})))"
    )
    text = f"""'{{"' || replace(array_to_string(pairs_, '","'), {ESCAPED_QUOTE}, '\\"') || '"}}'"""
    clean = "regexp_replace(json_, '[\\x00-\\x1f]', ' ', 'g')"
    fields = {name: f"fields_.{quoted(name.lower())}" for name in spec.frame.fields}
    least = spec.frame.least or 3
    return _select(
        fields,
        f"case when pairs_ is null or len(pairs_) < {least} then 'found fewer than {least} key=value pairs' "
        "when fields_ is null then 'key=value pairs not readable' end",
        f"""select *, case when json_valid(json_) then from_json(json_, {literal(structure)})
                when json_valid({clean}) then from_json({clean}, {literal(structure)}) end as fields_
            from (select *, case when len(pairs_) >= {least} then {text} end as json_
            from (select *, {pairs} as pairs_ from ({source})))""",
    )


def _key_value(spec: Format, header: tuple[str, ...] | None) -> str:
    """Pairs divided by blanks (or another separator) outside double quotes."""
    separator = literal(spec.frame.separator or " ")
    guarded = f"replace(replace(text, '\\\\', chr(28)), '\\\"', {ESCAPED_QUOTE})"
    outside = f"replace(piece, {separator}, {GAP})"
    marked = (
        f"case when contains(text, '\"') then array_to_string(list_transform(string_split({guarded}, '\"'), "
        f"lambda piece, i: case when i % 2 = 0 then piece else {outside} end), '') "
        f"else {outside.replace('piece', 'text')} end"
    )
    return _pairs(spec, f"replace({marked}, chr(28), '\\')", "select * from body_")


def _escaped_pairs(pairs: str) -> str:
    """CEF and LEEF escapes: `\\=` and `\\\\` in values; a double quote is an ordinary character there."""
    return f"replace(replace(replace({pairs}, '\\=', '='), '\\\\', '\\'), '\"', {ESCAPED_QUOTE})"


def _extension(spec: Format, source: str, pairs: str) -> str:
    """A CEF extension: values hold blanks, so a pair ends where the next ` key=` begins."""
    guarded = f"replace({pairs}, '\\=', {EQUALS})"
    marked = f"regexp_replace({guarded}, {literal(NEXT_KEY)}, {GAP} || '\\1=', 'g')"
    return _pairs(spec, _escaped_pairs(f"replace({marked}, {EQUALS}, '=')"), source)


NEXT_KEY = r" +([A-Za-z_][A-Za-z0-9_.\-]*)="
CEF_HEAD = ("cef_version", "cef_vendor", "cef_product", "cef_device_version", "cef_signature", "cef_name", "cef_severity")
LEEF_HEAD = ("leef_version", "leef_vendor", "leef_product", "leef_product_version", "leef_event")


def _cef(spec: Format, header: tuple[str, ...] | None) -> str:
    return _headed(spec, "CEF:", CEF_HEAD, _extension)


def _leef(spec: Format, header: tuple[str, ...] | None) -> str:
    return _headed(spec, "LEEF:", LEEF_HEAD, _leef_pairs)


def _headed(spec: Format, mark: str, head: tuple[str, ...], pairs: Callable[[Format, str, str], str]) -> str:
    """Split the header at unescaped pipes; its parts join the extension as pairs, so that one parse gives them all."""
    count = len(head)
    guarded = f"replace(substr(text, strpos(text, '{mark}') + {len(mark)}), '\\|', chr(28))"
    heads = f" || {GAP} || ".join(
        f"'{name}=' || replace(replace(head_[{i}], chr(28), '|'), '=', {EQUALS})" for i, name in enumerate(head, 1)
    )
    source = f"""
        select record_no, line, flaw, envelope, syslog_time, syslog_host, head_,
            case when strpos(text, '{mark}') > 0 and len(head_) > {count}
                then {heads} || {GAP} || array_to_string(list_filter(head_, lambda part, i: i > {count}), '|') end as text
        from (select *, string_split({guarded}, '|') as head_ from body_)"""
    return pairs(spec, source, "replace(text, chr(28), '\\|')")


def _leef_pairs(spec: Format, source: str, pairs: str) -> str:
    # LEEF 2 names its delimiter in a sixth header part: a character or its code as 0x09 or x09. LEEF 1 uses a tab.
    first = f"split_part(split_part({pairs}, {GAP}, {len(LEEF_HEAD) + 1}), '|', 1)"
    is_two = f"starts_with({pairs}, 'leef_version=2') and not contains({first}, '=')"
    code = f"lower({first})"
    named = f"""case when {code} in ('', '\\t', '0x09', 'x09', chr(9)) then chr(9) when {code} in ('0x5e', 'x5e') then '^'
        when {code} in ('0x7c', 'x7c') then '|' when length({first}) = 1 then {first} else chr(9) end"""
    cut = f"substr({pairs}, 1, strpos({pairs}, {GAP} || {first} || '|')) || substr({pairs}, strpos({pairs}, {GAP} || {first} || '|') + length({first}) + 2)"
    one = literal(spec.frame.separator or "\t")  # PAN-OS writes LEEF 1 with '|'
    body = f"case when {is_two} then replace({cut}, {named}, {GAP}) else replace({pairs}, {one}, {GAP}) end"
    return _pairs(spec, _escaped_pairs(body), source)


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
