"""A real PostgreSQL server on loopback, for tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Start a server with an empty database and give its SQLAlchemy URL; skip when PostgreSQL is not installed.

    `settings`: of postgresql.conf, as `timezone=Asia/Tokyo`.
    """
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; `make setup-tests` installs it")
    folder = Path(tempfile.mkdtemp(prefix="cloud-discovery-postgres-"))
    folder.chmod(0o777)
    data = folder / "data"
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        done = subprocess.run([*prefix, *command], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "--no-sync", "-U", "postgres", "-E", "UTF8")
    options = f"-p {port} -c unix_socket_directories={folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    options += "".join(f" -c {setting}" for setting in settings)
    run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
