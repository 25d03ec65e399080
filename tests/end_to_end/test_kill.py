"""Killed at any moment, then run again: the warehouse equals that of a run that nobody disturbed, row for row."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etl import demo, pipeline, warehouse
from etl.settings import Settings

TABLES = {
    "fct_usage_daily": "*",
    "fct_device_risk_daily": "*",
    "fct_coverage_daily": "*",
    "dim_apps": "*",
    "dim_devices": "*",
    "dim_users": "*",
    "rejects": "*",
    "chunks": "*",
    # the clock of a run is not the data of a run
    "uploads": "upload_id, source, file_name, outcome, reason, records, events, transactions, skips, rejects, days, "
    "duplicate_of, continues",
}
CONFIGURATION = "[intake]\nsettle_seconds = 0\n[compute]\nthreads = 1\n"


def _home(folder: Path, drops: Path) -> Settings:
    folder.mkdir()
    (folder / "cloud-discovery.toml").write_text(CONFIGURATION)
    shutil.copytree(drops, folder / "drops")
    from etl import settings

    return settings.load(home=folder)


def _rows(settings: Settings) -> dict[str, list[str]]:
    import sqlalchemy as sa

    with warehouse.reading(settings) as connection:
        return {
            name: sorted(str(tuple(row)) for row in connection.execute(sa.text(f"select {columns} from {name}")))
            for name, columns in TABLES.items()
        }


def _clean_run(settings: Settings) -> dict[str, list[str]]:
    pipeline.intake(settings)
    pipeline.build(settings)
    pipeline.check(settings)
    pipeline.publish(settings)
    return _rows(settings)


def _start(home: Path, command: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"CLOUD_DISCOVERY_HOME": str(home)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-m", "etl", command], env=environment, stderr=quiet, stdout=quiet)


def _seconds(home: Path, command: str) -> float:
    """How long a command takes when nobody disturbs it."""
    started = time.monotonic()
    assert _start(home, command).wait() == 0
    return time.monotonic() - started


def _killed(home: Path, command: str, seconds: float) -> bool:
    """Start a command and kill it with SIGKILL after so many seconds; True when it was still running."""
    process = _start(home, command)
    time.sleep(seconds)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    return was_running


def _torture(tmp_path: Path, kills: int, devices: int, days: int) -> None:
    drops = tmp_path / "drops"
    written = demo.write(drops, seed=11, devices=devices, users=max(2, devices - 1), days=days)
    quiet = _home(tmp_path / "quiet", drops)
    took = {command: _seconds(tmp_path / "quiet", command) for command in ("intake", "build", "publish")}
    undisturbed = _rows(quiet)
    disturbed = _home(tmp_path / "killed", drops)
    chance = random.Random(7)  # noqa: S311 - not a secret
    commands = [("intake", "intake", "build", "publish")[number % 4] for number in range(kills)]
    running = [_killed(tmp_path / "killed", one, 0.3 + chance.random() * took[one]) for one in commands]
    assert any(running), "every command had ended before it was killed: this test proved nothing"
    found = _clean_run(disturbed)
    assert [path for path in (tmp_path / "killed" / "drops").rglob("*") if path.is_file()] == []
    assert len(found["uploads"]) == written.files
    for name in TABLES:
        assert found[name] == undisturbed[name], name


def test_killed_a_few_times(tmp_path: Path) -> None:
    """Small scale, each time the tests run: intake twice, build, publish."""
    _torture(tmp_path, kills=4, devices=8, days=2)


@pytest.mark.slow
def test_killed_fifty_times(tmp_path: Path) -> None:
    """Fifty kills of intake, build and publish at random moments."""
    _torture(tmp_path, kills=50, devices=30, days=3)
