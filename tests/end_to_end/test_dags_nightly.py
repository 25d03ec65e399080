"""`make nightly` as a person runs it: Airflow in one process, a summary at the end, a clear end when something fails."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl import demo
from scripts.airflow_environment import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with two days of drops of a small organisation."""
    (tmp_path / "cloud-discovery.toml").write_text("[intake]\nsettle_seconds = 0\n", encoding="utf-8")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    demo.write(tmp_path / "drops", devices=12, users=10, days=2, last_day=yesterday)
    return tmp_path


def nightly(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    env |= {"CLOUD_DISCOVERY_HOME": str(home), **variables}
    command = [sys.executable, "-m", "scripts.nightly"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)


def test_the_summary_says_what_was_taken_in_found_and_written(home: Path) -> None:
    """The run ends with what was taken in, what was found and where the report lies; nothing else is printed at the end."""
    done = nightly(home)
    assert done.returncode == 0, done.stdout + done.stderr
    taken, found, report = (done.stdout.index(f"\n{head}\n") for head in ("Taken in", "Found", "Report"))
    assert taken < found < report
    assert str(home / "output" / "index.html") in done.stdout
    assert (home / "output" / "executive.pdf").exists()
    assert done.stdout.rstrip().splitlines()[-1].startswith("Done in ")
    assert "Traceback" not in done.stdout + done.stderr
    assert "demo" not in done.stdout and not (home / "cloud-discovery.local.toml").exists()


def test_a_failure_ends_it_with_the_name_of_the_task(home: Path) -> None:
    """When a task fails the exit status is 1, and the message names the DAG and the task."""
    done = nightly(home, CLOUD_DISCOVERY_WAREHOUSE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 1
    assert "nightly · publish" in done.stderr
    assert "the DAG nightly failed in: " in done.stderr and "publish" in done.stderr.splitlines()[-1]
    assert not (home / "output").exists()
