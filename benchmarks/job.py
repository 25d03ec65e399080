"""A fresh installation in a temporary folder, and one run of the whole job in it, measured.

The run is a process of its own: `python -m benchmarks.job HOME` does what `cloud-discovery nightly` does with what lies
there and prints one JSON object with the seconds of each stage. Its resident memory, and that of what it starts, is watched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.settings import Settings

CONFIGURATION = '[intake]\nsettle_seconds = 0\n[report]\nper_source = false\nperiod = "{period}"\n'
SOURCE = "squid"


@dataclass(frozen=True)
class Job:
    """What one run took. `total` is the wall time of the process, with its start; `peak_bytes` the most resident memory of it and
    of the process that prints the PDF, together."""

    total: float
    stages: dict[str, float]
    peak_bytes: int
    events: int


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def new_home(folder: Path, name: str, *, period: str = "7d") -> Path:
    """An installation with an empty drop folder for Squid logs."""
    home = folder / name
    (home / "drops" / SOURCE).mkdir(parents=True)
    (home / "cloud-discovery.toml").write_text(CONFIGURATION.format(period=period), encoding="utf-8")
    return home


def run(home: Path, *, is_reported: bool = True) -> Job:
    """Run the job on what lies in the home's drops, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.job", str(home), *([] if is_reported else ["--no-report"])]
    started = time.monotonic()
    environment = os.environ | {"TZ": "UTC"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.02)
        total = time.monotonic() - started
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the job failed:\n{said}")
    found = json.loads(said.splitlines()[-1])
    return Job(total, found["stages"], peak, found["events"])


def _resident(pid: int) -> int:
    """Resident bytes of a process and of those that it started, now; 0 for one that has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        children = (folder / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(child)) for child in children)


def _stages(home: Path, *, is_reported: bool) -> dict[str, object]:
    """What `cloud-discovery nightly` does, without the mail. Checks run while the warehouse is brought up."""
    from etl import pipeline, settings
    from reports import ahead
    from reports.nightly import render

    configured = settings.load(home=home)
    begun: dict[str, float] = {}

    def progress(what: str, done: int, total: int, detail: str = "") -> None:
        begun.setdefault(what, time.monotonic())

    def report(configured: Settings) -> list[str]:
        return [str(one.path) for one in render(configured)]

    begun["intake"] = time.monotonic()
    night = pipeline.nightly(configured, report if is_reported else None, progress, ahead.load if is_reported else None)
    marks = [*begun.values(), time.monotonic()]
    seconds = {name: after - before for name, (before, after) in zip(begun, pairwise(marks), strict=True)}
    return {"stages": seconds, "events": sum(one.events for one in night.receipts)}


if __name__ == "__main__":
    print(json.dumps(_stages(Path(sys.argv[1]), is_reported="--no-report" not in sys.argv)))
