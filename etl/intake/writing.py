"""Writing what was parsed: events by day, rejects, and the counts for the receipt. Nothing is visible before `commit`."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.events import EVENT_SCHEMA, REJECT_SCHEMA
from etl.intake.columns import numbers, same
from etl.lake import Lake, flush

COMPRESSION, LEVEL = "zstd", 1
MAX_REASONS = 50
EPOCH = date(1970, 1, 1)
# Columns whose values hardly repeat: a dictionary would be built and thrown away.
PLAIN = frozenset(
    (
        "event_at", "record_no", "event_key", "src_port", "url_path", "uploaded_bytes", "downloaded_bytes", "total_bytes", "duration_ms",
        "raw",
    )
)  # fmt: skip
# Numbers that lie near the one before: as differences they take a hundredth of the room.
CLIMBING = ("record_no", "event_at")


class Writer:
    """Collects the parsed records of one upload."""

    def __init__(self, lake: Lake, source: str, source_kind: str, upload_id: str) -> None:
        self._lake, self._source, self._kind, self._upload_id = lake, source, source_kind, upload_id
        self._files: dict[Path, tuple[Path, pq.ParquetWriter]] = {}
        self.records = self.events = self.transactions = 0
        self.skips: Counter[str] = Counter()
        self.rejects: Counter[str] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.days: set[date] = set()

    def add(self, parsed: pa.Table) -> None:
        """Take rows of PARSED_SCHEMA."""
        self.records += len(parsed)
        events = parsed
        if pc.any(pc.not_equal(parsed["outcome"], "event")).as_py():
            self._add_others(parsed)
            events = parsed.filter(pc.equal(parsed["outcome"], "event"))
        if len(events):
            self._add_events(events)

    def _add_others(self, parsed: pa.Table) -> None:
        for outcome, counter in (("skip", self.skips), ("reject", self.rejects)):
            chosen = parsed.filter(pc.equal(parsed["outcome"], outcome))
            if not len(chosen):
                continue
            for reason, count in counted(chosen["reason"], MAX_REASONS).items():
                counter[reason if reason in counter or len(counter) < MAX_REASONS else "other"] += count
            if outcome == "reject":
                self._write(self._lake.reject_file(self._upload_id), chosen.select(REJECT_SCHEMA.names), REJECT_SCHEMA)

    def _add_events(self, events: pa.Table) -> None:
        self.events += len(events)
        self.transactions += pc.sum(events["transactions"]).as_py()
        bounds = pc.min_max(events["event_at"]).as_py()
        self.first = min(filter(None, (self.first, bounds["min"])))
        self.last = max(filter(None, (self.last, bounds["max"])))
        if bounds["min"].date() == bounds["max"].date():
            self._write_day(bounds["min"].date(), events)
            return
        # Brought into the order of their days once: choosing the events of each day costs as much for each of them.
        days = events["event_at"].cast(pa.date32()).cast(pa.int32()).to_numpy()
        order = np.argsort(days, kind="stable")
        ordered = events.take(numbers(order))
        found, starts = np.unique(days[order], return_index=True)
        for day, (start, end) in zip(found.tolist(), pairwise([*starts.tolist(), len(days)]), strict=True):
            self._write_day(EPOCH + timedelta(days=day), ordered.slice(start, end - start))

    def _write_day(self, day: date, events: pa.Table) -> None:
        self.days.add(day)
        ours = {"source": self._source, "source_kind": self._kind, "upload_id": self._upload_id}
        columns = [same(ours[name], len(events)) if name in ours else events[name] for name in EVENT_SCHEMA.names]
        self._write(
            self._lake.event_file(day, self._source, self._upload_id),
            pa.table(columns, schema=EVENT_SCHEMA),
            EVENT_SCHEMA,
        )

    def touch_day(self, day: date) -> None:
        """Make the day's models look again, though this upload has no event there (a superseded line)."""
        if day not in self.days:
            self._write_day(day, pa.table({name: [] for name in EVENT_SCHEMA.names}, schema=EVENT_SCHEMA))

    def _write(self, path: Path, table: pa.Table, schema: pa.Schema) -> None:
        if path not in self._files:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            dictionary = [name for name in schema.names if name not in PLAIN]
            writer = pq.ParquetWriter(
                temporary,
                schema,
                compression=COMPRESSION,
                compression_level=LEVEL,
                use_dictionary=dictionary,
                column_encoding={name: "DELTA_BINARY_PACKED" for name in CLIMBING if name in schema.names},
                write_statistics=["event_at"],
            )
            self._files[path] = (temporary, writer)
        self._files[path][1].write_table(table)

    def commit(self) -> None:
        """Close the files, flush them and give them their names. The upload exists once its receipt is written."""
        for temporary, writer in self._files.values():
            writer.close()
            flush(temporary)
        for path, (temporary, _) in self._files.items():
            os.replace(temporary, path)  # noqa: PTH105
        self._files = {}

    def abandon(self) -> None:
        """Remove what was written so far."""
        for temporary, writer in self._files.values():
            with contextlib.suppress(OSError, pa.ArrowException):
                writer.close()
            temporary.unlink(missing_ok=True)
        self._files = {}


def iso(instant: datetime | None) -> str | None:
    """ISO 8601 UTC with Z and microseconds only where there are any."""
    if instant is None:
        return None
    plain = instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
    return plain.isoformat() + "Z"


def counted(column: pa.ChunkedArray, limit: int = 50) -> dict[str, int]:
    """How often each text occurs, most often first; beyond `limit` texts the rest is counted as `other`."""
    pairs = [(item["values"].as_py(), item["counts"].as_py()) for item in pc.value_counts(column)]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    found = dict(pairs[:limit])
    if len(pairs) > limit:
        found["other"] = sum(count for _, count in pairs[limit:])
    return found
