"""One run of the whole job over N Squid lines: seconds of each stage, lines a second of intake, peak memory of the process.

python -m benchmarks.throughput [LINES…]      default 5000000 10000000; a stage is a process of its own
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.squid_lines import write

CONFIGURATION = '[intake]\nsettle_seconds = 0\n[report]\nper_source = false\nperiod = "7d"\n'
CHILD = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "etl", sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""
STAGES = ("intake", "build", "publish", "report")


def yesterday() -> int:
    """Midnight UTC of yesterday in seconds since 1970, so that no event is too old."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return int(day.timestamp())


def run_stage(home: Path, stage: str) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of `python -m etl STAGE`."""
    environment = os.environ | {"CLOUD_DISCOVERY_HOME": str(home)}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, stage], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.monotonic() - started, int(done.stdout.splitlines()[-1]) * 1024


def measure(lines: int, folder: Path) -> dict[str, tuple[float, int]]:
    """All stages over `lines` new lines in an empty home."""
    home = folder / f"home{lines}"
    (home / "drops" / "squid").mkdir(parents=True)
    (home / "cloud-discovery.toml").write_text(CONFIGURATION)
    write(home / "drops" / "squid" / "access.log", lines, yesterday())
    return {stage: run_stage(home, stage) for stage in STAGES}


def main(arguments: list[str]) -> None:
    """Print a table; the last line compares the memory of the first and the last size."""
    sizes = [int(argument) for argument in arguments] or [5_000_000, 10_000_000]
    peaks = []
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as name:
        for lines in sizes:
            found = measure(lines, Path(name))
            total = sum(seconds for seconds, _ in found.values())
            print(f"{lines:,} lines: {lines / found['intake'][0]:,.0f} lines a second of intake, {total:.1f} s in all")
            for stage, (seconds, peak) in found.items():
                print(f"  {stage:<8} {seconds:7.1f} s  {peak / 1e6:7,.0f} MB")
            peaks.append(max(peak for _, peak in found.values()))
    print(f"peak memory, largest against smallest: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
