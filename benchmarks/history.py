"""A night that adds one day to 90 days of history, against the same night with none.

python -m benchmarks.history [LINES A DAY]    default 100000; the ratio should stay under 1.2
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.squid_lines import write
from benchmarks.throughput import CONFIGURATION, run_stage, yesterday

DAYS = 89
DAY_SECONDS = 86_400


def _home(folder: Path, name: str) -> Path:
    home = folder / name
    (home / "drops" / "squid").mkdir(parents=True)
    (home / "cloud-discovery.toml").write_text(CONFIGURATION)
    return home


def main(arguments: list[str]) -> None:
    """Print both nights and their ratio; the history's own night is not counted."""
    lines = int(arguments[0]) if arguments else 100_000
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as name:
        old, new = _home(Path(name), "history"), _home(Path(name), "empty")
        for day in range(DAYS, 0, -1):
            write(old / "drops" / "squid" / f"{day}.log", lines, yesterday() - day * DAY_SECONDS, seed=day)
        started = time.monotonic()
        run_stage(old, "nightly")
        print(f"history: {DAYS} days of {lines:,} lines taken in, in {time.monotonic() - started:.0f} s")
        ratios = []
        for round_number in (1, 2, 3):
            seconds = {}
            for home in (old, new):
                write(
                    home / "drops" / "squid" / f"today{round_number}.log", lines, yesterday(), seed=1000 + round_number
                )
                seconds[home] = run_stage(home, "nightly")[0]
            ratios.append(seconds[old] / seconds[new])
            print(
                f"night {round_number}: {seconds[old]:.1f} s with history, {seconds[new]:.1f} s without: {ratios[-1]:.2f}"
            )
        print(f"median ratio {sorted(ratios)[1]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
