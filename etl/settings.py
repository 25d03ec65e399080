"""The one reader of configuration and environment. Nothing else in the project looks at `os.environ`.

`load()` reads `cloud-discovery.toml` (every key is optional), `cloud-discovery.local.toml` beside it (what is true of this
machine only, or of the demo; it wins), and the environment variables listed in ENVIRONMENT, and returns a frozen `Settings`.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, ValidationError

from etl.catalog.settings import CatalogSettings
from etl.context.settings import ContextSettings
from etl.errors import SettingsError
from etl.governance.policies.settings import Policy, unique
from etl.governance.settings import GovernanceSettings
from etl.sections import (
    Compute,
    Intake,
    Mail,
    Organisation,
    Paths,
    Report,
    Retention,
    Section,
    Source,
    Warehouse,
)

__all__ = [
    "ENVIRONMENT",
    "Compute",
    "Intake",
    "Mail",
    "Organisation",
    "Paths",
    "Report",
    "Retention",
    "Settings",
    "Source",
    "Warehouse",
    "instant",
    "load",
    "processors",
    "write_local",
    "zone",
]

ENVIRONMENT = {
    "CLOUD_DISCOVERY_CONFIG": "path of the configuration file (default: cloud-discovery.toml in the home folder)",
    "CLOUD_DISCOVERY_HOME": "folder that relative paths start from (default: the current folder)",
    "CLOUD_DISCOVERY_WAREHOUSE_URL": "overrides [warehouse] url",
    "CLOUD_DISCOVERY_SMTP_HOST": "overrides [mail] host",
    "CLOUD_DISCOVERY_SMTP_PORT": "overrides [mail] port",
    "CLOUD_DISCOVERY_SMTP_USER": "overrides [mail] user",
    "CLOUD_DISCOVERY_SMTP_PASSWORD": "password of the mail server; has no key in the file on purpose",
}
LONGEST_SHOWN = 120  # characters of a wrong value in a message
OWN_FORMATS = "my-formats"  # read without a setting when it is there


class Settings(Section):
    """The whole configuration, checked."""

    home: Path = Path()
    paths: Paths = Paths()
    organisation: Organisation = Organisation()
    intake: Intake = Intake()
    compute: Compute = Compute()
    catalog: CatalogSettings = CatalogSettings()
    warehouse: Warehouse = Warehouse()
    retention: Retention = Retention()
    report: Report = Report()
    mail: Mail = Mail()
    context: ContextSettings = ContextSettings()
    governance: GovernanceSettings = GovernanceSettings()
    policies: Annotated[tuple[Policy, ...], AfterValidator(unique)] = ()
    sources: dict[str, Source] = Field(default_factory=dict)

    def folder(self, name: Literal["drops", "archive", "quarantine", "lake", "output"]) -> Path:
        """The absolute path of one of the [paths]."""
        path: Path = getattr(self.paths, name)
        return path if path.is_absolute() else (self.home / path).resolve()

    def source(self, name: str) -> Source:
        """The configuration of a source; the defaults when it has none."""
        return self.sources.get(name, Source())

    @property
    def formats_folder(self) -> Path | None:
        """The user's own folder of formats, absolute; without a setting, my-formats in the home folder; None when there is none."""
        path = self.paths.formats
        if path is None:
            default = self.home / OWN_FORMATS
            return default if default.is_dir() else None
        return path if path.is_absolute() else self.home / path

    @property
    def warehouse_url(self) -> str:
        """The SQLAlchemy URL; a relative DuckDB path starts from the home folder."""
        url = self.warehouse.url
        prefix = "duckdb:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str((self.home / url.removeprefix(prefix)).resolve())
        return url


def load(config: Path | None = None, home: Path | None = None) -> Settings:
    """Read the configuration file and the environment.

    Raises SettingsError with the key, the value found and what was expected.
    """
    env = os.environ
    home = (home or Path(env.get("CLOUD_DISCOVERY_HOME", "."))).resolve()
    named = config or (Path(env["CLOUD_DISCOVERY_CONFIG"]) if env.get("CLOUD_DISCOVERY_CONFIG") else None)
    path = named or home / "cloud-discovery.toml"
    data: dict[str, object] = _read(path) if path.exists() else {}
    local = path.with_name(f"{path.stem}.local.toml")
    if local.exists():
        data = _merged(data, _read(local))
    if not path.exists() and named is not None:
        raise SettingsError(f"{path}: no such file. Name an existing configuration file, or leave the setting out.")
    _overlay(data, "warehouse", "url", env.get("CLOUD_DISCOVERY_WAREHOUSE_URL"))
    for key, name in (("host", "HOST"), ("port", "PORT"), ("user", "USER"), ("password", "PASSWORD")):
        _overlay(data, "mail", key, env.get(f"CLOUD_DISCOVERY_SMTP_{name}"))
    data["home"] = home
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(path, error))) from None


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: found invalid TOML ({error}); expected key = value lines. Correct it.") from None


def _merged(under: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    """Tables key by key; what `over` says wins."""
    found = dict(under)
    for key, value in over.items():
        below = found.get(key)
        found[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return found


def write_local(home: Path, text: str) -> Path | None:
    """Write cloud-discovery.local.toml, unless there is one; None when there was."""
    path = home / "cloud-discovery.local.toml"
    if path.exists():
        return None
    path.write_text(text, encoding="utf-8")
    return path


def _overlay(data: dict[str, object], section: str, key: str, value: str | None) -> None:
    if value:
        table = data.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = value


def _sentences(path: Path, error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        found = "an unknown key" if item["type"] == "extra_forbidden" else _cut(repr(item["input"]))
        expected = item["msg"].removeprefix("Value error, ")
        lines.append(f"{path}: {key}: found {found}; expected: {expected}. Correct the file; see docs/runbook.md.")
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. Raises SettingsError."""
    if name not in available_timezones():
        raise SettingsError(f"time zone: found {name!r}; expected an IANA zone such as Europe/Berlin. Correct it.")
    return ZoneInfo(name)


def instant(text: str) -> datetime:
    """An instant in ISO 8601; UTC when it names no zone. Raises SettingsError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"instant: found {text!r}; expected ISO 8601 such as 2026-11-20T06:00:00Z. Correct it."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
