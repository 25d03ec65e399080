"""Airflow as it is deployed: LocalExecutor, PostgreSQL for metadata and warehouse, every server a process, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scripts import airflow_local
from scripts.airflow_environment import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")), reason="needs the Debian package postgresql"
    ),
]
MOST_SECONDS = 300.0


class Airflow:
    """The running servers, through their REST API."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.token = ""
        self.token = str(self.ask("/auth/token")["access_token"])

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers), timeout=60) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found

    def trigger(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        run = self.ask(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": conf or {}})
        return str(run["dag_run_id"])

    def runs(self, dag: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(f"/api/v2/dags/{dag}/dagRuns?limit=100")["dag_runs"]
        return found

    def states(self, dag: str) -> list[str]:
        return [str(run["state"]) for run in self.runs(dag)]

    def ended(self, dag: str, run: str) -> str:
        """Wait for the end of a run; gives its state."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}"
        return str(until(lambda: self.ask(path)["state"], lambda state: state in ("success", "failed")))


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Look once a second until it is good; fails with what was seen last."""
    end = time.monotonic() + MOST_SECONDS
    while True:
        try:
            seen = look()
        except OSError as error:
            seen = error
        else:
            if good(seen):
                return seen
        assert time.monotonic() < end, f"not within {MOST_SECONDS:.0f} s; last seen: {seen}"
        time.sleep(1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user `postgres` can reach (pytest's own is closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="airflow-servers-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def drop(folder: Path, number: int) -> None:
    """Drop a log of 50 requests, another one for each number."""
    start = datetime.now(UTC) - timedelta(hours=number)
    lines = [
        f"{start.timestamp() + n:.3f}   140 192.0.2.{n % 5 + 1} TCP_TUNNEL/200 5000 "
        "CONNECT www.dropbox.com:443 alice HIER_DIRECT/203.0.113.7 -\n"
        for n in range(50)
    ]
    (folder / f"access-{number}.log").write_text("".join(lines), encoding="ascii")


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that were started with this folder as Airflow's home."""
    mark = f"AIRFLOW_HOME={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in process.joinpath("environ").read_bytes():
                found.append(process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_a_dropped_file_becomes_a_report(folder: Path, tmp_path: Path) -> None:
    """A new file starts intake by itself; the night over REST publishes it to PostgreSQL and renders; the end leaves no process."""
    (tmp_path / "drops" / "proxy").mkdir(parents=True)
    (tmp_path / "cloud-discovery.toml").write_text("[intake]\nsettle_seconds = 1\n", encoding="utf-8")
    with airflow_local.postgresql(folder / "database") as database:
        with sa.create_engine(database, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(sa.text("create database warehouse"))
        warehouse = database.rpartition("/")[0] + "/warehouse"
        command = [sys.executable, "-m", "scripts.airflow_local", "--folder", str(folder), "--database", database]
        command += ["--port", str(airflow_local.free_port())]
        env = {**os.environ, "CLOUD_DISCOVERY_HOME": str(tmp_path), "CLOUD_DISCOVERY_WAREHOUSE_URL": warehouse}
        servers = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            assert servers.stdout is not None
            said = servers.stdout.readline()
            assert "Airflow answers on" in said, (
                said,
                [path.read_text()[-2000:] for path in folder.glob("servers/*.log")],
            )
            airflow = Airflow(said.split()[3].rstrip(";"))
            until(lambda: airflow.ask("/api/v2/dags")["total_entries"], lambda count: count == 4)
            until(lambda: airflow.states("intake"), lambda states: set(states) == {"success"})
            dropped = 0
            while not [run for run in airflow.runs("intake") if run["run_type"] == "asset_triggered"]:
                dropped += 1  # a scheduled run may come first, once in ten minutes
                assert dropped <= 3, "no new file started intake"
                drop(tmp_path / "drops" / "proxy", dropped)
                until(lambda: len(list((tmp_path / "archive").rglob("*.log"))), lambda count: count == dropped)  # noqa: B023
                until(lambda: airflow.states("intake"), lambda states: set(states) == {"success"})
            assert airflow.ended("intake", airflow.trigger("intake")) == "success"
            assert airflow.ended("nightly", airflow.trigger("nightly")) == "success"
            assert (tmp_path / "output" / "index.html").exists()
            assert (
                airflow.ended("report", airflow.trigger("report", {"period": "30d", "formats": ["html"]})) == "success"
            )
            engine = sa.create_engine(warehouse)
            with engine.connect() as connection:
                assert (
                    connection.execute(sa.text("select sum(transactions) from fct_usage_daily")).scalar()
                    == 50 * dropped
                )
            engine.dispose()
        finally:
            servers.send_signal(signal.SIGTERM)
            status = servers.wait(150)
    assert status == 0
    assert processes_of(folder) == []
