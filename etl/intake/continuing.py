"""A log that has grown since its last upload: only what is new is read, and a line that was cut off then is replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.intake.framing import Records
from etl.intake.identity import Known
from etl.intake.writing import Writer
from etl.lake import Lake, Receipt


def records_before(known: Known | None) -> int:
    """How many records of the content an earlier upload has read for good: a last line without an end is read again."""
    if known is None:
        return 0
    return known.content.records - (0 if known.content.ended_in_newline else 1)


def after(records: Records, done: int) -> Records | None:
    """The records behind number `done`, or None when there is none among them."""
    skip = done - records.first + 1
    if skip <= 0:
        return records
    if skip >= len(records):
        return None
    flaws = {index - skip: flaw for index, flaw in records.flaws.items() if index >= skip}
    return Records(records.first + skip, records.lines.slice(skip), flaws, records.header, records.envelope)


def continued(receipt: Receipt, known: Known, lake: Lake, writer: Writer) -> Receipt:
    """The receipt of what continues a known content. The line that is read again supersedes the one cut off, on its day, too."""
    supersedes: list[list[Any]] = []
    if not known.content.ended_in_newline:
        supersedes.append([known.upload_id, known.content.records])
        earlier = lake.receipt(known.upload_id)
        for text in earlier.days if earlier else []:
            day = date.fromisoformat(text)
            file = lake.event_file(day, receipt.source, known.upload_id)
            numbers = pq.read_table(file, columns=["record_no"])["record_no"]
            if pc.any(pc.equal(numbers, known.content.records)).as_py():
                writer.touch_day(day)
    return replace(receipt, continues=known.upload_id, first_record_no=records_before(known) + 1, supersedes=supersedes)
