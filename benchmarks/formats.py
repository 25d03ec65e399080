"""Throughput of every format: `python -m benchmarks.formats [--lines N] [ID…]` (default: 1,000,000 lines, all formats).

Lines are made from the events among a format's samples, with varied addresses, hosts, numbers and seconds. Measured is what
intake does with a drop: read, cut into records, parse, write events; beside it `wc -l` on the same file in the same run. The
wall clock of a shared machine is noisy: the processor time of a line is what to compare.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from etl.intake import detect, formats, golden
from etl.intake.flow import Behind, ahead, side_by_side
from etl.intake.formats import Format
from etl.intake.framing import gathered
from etl.intake.parse import Parser
from etl.intake.reading import chunks
from etl.intake.writing import Writer
from etl.lake import Lake
from etl.sections import Compute
from etl.settings import Intake

VARIANTS = 20_000  # different lines; they are drawn at random
LEAST = 150_000  # lines a second that no format should stay under
SEED = 7
VARIED = re.compile(
    r"(?P<ip>\b(?:10|192|198|203)\.\d+\.\d+\.)\d{1,3}\b(?!\.)|(?P<clock>\b\d\d:\d\d:)\d\d|(?P<host>\b[a-z]+)(?=\.example\.(?:com|org|net))|"
    r"(?P<number>(?<![\w%-])(?!(?:19|20)\d\d\b)\d{2,4})\d{2}\b(?![.:/-]\d)"
)
Lines = tuple[list[str], list[str]]  # the header, and lines that are events


@dataclass(frozen=True)
class Speed:
    """One format over one file: seconds by the clock, of the processors, and of `wc -l`."""

    format_id: str
    lines: int
    megabytes: float
    seconds: float
    processor: float
    counting: float
    events: int

    @property
    def rate(self) -> float:
        return self.lines / self.seconds

    @property
    def rate_of_two(self) -> float:
        """Lines a second of two processors that do nothing else: what the clock shows on a quiet machine at best."""
        return 2 * self.lines / self.processor


def sample_lines(spec: Format) -> Lines:
    """Of the sample with the most events: its header, and the lines that are events, each on one line."""
    best: Lines = ([], [])
    for case in golden.cases(spec.folder):
        stage, expected = golden.read_expected(case)
        if stage.get("format", spec.id) != spec.id:
            continue
        outcomes = {answer["record"]: answer["outcome"] for answer in expected}
        header: list[str] = []
        lines: list[str] = []
        named: tuple[str, ...] | None = None
        for records in detect.framed(spec, chunks(case, Intake()), 1 << 20):
            if lines and records.header != named:  # other columns from here on
                break
            named = records.header
            for place, text in enumerate(records.lines.to_pylist()):
                number = records.first + place
                if outcomes.get(number) == "event" and "\n" not in _one_line(spec, text):
                    lines.append(_one_line(spec, text))
                elif not lines and (text.startswith("#") or records.flaws.get(place) == "header"):
                    header.append(text)
        if len(lines) > len(best[1]):
            best = (header, lines)
    return best


def _one_line(spec: Format, text: str) -> str:
    if spec.frame.type != "json" or "\n" not in text:
        return text
    return json.dumps(json.loads(text))


def varied(line: str, rng: random.Random) -> str:
    """The line with other addresses, hosts, numbers and seconds of the same shape."""

    def other(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "ip":
            return f"{match['ip']}{rng.randint(1, 254)}"
        if kind == "clock":
            return f"{match['clock']}{rng.randint(0, 59):02}"
        if kind == "host":
            return f"{match['host']}{rng.randint(1, 999)}"
        return f"{match['number']}{rng.randint(10, 99)}"

    return VARIED.sub(other, line)


def write(spec: Format, path: Path, count: int) -> None:
    """A log of so many lines, the header apart."""
    rng = random.Random(SEED)  # noqa: S311 - a benchmark, not a secret
    header, lines = sample_lines(spec)
    pool = [varied(lines[i % len(lines)], rng) for i in range(min(VARIANTS, count))]
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(line + "\n" for line in header)
        for start in range(0, count, 50_000):
            handle.write("".join(line + "\n" for line in rng.choices(pool, k=min(50_000, count - start))))


def measure(spec: Format, folder: Path, count: int, parser: Parser) -> Speed:
    """Generate, count and take in one log."""
    path = folder / f"{spec.id}.log"
    write(spec, path, count)
    started = time.perf_counter()
    subprocess.run(["wc", "-l", str(path)], check=True, capture_output=True)
    counting = time.perf_counter() - started
    writer = Writer(Lake(folder / "lake"), "benchmark", spec.kind, "x")
    before, started = _processor(), time.perf_counter()
    records = detect.framed(spec, chunks(path, Intake()), 1 << 20)
    parse = partial(parser.parse, formats=[spec])
    with (
        Behind(writer.add) as written,
        closing(ahead(gathered(records))) as framed,
        closing(side_by_side(parse, framed, Compute().hands)) as parsed,
    ):
        for table in parsed:
            written.put(table)
    seconds, processor = time.perf_counter() - started, _processor() - before
    writer.abandon()
    size = path.stat().st_size / 1e6
    path.unlink()
    return Speed(spec.id, count, size, seconds, processor, counting, writer.events)


def _processor() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measured(specs: list[Format], count: int) -> Iterator[Speed]:
    """Each format in turn; formats without an event among their samples are left out."""
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as name:
        parser = Parser()
        for spec in specs:
            if sample_lines(spec)[1]:
                yield measure(spec, Path(name), count, parser)
        parser.close()


COLUMNS = (
    "format",
    "lines/s by the clock",
    "processor µs a line",
    "lines/s of two processors",
    "bytes a line",
    "× wc -l",
    "events",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|" + "---:|" * (len(COLUMNS) - 1)


def row(one: Speed) -> str:
    """A row of the table."""
    cells = (
        f"`{one.format_id}`",
        f"{one.rate:,.0f}",
        f"{one.processor / one.lines * 1e6:.2f}",
        f"{one.rate_of_two:,.0f}",
        f"{one.megabytes * 1e6 / one.lines:.0f}",
        f"{one.seconds / max(one.counting, 1e-6):.0f}",
        f"{one.events / one.lines:.0%}",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("ids", nargs="*", metavar="ID")
    reader.add_argument("--lines", type=int, default=1_000_000)
    given = reader.parse_args(arguments)
    known = formats.available()
    specs = [known[name] for name in given.ids] if given.ids else list(known.values())
    print(HEAD, flush=True)
    found = []
    for one in measured(specs, given.lines):
        print(row(one), flush=True)
        found.append(one)
    slow = [one.format_id for one in found if one.rate_of_two < LEAST]
    print(f"under {LEAST:,} lines/s of two processors: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
