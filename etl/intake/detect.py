"""Which format a drop is in: patterns narrow the choice, a trial parse of its first records decides.

A file in which formats are mixed (one syslog stream of several appliances) gets several formats; each record goes to
the one whose pattern it matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl.errors import QuarantineError
from etl.intake.formats import BUILT_IN, Format
from etl.intake.framing import Records, gathered, lines, with_fields, with_header
from etl.intake.json_framing import elements
from etl.intake.nearest import nearest
from etl.intake.parse import Parser

SAMPLE_BYTES = 512 << 10
SAMPLE_RECORDS = 200
PATTERN_BYTES = 16 << 10  # of a line that patterns are held against: their time grows faster than the line
MIXABLE = ("columns", "key_value", "cef", "leef", "regex", "json", "csv")
LEAST_SHARE = 0.2  # a vendor's format that reads less of a sample does not keep a catch-all from it
OWN_SHARE = 0.5
CATCH_ALL = 2  # formats of this weight or less read what no vendor's format knows: they join no mixture


@dataclass(frozen=True)
class Reading:
    """How well a format reads the sample: `share` of the records became events or skips."""

    spec: Format
    share: float
    events: int
    failure: str | None  # the first record that it could not read, and why


def framed(spec: Format, blocks: Iterator[bytes], max_record_bytes: int) -> Iterator[Records]:
    """The records of a content as this format's frame cuts them."""
    if spec.frame.type == "json":
        return elements(blocks, max_record_bytes)
    found = lines(blocks, max_record_bytes, rows=spec.frame.rows)
    if spec.frame.type == "w3c":
        return with_fields(found, spec.frame.separator or None, None)
    if spec.frame.type == "csv" and spec.frame.header:
        return with_header(found, spec.frame.separator or ",")
    return found


def detect(head: bytes, formats: Sequence[Format], parser: Parser, name: str, max_record_bytes: int) -> list[Format]:
    """The format of a content that begins with `head`; several when it is mixed.

    Raises QuarantineError `unknown_format` with the nearest formats and why each failed.
    """
    sample = head[:SAMPLE_BYTES]
    if len(sample) < len(head) and b"\n" in sample:
        sample = sample[: sample.rfind(b"\n") + 1]
    texts = _texts(sample)
    likely = [spec for spec in formats if _matches(spec, texts)]
    if len(likely) == 1 and likely[0].detect.weight > CATCH_ALL and _is_plain(likely[0], texts):
        return _with_companions(likely, formats)
    readings = [read_sample(spec, sample, parser, max_record_bytes) for spec in likely]
    readings = sorted((one for one in readings if one.share > 0), key=_rank, reverse=True)
    if not readings:
        raise _unknown(sample, formats, likely, parser, name, max_record_bytes)
    best = readings[0]
    if best.spec.frame.type not in MIXABLE or best.spec.frame.header or not best.spec.detect.pattern:
        return [best.spec]
    return _with_companions(_mixture(readings, texts), formats)


def _with_companions(chosen: list[Format], formats: Sequence[Format]) -> list[Format]:
    wanted = {name for spec in chosen for name in spec.detect.companions}
    return chosen + [spec for spec in formats if spec.id in wanted and spec not in chosen]


def _rank(reading: Reading) -> tuple[bool, bool, float, int, int]:
    """A user's own format that reads most of the sample comes first, a catch-all after every format that reads something."""
    is_own = reading.share >= OWN_SHARE and not reading.spec.folder.is_relative_to(BUILT_IN)
    is_vendors = reading.spec.detect.weight > CATCH_ALL and reading.share >= LEAST_SHARE
    return (is_own, is_vendors, round(reading.share, 2), reading.spec.detect.weight, reading.events)


def _texts(sample: bytes) -> list[str]:
    """The first lines, and of JSON that is written over several lines also the first elements, each on one line."""
    found = [
        line[:PATTERN_BYTES].decode("utf-8", "replace").rstrip("\r") for line in sample.split(b"\n", SAMPLE_RECORDS + 1)
    ]
    found = [line for line in found[:SAMPLE_RECORDS] if line.strip()]
    if found and found[0].lstrip().startswith(("{", "[")) and not found[0].rstrip().endswith(("}", "]")):
        for records in elements(iter([sample]), len(sample)):
            pieces = records.lines.slice(0, SAMPLE_RECORDS).to_pylist()
            found += [" ".join(part.strip() for part in piece.split("\n"))[:PATTERN_BYTES] for piece in pieces]
            break
    return found


def _matches(spec: Format, texts: list[str]) -> bool:
    if spec.detect.header and not any(re.search(spec.detect.header, text) for text in texts[:50]):
        return False
    return not spec.detect.pattern or any(_fits(spec, text) for text in texts)


def _is_plain(spec: Format, texts: list[str]) -> bool:
    """Whether the only likely format is it beyond doubt: its header is there, or nearly every line has its shape."""
    if spec.detect.header or spec.frame.type == "json":
        return True
    return sum(_fits(spec, text) for text in texts) * 20 >= len(texts) * 19


def _fits(spec: Format, text: str) -> bool:
    if not re.search(spec.detect.pattern, text):
        return False
    return not spec.detect.never or not re.search(spec.detect.never, text)


def read_sample(spec: Format, sample: bytes, parser: Parser, max_record_bytes: int) -> Reading:
    """Try a format on the first records of a sample."""
    total = good = events = 0
    failure: str | None = None
    for records in gathered(framed(spec, iter([sample]), max_record_bytes)):
        table = parser.parse(records, [spec]).slice(0, SAMPLE_RECORDS - total)
        for number, outcome, reason in zip(
            *(table[name].to_pylist() for name in ("record_no", "outcome", "reason")), strict=True
        ):
            if reason in ("blank line", "header"):
                continue
            total += 1
            events += outcome == "event"
            good += outcome != "reject"
            if outcome == "reject" and failure is None:
                failure = f"record {number}: {reason}"
        if total >= SAMPLE_RECORDS:
            break
    # Skips alone prove little: a format whose every record is "not traffic" reads anything.
    # A log of nothing but its header is of the format whose header it is.
    share = good / total if total else float(bool(spec.detect.header))
    return Reading(spec, share if events or not total else share / 4, events, failure)


def _mixture(readings: list[Reading], texts: list[str]) -> list[Format]:
    chosen = [readings[0].spec]
    covered = {index for index, text in enumerate(texts) if _fits(chosen[0], text)}
    for reading in readings[1:]:
        if reading.spec.frame.type not in MIXABLE or reading.spec.frame.header or not reading.spec.detect.pattern:
            continue
        if reading.spec.detect.weight <= CATCH_ALL:
            continue
        more = {index for index, text in enumerate(texts) if index not in covered and _fits(reading.spec, text)}
        if more:
            chosen.append(reading.spec)
            covered |= more
    return chosen


def _unknown(
    sample: bytes, formats: Sequence[Format], likely: list[Format], parser: Parser, name: str, max_record_bytes: int
) -> QuarantineError:
    readings = [read_sample(spec, sample, parser, max_record_bytes) for spec in likely]
    failures = {one.spec.id: one.failure for one in readings if one.failure}
    found = nearest(formats, _numbered(sample), failures)
    said = "; ".join(f"({place}) {one}" for place, one in enumerate(found, 1))
    return QuarantineError(
        "unknown_format",
        f"{name}: found a log that no format reads; expected one of {len(formats)} formats (docs/formats.md). "
        f"Nearest: {said or 'none'}. "
        "Name the format in the source's configuration, or have one proposed: cloud-discovery format new.",
    )


def _numbered(sample: bytes) -> list[tuple[int, str]]:
    """The first lines with their numbers; of JSON over several lines, the elements on one line each."""
    texts = _texts(sample)
    raw = sample.split(b"\n", SAMPLE_RECORDS + 1)[:SAMPLE_RECORDS]
    filled = [number for number, line in enumerate(raw, 1) if line.strip()]
    if len(texts) > len(filled):
        return list(enumerate(texts[len(filled) :], 1))
    return list(zip(filled, texts, strict=False))
