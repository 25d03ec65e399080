"""A night that adds a day to 90 days of history, against the same night with none: `python -m benchmarks.history [LINES]`.

LINES is the size of a day (default 100000). Five nights in a row each add one day to the history and to an empty home; who
goes first alternates. The report is that of the added day: a report on a week costs a week's data. The median ratio should
stay under 1.2: one day's work costs one day's data.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from benchmarks import job, squid_lines

DAYS, NIGHTS = 90, 5
PERIOD = "1d"


def add_day(home: Path, lines: int, *, days_ago: int) -> None:
    """Drop the log of one day: the same in every home, another one for every day."""
    day = job.yesterday() - timedelta(days=days_ago)
    squid_lines.write(home / "drops" / job.SOURCE / f"access-{day}.log", lines, seed=days_ago, last_day=day)


def main(arguments: list[str]) -> None:
    lines = int(arguments[0]) if arguments else 100_000
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as folder:
        old = job.new_home(Path(folder), "history", period=PERIOD)
        for day in range(DAYS - 1, NIGHTS - 1, -1):
            add_day(old, lines, days_ago=day)
        before = job.run(old, is_reported=False)
        print(f"history: {DAYS - NIGHTS} days of {lines:,} lines in {before.total:.0f} s, without report", flush=True)
        ratios = []
        for night in range(1, NIGHTS + 1):
            new = job.new_home(Path(folder), f"none-{night}", period=PERIOD)
            for home in (old, new):
                add_day(home, lines, days_ago=NIGHTS - night)
            order = (old, new) if night % 2 else (new, old)
            found = {home: job.run(home) for home in order}
            ratios.append(found[old].total / found[new].total)
            print(
                f"night {night}: {found[old].total:.1f} s with history, {found[new].total:.1f} s without: {ratios[-1]:.2f}"
            )
            print(f"  with:    {_stages(found[old])}\n  without: {_stages(found[new])}", flush=True)
    print(f"median ratio {statistics.median(ratios):.2f}")


def _stages(found: job.Job) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found.stages.items())


if __name__ == "__main__":
    main(sys.argv[1:])
