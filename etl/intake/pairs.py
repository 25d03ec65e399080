"""key=value, CEF and LEEF records as JSON text: one parse then gives all fields, where a look-up for each would scan the record.

One regular expression turns the pairs of a record into JSON members; what JSON reserves is escaped before and what the
vendor escaped is undone after. Tokens between the pairs become members without a name and are never asked for.
"""

from __future__ import annotations

import re

from etl.intake.formats import Format
from etl.intake.sql import literal

CEF_HEAD = (
    "cef_version",
    "cef_vendor",
    "cef_product",
    "cef_device_version",
    "cef_signature",
    "cef_name",
    "cef_severity",
)
LEEF_HEAD = ("leef_version", "leef_vendor", "leef_product", "leef_product_version", "leef_event")

# Stand-ins while a record is rewritten; control characters that do not occur in logs.
BACKSLASH, QUOTE, EQUALS, PIPE, GAP = "chr(28)", "chr(29)", "chr(30)", "chr(27)", "chr(31)"


def pairs_sql(spec: Format, source: str) -> tuple[dict[str, str], str, str]:
    """Fields by name, the reason for a record without pairs, and the select they come from.

    `source` gives `json_` beside the columns of `body_`. A field may be declared in several spellings, `"a|b"`: the
    first is its name. Of a repeated name the first value counts.
    """
    head = {name: index for index, name in enumerate({"cef": CEF_HEAD, "leef": LEEF_HEAD}.get(spec.frame.type, ()), 1)}
    spellings = {name.split("|")[0]: name.split("|") for name in spec.frame.fields if name not in head}
    asked = [name for names in spellings.values() for name in names]
    paths = ", ".join(literal(f'$."{name}"') for name in asked)
    places = {name: f"found_[{index}]" for index, name in enumerate(asked, 1)}
    fields = {
        name: places[name] if len(names) == 1 else f"coalesce({', '.join(places[one] for one in names)})"
        for name, names in spellings.items()
    }
    fields |= {name: _head_part(head[name]) for name in spec.frame.fields if name in head}
    least = spec.frame.least or (1 if head else 3)
    unframed = (
        f"when found_ is null then 'key=value pairs not readable' "
        f"when list_count(found_) < {least} then 'found fewer than {least} key=value pairs'"
    )
    if head:
        mark = f"{spec.frame.type.upper()}:"
        unframed = (
            f"when guarded_ is null then 'found no {mark}; expected {mark}version|vendor|product|…' "
            f"when json_ is null then 'header cut short; expected {len(head)} parts after {mark}' {unframed}"
        )
    # Control characters are not JSON: a record that holds any is cleaned of them and read again.
    clean = "regexp_replace(json_, '[\\x00-\\x1f]', ' ', 'g')"
    return (
        fields,
        f"case {unframed} end",
        f"""select *, case when json_valid(json_) then json_extract_string(json_, [{paths}])
            when json_valid({clean}) then json_extract_string({clean}, [{paths}]) end as found_ from ({source})""",
    )


def pairs_text(spec: Format) -> str:
    """SQL over `body_` for the part of a record that holds its pairs."""
    text = "text"
    if spec.frame.after:
        text = f"regexp_replace(text, {literal(f'^.*?(?:{spec.frame.after})')}, '')"
    if spec.frame.quoted:  # structured data ends at `"]`; what stands behind is text. A bracket in a value is escaped.
        text = f"""case when contains(text, '"]') and not contains(text, '\\"]') then split_part({text}, '"]', 1) || '"' else {text} end"""
    return text


def key_value_source(spec: Format) -> str:
    """Pairs divided by blanks (or another separator) outside double quotes; a backslash escapes a quote or itself."""
    source = f"select *, {pairs_text(spec)} as pairs_ from body_"
    if spec.frame.bare:
        return _bare_source(spec, source)
    guarded = f"replace(replace(pairs_, '\\\\', {BACKSLASH}), '\\\"', {QUOTE})"
    if spec.frame.quoted:
        guarded = f"replace({guarded}, '\\]', ']')"
    guarded = f"replace({guarded}, '\\', '\\\\')"
    pair = literal(_pair_pattern(spec.frame.separator or " ", spec.frame.assign))
    escaped = f"regexp_replace({guarded}, {pair}, '\"\\1\":\"\\2\\3\",', 'g')"
    escaped = f"""replace(replace({escaped}, {BACKSLASH}, '\\\\'), {QUOTE}, '\\"')"""
    plain = f"regexp_replace(pairs_, {pair}, '\"\\1\":\"\\2\\3\",', 'g')"  # most records escape nothing
    members = f"case when contains(pairs_, '\\') then {escaped} else {plain} end"
    return f"""select *, '{{' || {members} || '"":""}}' as json_ from ({source})"""


def _bare_source(spec: Format, source: str) -> str:
    """Values end where the next name begins; quotes and backslashes are ordinary characters."""
    separator, colon = spec.frame.separator or " ", re.escape(spec.frame.assign[0])
    name = rf"([A-Za-z_][^{re.escape(separator[0])}{colon}\"]*?)"
    assigned = rf"(?:{_spaced(spec.frame.assign)}|{colon}$) *"  # the last value may be empty
    next_name = literal(rf"{_spaced(separator)}{name} *{assigned}")
    escaped = f"replace(replace({literal(separator)} || rtrim(pairs_, {literal(separator + ' ')}), '\\', '\\\\'), '\"', '\\\"')"
    members = f"regexp_replace({escaped}, {next_name}, '\",\"\\1\":\"', 'g')"
    return f"""select *, '{{"":"' || {members} || '"}}' as json_ from ({source})"""


def _spaced(text: str) -> str:
    """As a regular expression; a blank stands for any run of blanks and tabs."""
    return re.escape(text).replace(r"\ ", r"[ \t]+")


def _pair_pattern(separator: str, assign: str) -> str:
    """A pair with the separator after it, or else a token without a name; groups: name, quoted value, bare value."""
    first, between = re.escape(separator[0]), _spaced(separator)
    colon = re.escape(assign[0])
    if separator == " ":
        return rf'(?:([^ "{colon}]+){re.escape(assign)}(?:"([^"]*)"|([^ "]*))|[^ ]+)\]?(?: +|$)'
    end = rf"\]?(?:{between} *|$)"
    bare = rf'[^"{first}]*' if len(separator) == 1 else '[^"]*?'
    return rf'(?: *([^"{first}{colon}]+?) *{re.escape(assign)} *(?:"([^"]*)"|({bare})) *{end}|[^{first}]*(?:{between} *|$))'


# A CEF value holds blanks: it ends where the next ` key=` begins.
NEXT_KEY = r" +([A-Za-z_][A-Za-z0-9_.\-]*)="


def cef_source(spec: Format) -> str:
    """CEF:version|vendor|product|version|signature|name|severity|key=value … with \\= \\| and \\\\ escaped."""
    extension = "' ' || substr(guarded_, length(head_) + 1)"
    return _headed("CEF:", CEF_HEAD, f"regexp_replace({extension}, {literal(NEXT_KEY)}, '\",\"\\1\":\"', 'g')")


def leef_source(spec: Format) -> str:
    """LEEF:version|vendor|product|version|event|[delimiter|]key=value … with the delimiter between the pairs."""
    first = f"split_part(guarded_, '|', {len(LEEF_HEAD) + 1})"
    # LEEF 2 names its delimiter: a character or its code as 0x09 or x09. LEEF 1 uses a tab, PAN-OS a pipe.
    is_two = f"starts_with(guarded_, '2') and not contains({first}, '=')"
    code = f"lower({first})"
    named = f"""case when {code} in ('', '\\\\t', '0x09', 'x09', chr(9)) then chr(9) when {code} in ('0x5e', 'x5e') then '^'
        when {code} in ('0x7c', 'x7c') then '|' when length({first}) = 1 then {first} else chr(9) end"""
    rest = "substr(guarded_, length(head_) + 1"
    one = literal(spec.frame.separator or "\t")
    # A delimiter behind the last pair is of no value.
    marked = (
        f"{GAP} || rtrim(case when {is_two} then replace({rest} + length({first}) + 1), {named}, {GAP}) "
        f"else replace({rest}), {one}, {GAP}) end, {GAP})"
    )
    return _headed("LEEF:", LEEF_HEAD, f"""regexp_replace({marked}, '\\x1f+ *([^=\\x1f]+)=', '","\\1":"', 'g')""")


def _headed(mark: str, head: tuple[str, ...], members: str) -> str:
    """The record after its mark as `guarded_`, its header as `head_`. `members`: the extension as JSON, made from the two."""
    text = f"substr(text, strpos(text, '{mark}') + {len(mark)})"
    guarded = f"replace(replace(replace({text}, '\\\\', {BACKSLASH}), '\\=', {EQUALS}), '\\|', {PIPE})"
    guarded = f"replace(replace({guarded}, '\\', '\\\\'), '\"', '\\\"')"
    json = f"""'{{"":"' || {members} || '"}}'"""
    undone = f"replace(replace(replace({json}, {BACKSLASH}, '\\\\'), {EQUALS}, '='), {PIPE}, '|')"
    # Most records escape nothing.
    return f"""
        select record_no, line, flaw, envelope, syslog_time, syslog_host, guarded_,
            case when head_ = '' then null when contains(text, '\\') then {undone} else {json} end as json_
        from (select *, regexp_extract(guarded_, {literal(f"^(?:[^|]*[|]){{{len(head)}}}")}) as head_
        from (select *, case when not contains(text, '{mark}') then null
            when contains(text, '\\') then {guarded} else replace({text}, '"', '\\"') end as guarded_ from body_))"""


def _head_part(index: int) -> str:
    """A part of the header, its escapes undone."""
    part = f"split_part(guarded_, '|', {index})"
    return f"replace(replace(replace(replace({part}, {PIPE}, '|'), {EQUALS}, '='), {BACKSLASH}, '\\'), '\\\"', '\"')"
