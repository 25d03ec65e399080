"""The whole job over N Squid lines in one run: `python -m benchmarks.throughput [LINES…]` (default: 5000000 10000000).

Prints seconds of each stage, lines a second of intake, peak memory, and as a measure of the machine how many times as long
as `wc -l` on the same file the intake took.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import job, squid_lines


def measure(lines: int, folder: Path) -> job.Job:
    """One run over a new log in a new home; prints what it found."""
    home = job.new_home(folder, f"home-{lines}")
    log = home / "drops" / job.SOURCE / "access.log"
    squid_lines.write(log, lines, days=2)
    started = time.monotonic()
    subprocess.run(["wc", "-l", str(log)], check=True, capture_output=True)
    counting = time.monotonic() - started
    size = log.stat().st_size
    found = job.run(home)
    assert found.events == lines, f"{found.events:,} events of {lines:,} lines"
    intake = found.stages["intake"]
    print(f"{lines:,} lines ({size / 1e6:,.0f} MB): {found.total:.1f} s from log to HTML, PDF and CSV")
    print("  " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.stages.items()))
    print(f"  intake {lines / intake:,.0f} lines/s, {intake / counting:.0f} times as long as wc -l")
    print(f"  peak resident memory {found.peak_bytes / 1e6:,.0f} MB", flush=True)
    return found


def main(arguments: list[str]) -> None:
    sizes = [int(argument) for argument in arguments] or [5_000_000, 10_000_000]
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as folder:
        peaks = [measure(lines, Path(folder)).peak_bytes for lines in sizes]
    if len(peaks) > 1:
        print(f"memory of the largest over the smallest: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
