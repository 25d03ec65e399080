"""A lake for tests of policies: an app of each kind in its catalog, a first day that is built, and what policies match on it."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl import context, models
from etl.governance.policies.settings import Policy
from etl.inputs import CATALOG
from etl.lake import Lake, replacing
from etl.settings import Settings
from tests.lake_fixture import APPS, DAY, NOON, write_catalog, write_upload

Row = dict[str, Any]
MB = 1_000_000
APART = ("fct_coverage_daily", "fct_device_risk_daily", "fct_excluded_daily")  # nothing here reads them
EARLIER = DAY - timedelta(days=30)  # the first day of all logs: nothing seen on it is new
# app_id, category, traits
KINDS = [
    ("collab", "Collaboration", ""),
    ("sharepoint", "Collaboration", ""),
    ("store", "Cloud storage", ""),
    ("crm", "CRM", ""),
    ("git", "Code hosting", ""),
    ("hr", "Human-resource management", ""),
    ("meet", "Online meetings", ""),
    ("sell", "Sales", ""),
    ("vendors", "Vendor management system", ""),
    ("ai", "Generative AI", "generative_ai"),
    ("plain", "Productivity", ""),
]
FACTS = [
    ("store", "soc2", "yes"),
    ("store", "iso27001", "yes"),
    ("collab", "soc2", "yes"),
    ("collab", "iso27001", "yes"),
    ("crm", "soc2", "no"),
    ("plain", "breach", "2025-06-01"),
    ("git", "breach", "2019"),
    ("plain", "mfa", "sms+totp"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a catalog of an app of each kind (`safe` has a score of 9, all others 5) and a first day that is built."""
    settings = Settings(home=tmp_path_factory.mktemp("base"))
    found = Lake(settings.folder("lake"))
    apps = [(app_id, app_id.title(), kind, "medium", traits, [f"{app_id}.com"]) for app_id, kind, traits in KINDS]
    write_catalog(found, [*APPS, *apps, ("safe", "Safe", "Productivity", "low", "", ["safe.com"])])
    rows = pq.read_table(found.partition("catalog_apps")).to_pylist()
    rows = [row | {"risk_score": 9.0 if row["app_id"] == "safe" else 5.0, "vendor": "O'Brien; --"} for row in rows]
    put(found, "catalog_apps", rows)
    put(found, "catalog_facts", [{"app_id": a, "factor": f, "value": v, "source": "test"} for a, f, v in FACTS])
    write_upload(found, "baseline", [{"event_at": at(EARLIER), "dst_host": "anydesk.com"}])
    build(settings, found)
    return found.root


@pytest.fixture
def lake(settings: Settings, base: Path) -> Lake:
    """A copy of it: what a test adds is built, the first day is there."""
    return Lake(Path(shutil.copytree(base, settings.folder("lake"))))


def put(lake: Lake, name: str, rows: list[Row]) -> None:
    with replacing(lake.partition(name)) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=CATALOG[name]), temporary)
    lake.write_fingerprint(name, None, str(rows))


def at(day: date) -> datetime:
    return datetime.combine(day, NOON.time())


def use(app: str, users: int = 1, megabytes: float = 1, day: date = DAY, **more: Any) -> list[Row]:
    """One event of each of so many people, who share so many uploaded megabytes."""
    size = int(megabytes * MB / users)
    return [
        {
            "event_at": at(day),
            "dst_host": f"{app}.com",
            "user_name": f"user{number}",
            "src_ip": f"10.{number // 250}.0.{number % 250}",
            "uploaded_bytes": size,
            "total_bytes": size,
            **more,
        }
        for number in range(users)
    ]


def configured(settings: Settings, *policies: Row, **values: Any) -> Settings:
    found = tuple(Policy.model_validate({"name": "P", **one}) for one in policies)
    return settings.model_copy(update={"policies": found, **values})


def build(settings: Settings, lake: Lake) -> dict[str, list[str]]:
    """Build what policies and alerts follow from; gives the days that each model wrote."""
    context.load(settings).write(lake)
    names = [name for name in models.model_order() if not name.startswith("dim_") and name not in APART]
    return {name: models.build_model(settings, lake, name).days for name in names}


def matches(settings: Settings, lake: Lake, *policies: Row, **values: Any) -> list[Row]:
    build(configured(settings, *policies, **values), lake)
    return sorted(
        pq.read_table(lake.partition("fct_policy_matches")).to_pylist(), key=lambda r: (r["day"], r["match_no"])
    )


def apps(found: list[Row]) -> list[str]:
    return [row["app_id"] for row in found]
