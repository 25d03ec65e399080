"""Syslog leaves the year out: a December record that is received in January belongs to the old year, in every format."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.intake import formats, golden
from etl.intake.answers import answers

HEADER = re.compile(r"^(<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d (\d{4} )?\d\d:\d\d:\d\d")


def _at_new_year(folder: Path) -> list[str]:
    lines = [line for case in golden.cases(folder) for line in case.read_text(encoding="utf-8").splitlines()]
    return [HEADER.sub(r"\1Dec 31 23:50:10", line) for line in lines if HEADER.match(line)]


ONLY_CLOCK = [
    name
    for name, spec in formats.available().items()
    if spec.event["event_at"] == "syslog_time(syslog_time)" and _at_new_year(spec.folder)
]


@pytest.mark.parametrize("name", ONLY_CLOCK)
def test_december_record_received_in_january_is_of_the_old_year(name: str, tmp_path: Path) -> None:
    """The formats whose only clock is the syslog header read the samples, moved to New Year's Eve, into the old year."""
    path = tmp_path / "new_year.log"
    path.write_text("\n".join(_at_new_year(formats.BUILT_IN / name)) + "\n", encoding="utf-8")
    received = datetime(2026, 1, 2, 8, tzinfo=UTC)
    found = list(answers(path, formats.available(), name, "UTC", received))
    times = {answer["event"]["event_at"] for answer in found if answer["outcome"] == "event"}
    assert times == {"2025-12-31T23:50:10Z"}
