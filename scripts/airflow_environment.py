"""The environment that Airflow needs for this project, in one place: for `make nightly`, `make airflow` and the tests.

Airflow keeps its own files in one folder (`airflow/` by default): metadata, logs, and `keys.json` with the two secrets
that its processes share, made at the first call and readable by this user only.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(airflow_home: Path, *, level: str = "INFO") -> dict[str, str]:
    """The process's environment with Airflow's settings added; SQLite metadata unless more is said.

    Processes with the same `airflow_home` share secrets. The API answers on loopback only, where everyone is admin.
    """
    keys = _keys(airflow_home)
    return {
        **os.environ,
        "CLOUD_DISCOVERY_HOME": os.environ.get("CLOUD_DISCOVERY_HOME", str(ROOT)),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "AIRFLOW__LOGGING__LOGGING_LEVEL": level,
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONWARNINGS": "ignore",  # of Airflow's own dependencies; ours are errors in the tests
    }


def _keys(airflow_home: Path) -> dict[str, str]:
    path = airflow_home / "keys.json"
    if not path.exists():
        airflow_home.mkdir(parents=True, exist_ok=True)
        keys = {"jwt": secrets.token_urlsafe(64), "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(keys, handle)
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found
