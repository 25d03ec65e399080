"""Records × format → events, skips and rejects, vectorised in DuckDB.

`Parser.parse` answers for each record, in order: its outcome, the reason if it is not an event, and the event's columns.
No record is dropped and none raises: what cannot be read is a reject that says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.errors import FormatError
from etl.events import EVENT_SCHEMA
from etl.intake.formats import URL, WRITABLE, Format
from etl.intake.frames import body_sql, fields_sql, literal, quoted
from etl.intake.framing import Records

MACROS = Path(__file__).with_name("macros.sql")
ROWS_A_TASK = 16384  # the engine works on record batches in parallel
RAW_CHARS = 4096
MAX_HOST = 253  # RFC 1035: a name has at most 253 characters
MAX_FAILING = 1000  # records of one run on which an expression may fail before the format is held to be wrong
OLDEST_YEAR = 1995  # before the first of these appliances: a clock that was never set, not a transaction

PARSED_SCHEMA: pa.Schema = pa.schema(
    [
        ("record_no", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("log_format", pa.string()),
        ("raw", pa.string()),
        *((name, EVENT_SCHEMA.field(name).type) for name in WRITABLE),
    ]
)

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
RANGES = {"src_port": "1, 65535", "dst_port": "1, 65535", "http_status": "1, 999"}


class Parser:
    """An engine session for one source: its time zone and the time of receipt are fixed.

    `oldest`: events before this instant are skips (`too old`); `newest`: events after it are rejects. None: no limit.
    """

    def __init__(
        self,
        timezone: str = "UTC",
        received_at: datetime | None = None,
        oldest: datetime | None = None,
        newest: datetime | None = None,
        threads: int = 0,
        memory_limit: str = "700MB",
    ) -> None:
        options: dict[str, str | bool | int] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": memory_limit,
        }
        if threads:
            options["threads"] = threads
        self.received_at = received_at or datetime.now(UTC)
        self.oldest, self.newest = oldest, newest
        self._con = duckdb.connect(config=options)
        self._con.execute("set timezone = 'UTC'")
        # A long `in (…)` over every record is faster as comparisons than as the hash join it would be turned into.
        self._con.execute("set disabled_optimizers = 'in_clause'")
        self._con.execute(f"create macro zone_() as {literal(timezone)}")
        self._con.execute(f"create macro received_() as {_timestamp(self.received_at)}")
        self._con.execute(MACROS.read_text(encoding="utf-8"))
        # A user's own format is an expression that somebody wrote: it reads no file and changes no setting.
        self._con.execute("set enable_external_access = false")
        self._con.execute("set lock_configuration = true")
        self._queries: dict[tuple[str, tuple[str, ...] | None], str] = {}
        self._detect = ""

    def close(self) -> None:
        self._con.close()

    def parse(self, records: Records, formats: Sequence[Format]) -> pa.Table:
        """One row per record, in order; columns PARSED_SCHEMA. With several formats each record goes to the one it fits."""
        if len(records) == 0:
            return PARSED_SCHEMA.empty_table()
        if len(formats) == 1:
            return self._parse(records, formats[0], None)
        choice = self._choose(records, formats)
        parts = []
        for index, spec in enumerate(formats):
            chosen = np.flatnonzero(choice == index)
            if len(chosen):
                parts.append(self._parse(records, spec, chosen))
        return pa.concat_tables(parts).sort_by("record_no")

    def _choose(self, records: Records, formats: Sequence[Format]) -> np.ndarray:
        """The first format whose pattern a record matches; the first of all when none does."""
        whens = " ".join(
            f"when regexp_matches(line, {literal(spec.detect.pattern)}) then {index}"
            for index, spec in enumerate(formats)
        )
        self._con.register("batch", _batch(records, None))
        one_line = (
            "select case when contains(line, chr(10)) then replace(line, chr(10), ' ') else line end as line from batch"
        )
        found = self._con.sql(f"select case {whens} else 0 end as i from ({one_line})").to_arrow_table()
        return np.asarray(found["i"].to_numpy())

    def _parse(self, records: Records, spec: Format, chosen: np.ndarray | None) -> pa.Table:
        key = (f"{spec.folder}/{spec.id}", records.header)
        if key not in self._queries:
            self._queries[key] = self._query(spec, records.header)
        return self._rows(_batch(records, chosen), spec, self._queries[key], [])

    def _rows(self, batch: pa.Table, spec: Format, query: str, failing: list[int]) -> pa.Table:
        """The answers for a batch. A record on which an expression fails is a reject; it is found by halving the batch.

        So is a batch of long records that the engine has no room for.
        """
        self._con.register("batch", batch)
        try:
            return _completed(self._con.sql(query).to_arrow_table(), spec)
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise _refused(spec, error) from None
        except (duckdb.DataError, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
            if len(batch) == 1:
                failing.append(batch["record_no"][0].as_py())
                if len(failing) > MAX_FAILING:
                    raise _refused(spec, error) from None
                return _failed(batch, spec)
            middle = len(batch) // 2
            halves = (batch.slice(0, middle), batch.slice(middle))
            return pa.concat_tables([self._rows(half, spec, query, failing) for half in halves])

    def _query(self, spec: Format, header: tuple[str, ...] | None) -> str:
        levels = _levels(spec.let)
        lets = "".join(
            f",\nlet{i}_ as (select *, {', '.join(f'{spec.let[name]} as {quoted(name)}' for name in names)} "
            f"from {f'let{i - 1}_' if i else 'fields_'})"
            for i, names in enumerate(levels)
        )
        last = f"let{len(levels) - 1}_" if levels else "fields_"
        event = dict(spec.event)
        if url := event.pop(URL, None):
            lets += f""",
url_ as (select *, {url} as url_text_ from {last}),
rest_ as (select *, url_rest(url_text_) as url_rest_ from url_),
authority_ as (select *, authority_of_rest(url_rest_) as authority_ from rest_)"""
            last = "authority_"
            for name, part in URL_PARTS.items():
                kind = "integer" if name in RANGES else "varchar"
                event[name] = f"coalesce(try_cast({event[name]} as {kind}), {part})" if name in event else part
        said = ", ".join(f"{_said(name, event.get(name))} as said_{name}" for name in WRITABLE)
        return f"""with body_ as ({body_sql(spec)}),
fields_ as ({fields_sql(spec, header)}){lets},
said_ as (select record_no, line, flaw, unframed_, {_first(spec.skip)} as skip_, {_first(spec.reject)} as reject_, {said} from {last}),
hosted_ as (select *, plain_host(said_dst_host) as host_ from said_),
told_ as (select *, is_ip(host_) as host_is_ip_ from hosted_),
plain_ as (select record_no, line, flaw, unframed_, skip_, reject_, host_, {_plain(spec)} from told_),
judged_ as (select *, {self._judgement(spec)} as judged_ from plain_)
select record_no, case when judged_ = 'event:' then 'event' else split_part(judged_, ':', 1) end as outcome,
    case when judged_ <> 'event:' then nullif(substr(judged_, strpos(judged_, ':') + 1), '') end as reason,
    case when judged_ <> 'event:' then left(line, {RAW_CHARS}) end as raw, {", ".join(spoken(spec))}
from judged_"""

    def _judgement(self, spec: Format) -> str:
        """One CASE: the first thing that applies decides what becomes of the record."""
        limits = ""
        if self.oldest is not None:
            limits += f"when event_at < {_timestamp(self.oldest)} then 'skip:too old' "
        if self.newest is not None:
            limits += f"when event_at > {_timestamp(self.newest)} then 'reject:time lies in the future' "
        comment = "when starts_with(line, '#') then 'skip:header' " if spec.frame.type == "w3c" else ""
        return f"""case
    when flaw is not null then case when flaw = 'header' then 'skip:header' else 'reject:' || flaw end
    when strlen(line) < 64 and trim(line) = '' then 'skip:blank line' {comment}
    when unframed_ is not null then 'reject:' || unframed_
    when skip_ is not null then 'skip:' || skip_
    when reject_ is not null then 'reject:' || reject_
    when event_at is null then {literal("reject:time not readable; expected " + spec.time)}
    when year(event_at) < {OLDEST_YEAR} then 'reject:time lies before {OLDEST_YEAR}; the clock was not set'
    when strlen(host_) > {MAX_HOST} then 'reject:host name longer than {MAX_HOST} characters'
    when host_flaw(dst_host) is not null then 'reject:' || host_flaw(dst_host)
    when dst_host is null and dst_ip is null and app_hint is null then 'skip:no destination' {limits}
    else 'event:' end"""


def _refused(spec: Format, error: Exception) -> FormatError:
    return FormatError(
        f"{spec.folder / 'format.toml'}: found an expression that the engine refuses ({error}); expected DuckDB SQL "
        "over the declared fields. Correct the expression."
    )


def _failed(batch: pa.Table, spec: Format) -> pa.Table:
    """The answer for the one record of a batch on which an expression fails."""
    row = {
        "record_no": batch["record_no"][0].as_py(),
        "outcome": "reject",
        "reason": "not readable; expected values of the kinds that this format's expressions take",
        "log_format": spec.id,
        "raw": batch["line"][0].as_py()[:RAW_CHARS],
    }
    return pa.Table.from_pylist([row], schema=PARSED_SCHEMA)


def _levels(lets: dict[str, str]) -> list[list[str]]:
    """The names of `let` in layers: each is computed from fields and from names of the layers before."""
    depth: dict[str, int] = {}
    for name, expression in lets.items():
        words = set(re.findall(r"\w+", expression))
        depth[name] = max((depth[other] + 1 for other in depth if other in words), default=0)
    return [[name for name in lets if depth[name] == level] for level in range(max(depth.values(), default=-1) + 1)]


def spoken(spec: Format) -> list[str]:
    """The event columns that a format can fill; the others are null and need not travel."""
    given = set(spec.event) | {"action", "transactions", "total_bytes", "dst_host", "dst_ip", "app_hint"}
    return [name for name in WRITABLE if name in given or (URL in spec.event and name in URL_PARTS)]


def _completed(table: pa.Table, spec: Format) -> pa.Table:
    """Bring an answer to PARSED_SCHEMA."""
    columns = []
    for field in PARSED_SCHEMA:
        if field.name == "log_format":
            columns.append(pa.repeat(pa.scalar(spec.id), len(table)))
        elif field.name in table.column_names:
            columns.append(table[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(len(table), field.type))
    return pa.table(columns, schema=PARSED_SCHEMA)


def _first(conditions: dict[str, str]) -> str:
    if not conditions:
        return "null::varchar"
    return "case " + " ".join(f"when {test} then {literal(reason)}" for reason, test in conditions.items()) + " end"


def _plain(spec: Format) -> str:
    """What the format said, in the event's own terms: placeholders null, hosts and addresses in one spelling."""
    columns = {
        "event_at": "said_event_at",
        "transactions": "case when try_cast(said_transactions as bigint) > 0 then try_cast(said_transactions as bigint) else 1 end",
        "dst_host": "case when host_ not in ('', '-', 'n/a', 'none', 'null', 'unknown') and not host_is_ip_ then host_ end",
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
    if name in TEXTS:
        return f"known(({expression})::varchar)"
    if name == "src_ip" and expression.endswith("_ip"):  # already an address, computed by `let`
        return f"({expression})::varchar"
    if name == "src_ip":
        return f"ip(({expression})::varchar)"
    if name == "http_method":
        return f"upper(known(({expression})::varchar))"
    if name in NUMBERS:
        return f"at_least(try_cast(({expression}) as bigint), 0)"
    if name in RANGES:
        return f"within(try_cast(({expression}) as integer), {RANGES[name]})"
    return f"({expression})" if name in ("event_at", "transactions") else f"({expression})::varchar"


def _timestamp(instant: datetime) -> str:
    return f"timestamp '{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def _batch(records: Records, chosen: np.ndarray | None) -> pa.Table:
    count = len(records)
    numbers = pa.array(np.arange(records.first, records.first + count, dtype=np.int64))
    flaws: pa.Array = pa.nulls(count, pa.string())
    if records.flaws:
        flaws = pa.array([records.flaws.get(index) for index in range(count)], pa.string())
    envelope = records.envelopes
    if envelope is None:
        envelope = pa.repeat(pa.scalar(records.envelope, pa.string()), count)
    table = pa.table({"record_no": numbers, "line": records.lines, "flaw": flaws, "envelope": envelope})
    if chosen is not None:
        table = table.take(pa.array(chosen))
    return pa.Table.from_batches(table.to_batches(max_chunksize=ROWS_A_TASK), schema=table.schema)


def window(received_at: datetime, max_age_days: int, max_future_days: int) -> tuple[datetime, datetime]:
    """The instants between which an event is accepted at `received_at`: whole days back, and a clock's error ahead."""
    start = received_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start - timedelta(days=max_age_days), received_at.astimezone(UTC) + timedelta(days=max_future_days)


def counted(column: pa.ChunkedArray, limit: int = 50) -> dict[str, int]:
    """How often each text occurs, most often first; beyond `limit` texts the rest is counted as `other`."""
    pairs = [(item["values"].as_py(), item["counts"].as_py()) for item in pc.value_counts(column)]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    found = dict(pairs[:limit])
    if len(pairs) > limit:
        found["other"] = sum(count for _, count in pairs[limit:])
    return found
