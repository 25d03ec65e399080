"""Golden files: a format's samples beside what it makes of them.

`samples/<case>.log` (or .csv, .json, .tsv: real bytes) and `samples/<case>.expected.jsonl`: answer N is for record N, in
the form of `cloud-discovery parse`, of the event only what is known and what the format decides. The first line may be
`{"timezone": …, "received_at": …, "format": "auto"}` to set the stage for the case.

`python -m etl.intake.golden FOLDER… [--write]` compares, or writes what it finds. Read the difference before you commit.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.errors import FormatError
from etl.intake import formats
from etl.intake.answers import answers
from etl.intake.parse import Parser

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


def found_answers(case: Path, stage: dict[str, Any], parser: Parser | None = None) -> list[dict[str, Any]]:
    """What the format of the case's folder makes of it today. `parser`: one for this stage, when it is at hand."""
    spec = formats.read(case.parent.parent)
    received_at = datetime.fromisoformat(stage["received_at"])
    format_id = stage.get("format", spec.id)
    known = {**formats.available(), spec.id: spec}
    found = answers(case, known, format_id, stage["timezone"], received_at, parser=parser)
    return [_short(answer) for answer in found]


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


def differences(case: Path, parser: Parser | None = None) -> list[str]:
    """Sentences that say where found and expected part; empty when they agree. `parser`: one for the case's stage."""
    stage, wanted = read_expected(case)
    found = found_answers(case, stage, parser)
    lines = []
    if len(found) != len(wanted):
        lines.append(f"{case}: found {len(found)} records; expected {len(wanted)}.")
    for one, other in zip(found, wanted, strict=False):
        if one != other:
            lines.append(
                f"{case}: record {one['record']}:\n  found    {json.dumps(one)}\n  expected {json.dumps(other)}"
            )
    if lines:
        lines.append(f"Repair it, or accept: cloud-discovery format test {case.parent.parent} --write")
    return lines


def folders_of(path: Path) -> list[Path]:
    """A format's folder itself, or the formats in a folder of formats. Raises FormatError when there is none."""
    if (path / "format.toml").is_file():
        return [path]
    found = sorted(file.parent for file in path.glob("*/format.toml"))
    if not found:
        raise FormatError(f"{path}: found no format.toml; expected a format's folder, or a folder of such. Name one.")
    return found


def report(paths: list[Path], *, accept: bool = False) -> tuple[list[str], bool]:
    """Lines for a person on the formats under these folders, and whether all agree. `accept`: write what is found.

    Raises FormatError for a format that cannot be read, with its file and key.
    """
    lines: list[str] = []
    agreed = True
    for folder in (one for path in paths for one in folders_of(path)):
        formats.read(folder)
        found = cases(folder)
        if accept:
            for case in found:
                write(case)
        parted = [line for case in found for line in differences(case)]
        agreed = agreed and not parted
        if not found:
            lines.append(f"{folder.name}: no samples; put real lines into {folder / 'samples'}/<case>.log")
        elif parted:
            lines += parted
        else:
            lines.append(f"{folder.name}: agrees with {_told(found)}")
    return lines, agreed


def _told(found: list[Path]) -> str:
    outcomes = Counter(answer["outcome"] for case in found for answer in read_expected(case)[1])
    counts = ", ".join(f"{count} {outcome}s" for outcome, count in outcomes.most_common())
    return f"{len(found)} sample{'s' if len(found) > 1 else ''} ({counts})"


def main(arguments: list[str]) -> int:
    paths = [Path(argument).resolve() for argument in arguments if argument != "--write"]
    lines, agreed = report(paths, accept="--write" in arguments)
    sys.stdout.write("".join(line + "\n" for line in lines))
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
