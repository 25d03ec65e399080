"""`make airflow`: Airflow with everything in one place (SQLite metadata), its pages on 127.0.0.1:8080, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from scripts.airflow_environment import ROOT, environment


def main() -> None:
    """Become `airflow standalone`. Ctrl-C ends all its processes; a plain `kill` of the first one would not."""
    sys.stderr.write("Airflow starts; in half a minute its pages are on http://127.0.0.1:8080. Ctrl-C ends it.\n")
    os.execve(Path(sys.executable).with_name("airflow"), ["airflow", "standalone"], environment(ROOT / "airflow"))  # noqa: S606


if __name__ == "__main__":
    main()
