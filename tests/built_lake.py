"""A lake whose models are built, read back as rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow.parquet as pq

from etl import checks, models
from etl.lake import Lake
from etl.settings import Settings

Row = dict[str, Any]


def build(settings: Settings, lake: Lake) -> dict[str, list[str]]:
    """Build all and check; gives the days that each model wrote."""
    built = {name: models.build_model(settings, lake, name).days for name in models.model_order()}
    assert [one.sentence for one in checks.run(settings, lake) if one.found and one.severity == "fail"] == []
    return built


def rows(lake: Lake, name: str, day: date | None = None) -> list[Row]:
    """A model's rows, over all days or of one."""
    paths = lake.partitions(name) if day is None else [lake.partition(name, day)]
    found: list[Row] = [row for path in paths for row in pq.read_table(path).to_pylist()]
    return found


def only(found: list[Row]) -> Row:
    assert len(found) == 1, found
    return found[0]


def organisation(settings: Settings, **values: Any) -> Settings:
    return settings.model_copy(update={"organisation": settings.organisation.model_copy(update=values)})
