"""A fresh installation in a temporary folder, and one run of the whole job in it, measured.

The run is a process of its own: `python -m benchmarks.job HOME` takes in, builds, checks, publishes and reports what lies
there and prints one JSON object: seconds of each stage and the peak of resident memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

CONFIGURATION = '[intake]\nsettle_seconds = 0\n[report]\nper_source = false\nperiod = "{period}"\n'
SOURCE = "squid"


@dataclass(frozen=True)
class Job:
    """What one run took. `total` is the wall time of the process, with its start; `peak_bytes` its resident memory."""

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
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"TZ": "UTC"})
    total = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"the job failed:\n{done.stdout}{done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Job(total, found["stages"], found["peak_bytes"], found["events"])


def _stages(home: Path, *, is_reported: bool) -> dict[str, object]:
    from etl import pipeline, settings
    from reports.nightly import render

    configured = settings.load(home=home)
    seconds: dict[str, float] = {}
    mark = time.monotonic()

    def stage(name: str) -> None:
        nonlocal mark
        seconds[name], mark = time.monotonic() - mark, time.monotonic()

    receipts = pipeline.intake(configured)
    stage("intake")
    pipeline.build(configured)
    stage("build")
    pipeline.check(configured)
    stage("check")
    pipeline.publish(configured)
    stage("publish")
    if is_reported:
        render(configured)
        stage("report")
    # the process and the largest that it started, as if both had peaked at once
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
    return {"stages": seconds, "peak_bytes": peak, "events": sum(one.events for one in receipts)}


if __name__ == "__main__":
    print(json.dumps(_stages(Path(sys.argv[1]), is_reported="--no-report" not in sys.argv)))
