"""The `[catalog]` section of the configuration. Imports nothing of the project, so that `etl.settings` can mount it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["ignored", "low", "medium", "high", "very_high"]
Group = Literal["general", "security", "compliance", "legal"]
DEFAULT_GROUPS: dict[Group, Level] = {
    "general": "medium",
    "security": "high",
    "compliance": "medium",
    "legal": "medium",
}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScoreSettings(_Section):
    """How a risk score is weighed; docs/catalog.md has the formula. Levels stand for 0, 1, 2, 4 and 8."""

    groups: dict[Group, Level] = Field(default_factory=lambda: dict(DEFAULT_GROUPS))
    factors: dict[str, Level] = Field(default_factory=dict, description="factor = level; the rest keeps its own")
    categories: dict[str, dict[str, Level]] = Field(default_factory=dict, description="category → factor = level")
    ceilings: dict[str, float] = Field(default_factory=dict, description="trait = highest score; 10 lifts a ceiling")
    unknown: Literal["middle", "exclude", "worst"] = "middle"
    unknown_share: float = Field(0.25, ge=0, le=1, description="the part of its weight that an unknown factor has")
    minimum_confidence: float = Field(0.05, ge=0, le=1, description="below it the score is unknown")
    high_below: float = Field(4.0, ge=0, le=10)
    medium_below: float = Field(7.0, ge=0, le=10)


class CatalogSettings(_Section):
    """Where the user's own part of the catalog is, and what refreshes the imported part. Paths start from the home folder."""

    own: Path = Path("catalog/own.toml")
    imported: Path = Path("catalog/imported")
    sources: dict[str, str] = Field(
        default_factory=dict, description="import kind = path of a clone, refreshed by maintenance"
    )
    score: ScoreSettings = ScoreSettings()
