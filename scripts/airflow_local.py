"""The topology of docker-compose.yml without containers: Airflow with LocalExecutor and PostgreSQL, all on loopback.

    python -m scripts.airflow_local [--port 8080] [--folder airflow] [--database postgresql://user@host/name]

Without `--database` a PostgreSQL cluster of its own is started under `--folder` (Debian package `postgresql`; as root it
runs as the user `postgres`, who must be able to reach that folder). Everything ends with Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from scripts.airflow_environment import environment

SERVERS = ("api-server", "scheduler", "dag-processor", "triggerer")
START_SECONDS = 180.0
STOP_SECONDS = 30.0


class StartError(Exception):
    """A server did not start; says which one and where its log is."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL cluster in `folder` and give its SQLAlchemy URL; its sockets and data lie there and nowhere else.

    Raises StartError when PostgreSQL is not installed or does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, port, prefix = folder / "postgresql", free_port(), _as_postgres(folder)
    if not (data / "PG_VERSION").exists():
        options = ["-A", "trust", "-U", "airflow", "-E", "UTF8", "--no-sync"]
        _run([*prefix, str(_program("initdb")), "-D", str(data), *options])
    log = folder / "postgresql.log"
    server = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [*prefix, str(_program("pg_ctl")), "-D", str(data), "-w"]
    _run([*control, "-l", str(log), "-o", server, "start"])
    try:
        yield f"postgresql://airflow@127.0.0.1:{port}/postgres"
    finally:
        _run([*control, "-m", "fast", "stop"])


def _as_postgres(folder: Path) -> list[str]:
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _program(name: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    named = shutil.which(name)
    if found:
        return found[-1]
    if named:
        return Path(named)
    raise StartError(f"{name}: not found; expected PostgreSQL's programs. Run: apt-get install postgresql")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL)
    if done.returncode:
        raise StartError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")


def airflow_settings(folder: Path, database: str, port: int) -> dict[str, str]:
    """Airflow's environment for LocalExecutor and PostgreSQL, its API on a port of loopback."""
    address = database.removeprefix("postgresql://")
    return {
        **environment(folder),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg://{address}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+psycopg_async://{address}",
    }


@contextmanager
def servers(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Migrate the metadata, run Airflow's four servers, and give the address of the API once it is healthy.

    Each server has a session of its own, so that all of its children end with it. Raises StartError.
    """
    airflow = str(Path(sys.executable).with_name("airflow"))
    logs = folder / "servers"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "migrate.log").open("wb") as log:
        done = subprocess.run([airflow, "db", "migrate"], env=env, stdout=log, stderr=log, check=False)
        if done.returncode:
            raise StartError(f"airflow db migrate failed; see {log.name}")
    with ExitStack() as running:
        started = [running.enter_context(_server(airflow, name, logs / f"{name}.log", env)) for name in SERVERS]
        address = env["AIRFLOW__API__BASE_URL"]
        _wait_until_healthy(address, dict(zip(SERVERS, started, strict=True)), logs)
        yield address


@contextmanager
def _server(airflow: str, name: str, path: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = [] if name in ("api-server", "dag-processor") else ["--skip-serve-logs"]
    with path.open("wb") as log:
        process = subprocess.Popen(
            [airflow, name, *quiet], env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGINT, which Airflow's servers obey with their children (SIGTERM leaves some behind); then, for what is left, SIGKILL."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_until_healthy(address: str, processes: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        for name, process in processes.items():
            if process.poll() is not None:
                raise StartError(f"airflow {name} ended with status {process.returncode}; see {logs / name}.log")
        try:
            with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.5)
    raise StartError(f"Airflow's API did not answer within {START_SECONDS:.0f} s; see {logs}")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Start everything and wait for a signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="of Airflow's pages and API (default 8080)")
    parser.add_argument("--folder", type=Path, default=Path("airflow"), help="for metadata and logs (default airflow)")
    parser.add_argument("--database", help="an existing PostgreSQL for the metadata (default: one of its own)")
    options = parser.parse_args()
    folder = options.folder.resolve()
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as running:
        try:
            database = options.database or running.enter_context(postgresql(folder / "database"))
            address = running.enter_context(servers(folder, airflow_settings(folder, database, options.port)))
            sys.stdout.write(f"Airflow answers on {address}; logs in {folder / 'servers'}. Ctrl-C ends it.\n")
            sys.stdout.flush()
            signal.pause()
        except StartError as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.stderr.write("stopping\n")


if __name__ == "__main__":
    main()
