"""The same Squid log through Cloud Discovery (HTML, PDF and CSV), GoAccess, SARG and Calamaris: from log to finished report.

python -m benchmarks.peers [LINES]            default 1000000; Debian packages goaccess, sarg, calamaris
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.squid_lines import write
from benchmarks.throughput import CONFIGURATION, run_stage, yesterday

GOACCESS = [
    "--log-format=%x.%^ %~%L %h %^/%s %b %m %U %e %^ %^",
    "--datetime-format=%s",
    "--date-format=%s",
    "--time-format=%s",
]


def peers(log: Path, folder: Path) -> dict[str, str]:
    """Shell commands of the tools that are installed."""
    (folder / "sarg").mkdir()
    (folder / "sarg-tmp").mkdir()
    goaccess = " ".join(f"'{option}'" for option in GOACCESS)
    commands = {
        "goaccess": f"goaccess {log} {goaccess} -o {folder}/goaccess.html --no-progress",
        "sarg": f"sarg -n -l {log} -o {folder}/sarg -w {folder}/sarg-tmp",
        "calamaris": f"calamaris -a -F html < {log} > {folder}/calamaris.html",
    }
    return {name: command for name, command in commands.items() if shutil.which(name)}


def main(arguments: list[str]) -> None:
    """Print seconds and, for each tool, how many times as long as Cloud Discovery it took."""
    lines = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory(prefix="cloud-discovery-benchmark-") as name:
        folder = Path(name)
        log = folder / "access.log"
        write(log, lines, yesterday())
        home = folder / "home"
        (home / "drops" / "squid").mkdir(parents=True)
        (home / "cloud-discovery.toml").write_text(CONFIGURATION)
        shutil.copy(log, home / "drops" / "squid" / "access.log")
        ours = run_stage(home, "nightly")[0]
        print(f"{lines:,} lines\ncloud-discovery  {ours:7.1f} s  1.0  (HTML site, PDF, CSV)")
        for tool, command in peers(log, folder).items():
            started = time.monotonic()
            subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602 - redirections of our own
            seconds = time.monotonic() - started
            print(f"{tool:<15}  {seconds:7.1f} s  {seconds / ours:.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
