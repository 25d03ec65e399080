"""Golden files: a format's samples beside what it makes of them.

`samples/<case>.log` (or .csv, .json, .tsv: real bytes) and `samples/<case>.expected.jsonl`: answer N is for record N, in
the form of `cloud-discovery parse`, of the event only what is known and what the format decides. The first line may be
`{"timezone": …, "received_at": …, "format": "auto"}` to set the stage for the case.

`python -m etl.intake.golden FOLDER… [--write]` compares, or writes what it finds. Read the difference before you commit.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.intake import formats
from etl.intake.answers import answers

EXPECTED = ".expected.jsonl"
# Of an event's columns, those that depend on where the file lies rather than on what it says.
PLACE = ("source", "upload_id", "record_no", "log_format", "source_kind")
STAGE = {"timezone": "UTC", "received_at": "2026-11-24T12:00:00+00:00"}


def cases(folder: Path) -> list[Path]:
    """The sample files of a format folder."""
    return sorted(
        path for path in (folder / "samples").glob("*") if path.is_file() and not path.name.endswith(EXPECTED)
    )


def expected_file(case: Path) -> Path:
    return case.with_name(case.name.partition(".")[0] + EXPECTED)


def read_expected(case: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The stage and the expected answers of a case; empty when the file is not there."""
    path = expected_file(case)
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    stage = dict(STAGE)
    if found and "record" not in found[0]:
        stage |= found.pop(0)
    return stage, found


def found_answers(case: Path, stage: dict[str, Any]) -> list[dict[str, Any]]:
    """What the format of the case's folder makes of it today."""
    spec = formats.read(case.parent.parent)
    received_at = datetime.fromisoformat(stage["received_at"])
    format_id = stage.get("format", spec.id)
    known = {**formats.available(), spec.id: spec}
    return [_short(answer) for answer in answers(case, known, format_id, stage["timezone"], received_at)]


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    if "event" in answer:
        event = {name: value for name, value in answer["event"].items() if value is not None and name not in PLACE}
        return {**answer, "event": event}
    return answer


def write(case: Path) -> None:
    """Write what is found as expected, keeping the case's stage."""
    stage, _ = read_expected(case)
    head = {key: value for key, value in stage.items() if STAGE.get(key) != value}
    rows = ([head] if head else []) + found_answers(case, stage)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    expected_file(case).write_text(text, encoding="utf-8")


def differences(case: Path) -> list[str]:
    """Sentences that say where found and expected part; empty when they agree."""
    stage, wanted = read_expected(case)
    found = found_answers(case, stage)
    lines = []
    if len(found) != len(wanted):
        lines.append(f"{case}: found {len(found)} records; expected {len(wanted)}.")
    for one, other in zip(found, wanted, strict=False):
        if one != other:
            lines.append(
                f"{case}: record {one['record']}:\n  found    {json.dumps(one)}\n  expected {json.dumps(other)}"
            )
    if lines:
        lines.append(f"Repair the format, or accept it: python -m etl.intake.golden --write {case.parent.parent}")
    return lines


def main(arguments: list[str]) -> int:
    folders = [Path(argument).resolve() for argument in arguments if argument != "--write"]
    lines: list[str] = []
    for folder in folders:
        for case in cases(folder):
            if "--write" in arguments:
                write(case)
            lines += differences(case)
    sys.stdout.write("".join(line + "\n" for line in lines) or f"{len(folders)} formats agree with their samples\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
