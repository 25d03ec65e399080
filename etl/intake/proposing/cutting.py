"""The first records of a log, cut into fields in every way that may fit: the frame that fits best is proposed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from etl.intake.frames import RFC3164, RFC5424
from etl.intake.proposing import named, placed
from etl.intake.proposing.samples import LEAST_SHARE, Sample

SYSLOG = re.compile(r"<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S")


def cut(lines: Sequence[str], documents: Sequence[dict[str, Any]], kept: int) -> Sample | None:
    """The sample in the frame that fits; None when no frame does.

    `documents`: the records when the content is JSON. `kept`: how many lines are kept beside the format.
    """
    if documents:
        return named.json_records(documents, kept)
    filled = [line for line in lines if line.strip()]
    if any(re.match(r"#\s?[Ff]ields:?", line) for line in filled[:20]):
        return named.w3c(filled, kept)
    bodies, is_syslog = _bodies(filled)
    text = "".join(line + "\n" for line in filled[:kept])
    for way in (named.headed, named.pairs, placed.delimited, placed.columns, placed.pieces):
        found = way(bodies, is_syslog, text)
        if found is not None:
            return found
    return None


def _bodies(lines: list[str]) -> tuple[list[str], bool]:
    """The lines without their syslog prefix, and whether they have one."""
    if sum(bool(SYSLOG.match(line)) for line in lines) < LEAST_SHARE * len(lines):
        return lines, False
    return [re.sub(RFC5424 if re.match(r"<\d+>\d{1,2} \S+ \S+ ", line) else RFC3164, "", line) for line in lines], True
