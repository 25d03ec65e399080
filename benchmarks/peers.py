"""The same Squid log through other analysers, from log to finished report: `python -m benchmarks.peers [LINES]`.

GoAccess, SARG and Calamaris (Debian: goaccess, sarg, calamaris) run when they are installed, one after another, each alone.
Default: 1000000 lines. Prints a table with how many times as long as Cloud Discovery each took.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import job, squid_lines

GOACCESS_FORMAT = "--log-format=%x.%^ %~%L %h %^/%s %b %m %U %e %^ %^"


@dataclass(frozen=True)
class Peer:
    """How a program is called on a log; `out` is an empty folder of its own."""

    name: str
    report: str
    command: Callable[[Path, Path], list[str]]
    reads_input: bool = False
    output: str = "stdout.txt"  # where its standard output goes


def _goaccess(log: Path, out: Path) -> list[str]:
    formats = [GOACCESS_FORMAT, "--datetime-format=%s", "--date-format=%s", "--time-format=%s"]
    return ["goaccess", str(log), *formats, "-o", str(out / "report.html"), "--no-progress"]


def _sarg(log: Path, out: Path) -> list[str]:
    for name in ("report", "tmp"):
        (out / name).mkdir()
    return ["sarg", "-n", "-l", str(log), "-o", str(out / "report"), "-w", str(out / "tmp")]


def _calamaris(log: Path, out: Path) -> list[str]:
    return ["calamaris", "-a", "-F", "html"]


PEERS = (
    Peer("goaccess", "one HTML page", _goaccess),
    Peer("sarg", "HTML by user and site", _sarg),
    Peer("calamaris", "one HTML page", _calamaris, reads_input=True, output="report.html"),
)


def run(peer: Peer, log: Path, out: Path) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of one program on one log."""
    out.mkdir()
    command = peer.command(log, out)
    source = log if peer.reads_input else Path(os.devnull)
    started = time.monotonic()
    with source.open("rb") as given, (out / peer.output).open("wb") as written:
        process = subprocess.Popen(command, stdin=given, stdout=written, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident_peak(process.pid))
            time.sleep(0.02)
    seconds = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: ended with status {process.returncode}")
    return seconds, peak


def _resident_peak(pid: int) -> int:
    """What the kernel remembers as the most of a process's memory so far; not that of the process it was forked from."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def main(arguments: list[str]) -> None:
    lines = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as name:
        folder = Path(name)
        home = job.new_home(folder, "home")
        log = folder / "access.log"
        squid_lines.write(log, lines)
        shutil.copy(log, home / "drops" / job.SOURCE / "access.log")
        ours = job.run(home)
        print(f"{lines:,} lines, {log.stat().st_size / 1e6:,.0f} MB, from log to finished report")
        print(f"{'program':<16} {'seconds':>8} {'ratio':>6} {'memory':>8}  report")
        print(
            f"{'cloud-discovery':<16} {ours.total:8.1f} {1:6.1f} {ours.peak_bytes / 1e6:5,.0f} MB  HTML site, PDF, CSV",
            flush=True,
        )
        for peer in PEERS:
            if shutil.which(peer.name) is None:
                print(f"{peer.name:<16} not installed; Debian package {peer.name}")
                continue
            seconds, peak = run(peer, log, folder / peer.name)
            print(
                f"{peer.name:<16} {seconds:8.1f} {seconds / ours.total:6.1f} {peak / 1e6:5,.0f} MB  {peer.report}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
