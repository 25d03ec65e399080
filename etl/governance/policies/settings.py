"""`[[policies]]` of the configuration, and the templates they may begin from. Imports nothing of the project, so that
`etl.settings` can mount it."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

TEMPLATES = Path(__file__).with_name("templates.toml")
Severity = Literal["low", "medium", "high"]
Period = Literal["day", "week", "month", "ever"]
ACTIONS = "alert, mail, tag:sanctioned, tag:unsanctioned, tag:monitored, or tag:label:<name> in lower case"
Action = Annotated[
    str,
    StringConstraints(
        pattern=r"^(alert|mail|tag:(sanctioned|unsanctioned|monitored)|tag:label:[a-z0-9][a-z0-9_-]{0,62})$"
    ),
]
Words = tuple[Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)], ...]
Bytes = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Where(_Section):
    """Which apps, and whose use of them. All that are given must hold; of the words of one, any. `not_…`: none of them.

    Capitals do not matter. An unknown value is the word `unknown`; an unknown score is in no range.
    """

    apps: Words = ()
    not_apps: Words = ()
    classes: tuple[Literal["app", "uncatalogued"], ...] = ("app", "uncatalogued")
    categories: Words = ()
    not_categories: Words = ()
    vendors: Words = ()
    countries: Words = ()
    traits: Words = ()
    not_traits: Words = ()
    risk_bands: tuple[Literal["low", "medium", "high", "unknown"], ...] = ()
    score_from: float | None = Field(None, ge=0, le=10)
    score_below: float | None = Field(None, ge=0, le=10)
    factors: dict[str, Words] = Field(default_factory=dict)
    lacks: Words = Field((), description="factors of which at least one is not known to be fulfilled")
    breached_within_months: int | None = Field(None, ge=1, le=600)
    tags: Words = Field((), description="sanctioned, unsanctioned, monitored, none, or label:<name>")
    not_tags: Words = ()
    sources: Words = ()
    not_sources: Words = ()
    source_kinds: tuple[Literal["endpoint", "proxy"], ...] = ()
    groups: Words = ()
    not_groups: Words = ()
    departments: Words = ()
    not_departments: Words = ()
    ip_tags: Words = ()
    not_ip_tags: Words = ()
    ip_categories: Words = ()
    not_ip_categories: Words = ()


class Over(_Section):
    """What must be exceeded, all of it on the same UTC day, summed over all sources. Unknown bytes exceed nothing."""

    total_bytes: Bytes | None = None
    uploaded_bytes: Bytes | None = None
    downloaded_bytes: Bytes | None = None
    transactions: Bytes | None = None
    users: Bytes | None = None
    devices: Bytes | None = None
    ip_addresses: Bytes | None = None


class Policy(_Section):
    """One policy."""

    name: str = Field(min_length=1, max_length=120)
    template: str = ""
    description: str = ""
    is_enabled: bool = True
    severity: Severity = "medium"
    actions: tuple[Action, ...] = ("alert",)
    daily_cap: int = Field(50, ge=1, le=10_000, description="matches of a day that act; the rest is counted")
    once_per: Period = "day"
    new_within_days: int | None = Field(None, ge=1, description="1: only the first day that the app is seen on")
    learning_days: int = Field(1, ge=0, description="apps seen on the first days of all logs are not new")
    since: date | None = None
    where: Where = Where()
    over: Over = Over()

    @model_validator(mode="before")
    @classmethod
    def _begin_from_template(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not given.get("template"):
            return _with_period(given) if isinstance(given, dict) else given
        known = templates()
        if given["template"] not in known:
            raise ValueError(f"template: one of {', '.join(known)}, not {given['template']!r}")
        return _with_period(_laid_over(known[given["template"]], given))

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("a name of one line without control characters and without blanks around it")
        return value

    @property
    def tag(self) -> str | None:
        """The tag that it sets; null for none."""
        return next((one.removeprefix("tag:") for one in self.actions if one.startswith("tag:")), None)


def unique(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """Raises ValueError when two policies share a name: matches are kept under it."""
    names = [one.name.lower() for one in policies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each policy under a name of its own; {', '.join(twice)} is there again")
    return policies


@lru_cache(maxsize=1)
def templates() -> dict[str, dict[str, Any]]:
    """All templates by name: what a policy that names one begins from."""
    return tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))


def _laid_over(template: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What is given wins, key by key; `where` and `over` are joined."""
    found = {**template, **given}
    for part in ("where", "over"):
        if part in template and isinstance(given.get(part, {}), dict):
            found[part] = {**template[part], **given.get(part, {})}
    return found


def _with_period(given: dict[str, Any]) -> dict[str, Any]:
    """An app is new once; other conditions are told every day that they hold."""
    period = "ever" if given.get("new_within_days") is not None else "day"
    return {"once_per": period, **given}
