"""Records → outcomes as one SQL statement: fields, what the format says of them, the event's own terms, the judgement."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from etl.events import EVENT_SCHEMA
from etl.intake.formats import URL, WRITABLE, Format
from etl.intake.frames import AROUND, MISSING, body_sql, fields_sql, literal, quoted
from etl.intake.places import PORT, Placing
from etl.intake.places.fields import HOST, PATH
from etl.intake.places.hosts import NO_PORT
from etl.intake.sql import timestamp

RAW_CHARS = 4096
NO_HOST = "'', '-', 'n/a', 'none', 'null', 'unknown'"
MAX_HOST = 253  # RFC 1035: a name has at most 253 characters
OLDEST_YEAR = 1995  # before the first of these appliances: a clock that was never set, not a transaction

TEXTS = (
    "event_key", "device_id", "device_name", "user_name", "content_type", "user_agent", "process_name", "app_hint",
    "vendor_category", "url_path",
)  # fmt: skip
NUMBERS = ("uploaded_bytes", "downloaded_bytes", "total_bytes", "duration_ms")
# What `url` in [event] gives, where the format's own expression is null or missing.
URL_PARTS = {
    "dst_host": "host_of_authority(authority_)",
    "dst_port": "coalesce(port_of_authority(authority_), port_of_scheme(url_text_))",
    "url_path": "path_of_rest(url_rest_)",
}
PLAIN_PARTS = {"dst_host": HOST, "dst_port": f"nullif({PORT}, {NO_PORT})", "url_path": PATH}
RANGES = {"src_port": "1, 65535", "dst_port": "1, 65535", "http_status": "1, 999"}


def statement(
    spec: Format, fields: str, limits: str = "", lacking: Collection[str] = (), placing: Placing | None = None
) -> str:
    """SQL over `batch` that gives for each record its outcome, the reason if it is no event, and the event's columns.

    `fields` names the fields of the records (`engine_fields`, `placed_fields`); `limits` are further cases of the judgement,
    over `event_at`; `lacking`: fields that no record has under the header in force; `placing`: how the fields were found, if
    not by the engine: then `plain_host_` is the host where it is plain, and what is known of such a one is not asked again.
    """
    levels = _levels(spec.let)
    lets = "".join(
        f",\nlet{i}_ as (select *, {', '.join(f'{spec.let[name]} as {quoted(name)}' for name in names)} "
        f"from {f'let{i - 1}_' if i else 'fields_'})"
        for i, names in enumerate(levels)
    )
    last = f"let{len(levels) - 1}_" if levels else "fields_"
    event = dict(spec.event)
    url = event.pop(URL, None)
    if url and url.strip('"') not in lacking:
        parts, text = URL_PARTS, url
        if placing and placing.url >= 0:
            parts = {name: f"coalesce({PLAIN_PARTS[name]}, {part})" for name, part in URL_PARTS.items()}
            text = f"case when {HOST} is null then {url} end"
        lets += f""",
url_ as (select *, {text} as url_text_ from {last}),
rest_ as (select *, url_rest(url_text_) as url_rest_ from url_),
authority_ as (select *, authority_of_rest(url_rest_) as authority_ from rest_)"""
        last = "authority_"
        for name, part in parts.items():
            kind = "integer" if name in RANGES else "varchar"
            event[name] = f"coalesce(try_cast({event[name]} as {kind}), {part})" if name in event else part
    is_told = placing is not None and (placing.host >= 0 or placing.url >= 0)
    plain = HOST if is_told else "null::varchar"
    said = ", ".join(f"{_said(name, event.get(name))} as said_{name}" for name in WRITABLE)
    refined = {name: _refined(name, event.get(name), spec.let) for name in WRITABLE}
    if "url_path" not in spec.event:
        refined["url_path"] = None  # of a URL it begins with a slash: no placeholder
    found = ", ".join(f"{term} as said_{name}" for name, term in refined.items() if term)
    terms = f" replace ({found})" if found else ""
    return f"""with {fields}{lets},
said_ as (select record_no, line, flaw, unframed_, {plain} as plain_,
    {_first(spec.skip)} as skip_, {_first(spec.reject)} as reject_, {said} from {last}),
hosted_ as (select *{terms}, coalesce(plain_, plain_host(said_dst_host)) as host_ from said_),
told_ as (select *, case when plain_ is null then is_ip(host_) else false end as host_is_ip_ from hosted_),
spoken_ as (select record_no, line, flaw, unframed_, skip_, reject_, plain_, host_, {_plain(spec)} from told_),
judged_ as (select *, {_judgement(spec, limits, is_placed=placing is not None)} as judged_ from spoken_)
select record_no, case when judged_ = 'event:' then 'event' else split_part(judged_, ':', 1) end as outcome,
    case when judged_ <> 'event:' then nullif(substr(judged_, strpos(judged_, ':') + 1), '') end as reason,
    case when judged_ <> 'event:' then left(line, {RAW_CHARS}) end as raw, {", ".join(spoken(spec))}
from judged_"""


def engine_fields(spec: Format, header: tuple[str, ...] | None) -> str:
    """The fields as the engine reads them from the lines of the batch."""
    return f"body_ as ({body_sql(spec)}),\nfields_ as ({fields_sql(spec, header)})"


def placed_fields(spec: Format, placing: Placing, *, escaped: bool) -> str:
    """The fields as they were found before, columns of the batch; `escaped`: values may still hold escapes."""
    names = [field.split("|")[0] for field in spec.frame.fields if field.split("|")[0] not in AROUND]
    columns = {name: quoted(place) for place, name in zip(placing.columns, placing.names, strict=False)}
    if escaped and placing.unescape:
        columns |= {name: f"{placing.unescape}({columns[name]})" for name in names if name in columns}
    columns |= {name: name for name in placing.columns if name == PORT}
    others = dict.fromkeys((*AROUND, *(name for name in columns if name not in names)))
    fields = "".join(f", {columns.get(name, MISSING)} as {quoted(name)}" for name in [*names, *others])
    return f"fields_ as (select record_no, line, flaw, envelope, null::varchar as unframed_{fields} from batch)"


def window(received_at: datetime, max_age_days: int, max_future_days: int) -> tuple[datetime, datetime]:
    """The instants between which an event is accepted at `received_at`: whole days back, and a clock's error ahead."""
    start = received_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start - timedelta(days=max_age_days), received_at.astimezone(UTC) + timedelta(days=max_future_days)


def limits(oldest: datetime | None, newest: datetime | None) -> str:
    """Cases of the judgement for events that are too old, or lie in the future."""
    cases = ""
    if oldest is not None:
        cases += f"when event_at < {timestamp(oldest)} then 'skip:too old' "
    if newest is not None:
        cases += f"when event_at > {timestamp(newest)} then 'reject:time lies in the future' "
    return cases


def spoken(spec: Format) -> list[str]:
    """The event columns that a format can fill; the others are null and need not travel."""
    given = set(spec.event) | {"action", "transactions", "total_bytes", "dst_host", "dst_ip", "app_hint"}
    return [name for name in WRITABLE if name in given or (URL in spec.event and name in URL_PARTS)]


def _judgement(spec: Format, limits: str, *, is_placed: bool) -> str:
    """One CASE: the first thing that applies decides what becomes of the record. A placed one has fields, and is not blank."""
    blank = "" if is_placed else "when strlen(line) < 64 and trim(line) = '' then 'skip:blank line' "
    comment = "when starts_with(line, '#') then 'skip:header' " if spec.frame.type == "w3c" else ""
    return f"""case
when flaw is not null then case when flaw = 'header' then 'skip:header' else 'reject:' || flaw end
{blank}{comment}
when unframed_ is not null then 'reject:' || unframed_
when skip_ is not null then 'skip:' || skip_
when reject_ is not null then 'reject:' || reject_
when event_at is null then {literal("reject:time not readable; expected " + spec.time)}
when year(event_at) < {OLDEST_YEAR} then 'reject:time lies before {OLDEST_YEAR}; the clock was not set'
when strlen(host_) > {MAX_HOST} then 'reject:host name longer than {MAX_HOST} characters'
when case when plain_ is null then host_flaw(dst_host) end is not null then 'reject:' || host_flaw(dst_host)
when dst_host is null and dst_ip is null and app_hint is null then 'skip:no destination' {limits}
else 'event:' end"""


def _levels(lets: dict[str, str]) -> list[list[str]]:
    """The names of `let` in layers: each is computed from fields and from names of the layers before."""
    depth: dict[str, int] = {}
    for name, expression in lets.items():
        words = set(re.findall(r"\w+", expression))
        depth[name] = max((depth[other] + 1 for other in depth if other in words), default=0)
    return [[name for name in lets if depth[name] == level] for level in range(max(depth.values(), default=-1) + 1)]


def _first(conditions: dict[str, str]) -> str:
    if not conditions:
        return "null::varchar"
    return "case " + " ".join(f"when {test} then {literal(reason)}" for reason, test in conditions.items()) + " end"


def _plain(spec: Format) -> str:
    """What the format said, in the event's own terms: placeholders null, hosts and addresses in one spelling."""
    columns = {
        "event_at": "said_event_at",
        "transactions": "case when try_cast(said_transactions as bigint) > 0 then try_cast(said_transactions as bigint) else 1 end",
        "dst_host": f"case when plain_ is not null then plain_ when host_ not in ({NO_HOST}) and not host_is_ip_ then host_ end",
        # an address in the URL is what was asked for, whatever peer the sender talked to
        "dst_ip": "coalesce(case when host_is_ip_ then host_ end, ip(said_dst_ip))",
        "action": "coalesce(said_action, 'unknown')",
        "total_bytes": "coalesce(said_uploaded_bytes + said_downloaded_bytes, said_total_bytes)",
    }
    if "transactions" not in spec.event:
        columns["transactions"] = "1::bigint"
    plain = [f"{expression} as {name}" for name, expression in columns.items()]
    plain += [f"said_{name} as {name}" for name in WRITABLE if name not in columns]
    return ", ".join(plain)


def _said(name: str, expression: str | None) -> str:
    """One column as the format said it, with its type; what a format does not say costs nothing."""
    if expression is None:
        kind = "varchar" if EVENT_SCHEMA.field(name).type == pa.string() else "bigint"
        return f"null::{kind}"
    if name in NUMBERS:
        return f"try_cast(({expression}) as bigint)"
    if name in RANGES:
        return f"try_cast(({expression}) as integer)"
    return f"({expression})" if name in ("event_at", "transactions") else f"({expression})::varchar"


def _refined(name: str, expression: str | None, lets: Collection[str]) -> str | None:
    """What is made of a column once it was said; None for what stays as it is.

    A step of its own: these macros name what they are given many times over, and a column is computed once.
    """
    said = f"said_{name}"
    if expression is None:
        return None
    if name in TEXTS:
        return f"known({said})"
    if name == "src_ip":  # what `let` computed under such a name is an address already
        return None if expression in lets and expression.endswith("_ip") else f"ip({said})"
    if name == "http_method":
        return f"upper(known({said}))"
    if name in NUMBERS:
        return f"at_least({said}, 0)"
    return f"within({said}, {RANGES[name]})" if name in RANGES else None
