"""One report in the making: whose, which days, which source, and what its pages ask of the warehouse."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from etl.settings import Settings
from reports import charts
from reports import findings as attention
from reports.blocks import Block
from reports.queries import Answers, Row

FORMATS = ("html", "pdf", "csv")


@dataclass(frozen=True)
class ReportRequest:
    """What to render. Days are UTC and both included; `sources` None means all, and a report for each."""

    first_day: date
    last_day: date
    sources: tuple[str, ...] | None = None
    formats: tuple[str, ...] = FORMATS
    out: Path = Path("output")
    title: str = ""


@dataclass
class Report:
    """All chosen sources (`source` None), or one of them. `slug` is its folder; None at the root."""

    settings: Settings
    request: ReportRequest
    answers: Answers
    source: str | None
    slug: str | None
    siblings: dict[str, str]  # every source's folder name
    generated_at: datetime
    drawings: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.request.title or self.settings.organisation.name

    @property
    def is_empty(self) -> bool:
        return not self.counters.get("transactions")

    @cached_property
    def counters(self) -> Row:
        """The key figures: the columns of `sql/reports/counters.sql`."""
        return self.answers.row("counters")

    @cached_property
    def findings(self) -> list[attention.Finding]:
        return attention.find(self.answers)

    @cached_property
    def told(self) -> tuple[dict[str, Any], ...]:
        """The findings as plain dicts, for whoever sends or stores the report."""
        return tuple(vars(one).copy() for one in self.findings)

    @cached_property
    def matches(self) -> tuple[Row, ...]:
        """What policies that send mail matched, the newest first."""
        return tuple(self.answers.rows("policy_matches"))

    @cached_property
    def groups(self) -> list[attention.Group]:
        return attention.grouped(self.findings)

    @cached_property
    def recommendations(self) -> list[attention.Recommendation]:
        return attention.recommend(self.answers)

    def rows(self, block: Block) -> list[Row]:
        """What a block's template and chart are given."""
        if not block.query:
            return []
        return self.answers.first(block.query, block.first) if block.first else self.answers.rows(block.query)

    def drawing(self, block: Block) -> str:
        """The chart of a block as SVG, drawn once for the site and the PDF when both want the same."""
        key = json.dumps([block.query, block.chart], sort_keys=True)
        if key not in self.drawings:
            days = self.request.first_day, self.request.last_day
            self.drawings[key] = charts.draw(block.chart or {}, self.rows(block), *days)
        return self.drawings[key]

    def folder(self, root: Path) -> Path:
        """Where it lies below the report's folder."""
        return root / "sources" / self.slug if self.slug else root
