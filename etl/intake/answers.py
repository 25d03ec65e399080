"""What a format makes of a file, record by record: the answers of `cloud-discovery parse` and of the golden tests.

Nothing is written and no age limit applies. An event that lies after both the receipt and today is a reject, as in intake.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.errors import FormatError
from etl.events import EVENT_COLUMNS
from etl.intake import detect, identity
from etl.intake.formats import WRITABLE, Format
from etl.intake.framing import gathered
from etl.intake.logformat import compile_logformat
from etl.intake.parse import Parser
from etl.intake.reading import chunks
from etl.intake.writing import iso
from etl.settings import Intake, Settings

DAY = timedelta(days=1)


def answers(
    path: Path,
    formats: dict[str, Format],
    format_id: str = "auto",
    timezone: str = "UTC",
    received_at: datetime | None = None,
    limits: Intake | None = None,
    parser: Parser | None = None,
) -> Iterator[dict[str, Any]]:
    """One dict per record, in order: `record`, `outcome`, then `format` and `event`, or `reason`.

    `parser`: one for this time zone and moment that is at hand, and stays open.
    Raises QuarantineError when the file as a whole cannot be read, FormatError for an unknown format id.
    """
    limits = limits or Settings().intake
    ready = parser or parser_for(timezone, received_at)
    try:
        if format_id == "auto":
            head = next(iter(chunks(path, limits, size=detect.SAMPLE_BYTES)))
            chosen = detect.detect(head, list(formats.values()), ready, path.name, limits.max_record_bytes)
        elif format_id in formats:
            chosen = [formats[format_id]]
        elif "%" in format_id:
            chosen = [compile_logformat(format_id, "--format")]
        else:
            raise FormatError(
                f"--format: found {format_id!r}; expected auto, a Squid logformat line, or one of {', '.join(sorted(formats))}. "
                "Correct the id, or add a format: docs/custom-formats.md."
            )
        source = path.resolve().parent.name
        ours = {"source": source, "upload_id": identity.upload_id(source, identity.file_sha256(path), 0)}
        for records in gathered(detect.framed(chosen[0], chunks(path, limits), limits.max_record_bytes)):
            for row in ready.parse(records, chosen).to_pylist():
                yield _answer(row, {spec.id: spec for spec in chosen}[row["log_format"]], ours)
    finally:
        if parser is None:
            ready.close()


def parser_for(timezone: str, received_at: datetime | None) -> Parser:
    """An engine session that takes no event for later than a day from now, or from when it was received."""
    now = datetime.now(UTC)
    return Parser(timezone, received_at or now, newest=max(now, received_at or now) + DAY)


def _answer(row: dict[str, Any], spec: Format, ours: dict[str, str]) -> dict[str, Any]:
    if row["outcome"] != "event":
        return {"record": row["record_no"], "outcome": row["outcome"], "reason": row["reason"]}
    known = {**{name: row[name] for name in WRITABLE}, **ours}
    known |= {
        "source_kind": spec.kind,
        "log_format": spec.id,
        "record_no": row["record_no"],
        "event_at": iso(row["event_at"]),
    }
    event = {name: known[name] for name in EVENT_COLUMNS}
    return {"record": row["record_no"], "outcome": "event", "format": spec.id, "event": event}
