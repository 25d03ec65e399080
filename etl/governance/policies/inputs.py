"""Policies as inputs of models: see etl.governance.policies.rows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import pyarrow as pa

from etl import context
from etl.context.datasets import Context
from etl.governance import tags
from etl.governance.policies.rows import POLICIES, tables
from etl.settings import Settings


class Policies:
    """The policies of one run over one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _tables(self) -> dict[str, pa.Table]:
        enabled = [one for one in self._settings.policies if one.is_enabled]
        return tables(enabled, context.load(self._settings) if enabled else Context((), (), ()))

    @cached_property
    def _asks_for_tags(self) -> bool:
        return "tag" in self._tables["policy_filters"]["field"].to_pylist()

    @cached_property
    def _history(self) -> list[tags.Entry]:
        return tags.history(self._settings)

    def mark(self, name: str, day: date | None) -> str:
        """A digest of what `table` would give: a tag that no policy asks for makes nothing stale."""
        found = self.table(name, day)
        return hashlib.sha256(json.dumps([str(found.schema), found.to_pylist()], default=str).encode()).hexdigest()

    def table(self, name: str, day: date | None) -> pa.Table:
        """One of POLICIES. `day_tags` are those that held when the day ended; none without a day."""
        if name != "day_tags":
            return self._tables[name]
        if day is None or not self._asks_for_tags:
            return POLICIES[name].empty_table()
        end = datetime.combine(day, time(), UTC) + timedelta(days=1)
        held = tags.state(one for one in self._history if one.at and one.at < end)
        rows = [
            {"app_id": one.app_id, "tag": tag}
            for one in held.values()
            for tag in (*([one.tag] if one.tag else []), *(f"label:{label}" for label in one.labels))
        ]
        return pa.Table.from_pylist(rows, schema=POLICIES[name])
