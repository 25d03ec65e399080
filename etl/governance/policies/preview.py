"""What policies would have matched: the models of policies over facts that are there, without a trace in the lake."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from etl import compute
from etl.errors import GovernanceError
from etl.governance.policies import words
from etl.governance.policies.settings import Policy
from etl.inputs import Inputs
from etl.lake import Lake
from etl.models import models, provide
from etl.settings import Settings

CANDIDATES, MATCHES = "int_policy_candidates_daily", "int_policy_matches"


@dataclass(frozen=True)
class Preview:
    """The days looked at (null: there are none), and the matches of each policy by name, the newest first."""

    first_day: date | None
    last_day: date | None
    matches: dict[str, list[dict[str, Any]]]


def preview(settings: Settings, lake: Lake, names: Sequence[str] = (), days: int = 30) -> Preview:
    """What the named policies (all by default; those not enabled, too) would have matched, had they begun `days` before the last day.

    Raises GovernanceError for a name that no policy has.
    """
    words.check(settings)
    chosen = _chosen(settings, names)
    built = lake.model_days("fct_usage_daily")
    last = max(built, default=None)
    looked_at = [day for day in built if last is not None and day > last - timedelta(days=days)]
    wanted = tuple(one.model_copy(update={"is_enabled": True, "since": None}) for one in chosen)
    found: dict[str, list[dict[str, Any]]] = {one.name: [] for one in chosen}
    if wanted and looked_at:
        with tempfile.TemporaryDirectory() as folder:
            for row in _matches(settings.model_copy(update={"policies": wanted}), lake, looked_at, Path(folder)):
                found[row["policy"]].append(row)
    return Preview(min(looked_at, default=None), last, found)


def _chosen(settings: Settings, names: Sequence[str]) -> list[Policy]:
    by_name = {one.name.lower(): one for one in settings.policies}
    for name in names:
        if name.lower() not in by_name:
            known = (
                ", ".join(repr(one.name) for one in settings.policies) or "none: the configuration has no [[policies]]"
            )
            raise GovernanceError(f"policy: found {name!r}; expected one of {known}. Correct the name.")
    return [by_name[name.lower()] for name in names] if names else list(settings.policies)


def _matches(settings: Settings, lake: Lake, days: Sequence[date], folder: Path) -> list[dict[str, Any]]:
    inputs, files = Inputs(settings, lake), []
    for day in days:
        files.append(folder / f"{day}.parquet")
        session = compute.session(settings)
        try:
            provide(models()[CANDIDATES].reads, day, session, lake, inputs, set())
            session.write(models()[CANDIDATES].sql, files[-1])
        finally:
            session.close()
    session = compute.session(settings)
    try:
        session.files(CANDIDATES, files)
        provide(models()[MATCHES].reads, None, session, lake, inputs, {CANDIDATES})
        rows = session.rows(models()[MATCHES].sql)
    finally:
        session.close()
    names = _names(lake)
    rows.sort(key=lambda row: (row["policy"], -row["day"].toordinal(), row["match_no"]))
    return [{**row, "app_name": names.get(row["app_id"]) or row["app_id"]} for row in rows]


def _names(lake: Lake) -> dict[str, str]:
    path = lake.partition("dim_apps")
    if not path.exists():
        return {}
    return {row["app_id"]: row["app_name"] for row in pq.read_table(path, columns=["app_id", "app_name"]).to_pylist()}
