"""What every task has unless it says otherwise: an owner, retries with growing pauses, and an end to waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)  # before any run; no DAG catches up on missed ones

TASK: dict[str, Any] = {
    "owner": "cloud-discovery",
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=1),
}
