"""A `format.toml` proposed from a sample: `cloud-discovery format new`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.errors import FormatError
from etl.intake import formats, golden
from etl.intake.framing import lines as framed_lines
from etl.intake.json_framing import elements
from etl.intake.proposing.columns import guess
from etl.intake.proposing.cutting import cut
from etl.intake.proposing.toml import render
from etl.intake.reading import chunks
from etl.settings import Intake

HEAD_BYTES = 512 << 10
MAX_RECORDS = 500  # that guesses are made from
KEPT = 20  # lines that are kept as a sample beside the format


@dataclass(frozen=True)
class Proposal:
    """What was written: the folder, the frame in words, and the answers for the first records."""

    folder: Path
    described: str
    answers: list[dict[str, Any]]


def propose(name: str, path: Path, out: Path, limits: Intake) -> Proposal:
    """Write `out/name/` with format.toml, a sample and its expected results.

    Raises FormatError when the name is taken or cannot be one, or no frame fits; QuarantineError when the file is no log.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise FormatError(f"found the name {name!r}; expected small letters, digits and _. Choose such a name.")
    folder = out / name
    if folder.exists():
        raise FormatError(f"{folder}: found a folder of that name; expected none. Choose another name, or remove it.")
    head = _head(path, limits)
    sample = cut(*head, KEPT)
    if sample is None or not sample.records:
        raise FormatError(
            f"{path.name}: found no frame that nine of ten lines have in common; expected JSON, W3C, CEF, LEEF, key=value, a table, "
            "columns, or words, quotes and brackets in the same order. Give a sample of one kind of record, or write the format by "
            "hand: docs/custom-formats.md."
        )
    guesses = guess(sample)
    (folder / "samples").mkdir(parents=True)
    (folder / "format.toml").write_text(render(name, path.name, sample, guesses), encoding="utf-8")
    spec = formats.read(folder)
    case = folder / "samples" / f"first{sample.suffix}"
    case.write_bytes(sample.text.encode("utf-8", "replace"))
    if "syslog_time(" in spec.event["event_at"]:  # the year depends on the time of receipt: it is part of the case
        stage = {"received_at": datetime.now(UTC).isoformat(timespec="seconds")}
        golden.expected_file(case).write_text(json.dumps(stage) + "\n", encoding="utf-8")
    golden.write(case)
    return Proposal(folder, sample.described, golden.read_expected(case)[1])


def _head(path: Path, limits: Intake) -> tuple[list[str], list[dict[str, Any]]]:
    """The first lines, and the first records when the content is JSON; of a file that was cut, whole lines only."""
    head = next(iter(chunks(path, limits, size=HEAD_BYTES)))
    lines: list[str] = []
    for records in framed_lines(iter([head]), limits.max_record_bytes):
        lines += [line for line in records.lines.to_pylist() if line.strip()][: MAX_RECORDS - len(lines)]
    if len(head) >= HEAD_BYTES and len(lines) > 1 and len(lines) < MAX_RECORDS:
        lines.pop()
    documents: list[dict[str, Any]] = []
    if lines and lines[0].lstrip().startswith(("{", "[")):
        for records in elements(iter([head]), limits.max_record_bytes):
            documents += [one for piece in records.lines.to_pylist() if isinstance(one := _loaded(piece), dict)]
    return lines, documents[:MAX_RECORDS]


def _loaded(piece: str) -> Any:
    try:
        return json.loads(piece)
    except (ValueError, RecursionError):
        return None
