"""The sections of the configuration file that belong to no part of the system alone: their keys, types and defaults.

`etl.settings` reads them; the parts' own sections lie with the parts (`etl.catalog.settings` and its like).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

MOST_HANDS = 4  # with more, cutting a log into records takes longest, and each takes memory for its records
PRIVATE_RANGES = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)


class Section(BaseModel):
    """A part of the configuration: checked, frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(Section):
    """Folders and files; relative ones start from the home folder."""

    drops: Path = Path("drops")
    archive: Path = Path("archive")
    quarantine: Path = Path("quarantine")
    lake: Path = Path("lake")
    output: Path = Path("output")
    formats: Path | None = None


class Organisation(Section):
    """Who the reports are about."""

    name: str = "Our organisation"
    user_domains: tuple[str, ...] = ()
    internal_ranges: tuple[str, ...] = PRIVATE_RANGES
    internal_domains: tuple[str, ...] = ()


class Intake(Section):
    """How drops are taken in."""

    settle_seconds: float = Field(10.0, ge=0)
    max_age_days: int = Field(90, ge=1)
    max_future_days: int = Field(1, ge=0)
    max_record_bytes: int = Field(1 << 20, ge=4096)
    max_content_bytes: int = Field(200 << 30, ge=1)
    max_archive_members: int = Field(100, ge=1)
    max_compression_ratio: int = Field(200, ge=1)


class Compute(Section):
    """The embedded engine."""

    threads: int = Field(0, ge=0, description="0 = as many as the machine has")
    memory_limit: str = "750MB"

    @property
    def hands(self) -> int:
        """How many batches of records are parsed at once: each takes a processor, and memory."""
        return min(self.threads or len(os.sched_getaffinity(0)), MOST_HANDS)


class Warehouse(Section):
    """Where the published tables are. Empty url = DuckDB file in the home folder."""

    url: str = "duckdb:///warehouse/cloud_discovery.duckdb"


class Retention(Section):
    """How long the lake keeps what."""

    events_days: int = Field(90, ge=1)
    facts_days: int = Field(730, ge=1)


class Report(Section):
    """What the nightly report covers."""

    period: str = "7d"
    formats: tuple[Literal["html", "pdf", "csv"], ...] = ("html", "pdf", "csv")
    per_source: bool = True


class Mail(Section):
    """Without a host the mail is written as .eml beside the report."""

    host: str = ""
    port: int = 25
    security: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: str = Field("", repr=False)
    sender: str = "cloud-discovery@localhost"
    recipients: tuple[str, ...] = ()


class Source(Section):
    """What a person knows about one drop folder that its files do not say."""

    kind: Literal["endpoint", "proxy"] | None = None
    format: str = "auto"
    logformat: str = ""
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"found {value!r}; expected an IANA zone such as Europe/Berlin")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
