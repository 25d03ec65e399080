"""What the catalog holds, and reading it from a folder of CSV files: the shipped data or an import.

A folder has `apps/<category>.csv` and `facts/<category>.csv` (an import: `apps.csv` with a category column, `facts.csv`),
`breaches.csv`, `not_apps.csv`, `hints/<vendor>.csv`, `ranges.csv` and `paths.csv`; each may be missing. An import may also have
`domains.csv` (more domains of its apps) and `overrides.csv` (what another product says of apps).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from etl.catalog.rows import Row, read_rows
from etl.catalog.vocabulary import categories_by_slug
from etl.errors import CatalogError

APP = ("app_id", "app_name", "vendor", "parents", "traits", "domains", "source")
IMPORTED_APP = ("app_id", "app_name", "vendor", "category", "traits", "domains", "source")
FACT = ("app_id", "factor", "value", "source")
BREACH = ("app_id", "breach_date", "accounts", "source")
NOT_APP = ("domain", "purpose", "source")
HINT = ("hint", "app_id", "source")
RANGE = ("cidr", "app_id", "purpose", "source")
PATH = ("domain", "path_prefix", "app_id", "source")
DOMAIN = ("app_id", "domain", "source")
OVERRIDE = ("app_id", "app_name", "category", "score", "tags", "source")


@dataclass(frozen=True)
class Fact:
    """The value of a factor, and who says so."""

    value: str
    source: str


@dataclass(frozen=True)
class Breach:
    """One known breach. `date` is ISO 8601, `accounts` null when unknown."""

    date: str
    accounts: int | None
    source: str


@dataclass(frozen=True)
class App:
    """One app. What is not in `facts` is unknown. `origin` is `shipped`, an import's kind, or `own`.

    `parents`: apps whose domains some of this app's lie under (mail.google.com under google.com).
    """

    app_id: str
    app_name: str
    category: str | None
    domains: tuple[str, ...]
    vendor: str | None = None
    parents: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    facts: dict[str, Fact] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    source: str = ""
    origin: str = "shipped"
    note: str | None = None
    own_score: float | None = None

    @property
    def headquarters_country(self) -> str | None:
        """ISO 3166 alpha-2; null unknown."""
        fact = self.facts.get("headquarters")
        return fact.value if fact else None


@dataclass(frozen=True)
class Range:
    """Addresses known to belong to an app, or (app_id null) to something with a purpose that is not an app."""

    cidr: str
    app_id: str | None
    purpose: str | None


@dataclass(frozen=True)
class PathPrefix:
    """A part of a host that is an app of its own: `www.google.com` + `/maps`."""

    domain: str
    path_prefix: str
    app_id: str


@dataclass(frozen=True)
class Foreign:
    """What another product says of an app, which it knows by a name: score (0–10, ten is safe), category and tags."""

    app_name: str
    category: str | None
    score: float | None
    tags: tuple[str, ...]
    source: str


@dataclass
class Entries:
    """Everything a folder holds."""

    apps: dict[str, App] = field(default_factory=dict)
    not_apps: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    ranges: list[Range] = field(default_factory=list)
    paths: list[PathPrefix] = field(default_factory=list)
    overrides: dict[str, Foreign] = field(default_factory=dict)


def read_entries(folder: Path, origin: str = "shipped") -> Entries:
    """Read a folder. Raises CatalogError with file and line when a row cannot be read or an app's id comes twice."""
    found = Entries()
    for app, row in read_apps(folder, origin):
        if app.app_id in found.apps:
            raise row.refuse(f"the app {app.app_id!r} again", "it once", "Merge the rows.")
        found.apps[app.app_id] = app
    _add_domains(folder, found.apps)
    _add_facts(folder, found.apps)
    _add_breaches(folder, found.apps)
    found.not_apps = {row["domain"]: row["purpose"] for row in _optional(folder / "not_apps.csv", NOT_APP)}
    found.hints = {row["hint"]: row["app_id"] for row in read_hints(folder)}
    ranges = _optional(folder / "ranges.csv", RANGE)
    found.ranges = [Range(row["cidr"], row["app_id"] or None, row["purpose"] or None) for row in ranges]
    paths = _optional(folder / "paths.csv", PATH)
    found.paths = [PathPrefix(row["domain"], row["path_prefix"], row["app_id"]) for row in paths]
    for row in _optional(folder / "overrides.csv", OVERRIDE):
        score = float(row["score"]) if row["score"] else None
        told = (row["app_name"], row["category"] or None, score, row.words("tags"), row["source"])
        found.overrides[row["app_id"]] = Foreign(*told)
    return found


def read_apps(folder: Path, origin: str = "shipped") -> Iterator[tuple[App, Row]]:
    """The apps of a folder with the rows they come from, without facts."""
    for path in sorted((folder / "apps").glob("*.csv")):
        category = categories_by_slug().get(path.stem)
        if category is None:
            raise CatalogError(
                f"{path}: found no category of this name; expected one of {', '.join(categories_by_slug())}. Rename the file."
            )
        for row in read_rows(path, APP):
            yield _app(row, category, row.words("parents"), origin), row
    for row in _optional(folder / "apps.csv", IMPORTED_APP):
        yield _app(row, row["category"] or None, (), origin), row


def _app(row: Row, category: str | None, parents: tuple[str, ...], origin: str) -> App:
    return App(
        row["app_id"],
        row["app_name"],
        category,
        row.words("domains"),
        vendor=row["vendor"] or None,
        parents=parents,
        traits=row.words("traits"),
        source=row["source"],
        origin=origin,
    )


def read_facts(folder: Path) -> Iterator[Row]:
    """The rows of all files of facts."""
    for path in sorted((folder / "facts").glob("*.csv")):
        yield from read_rows(path, FACT)
    yield from _optional(folder / "facts.csv", FACT)


def read_hints(folder: Path) -> Iterator[Row]:
    """The rows of all vendors' labels."""
    for path in sorted((folder / "hints").glob("*.csv")):
        yield from read_rows(path, HINT)


def _optional(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    if path.exists():
        yield from read_rows(path, columns)


def _add_domains(folder: Path, apps: dict[str, App]) -> None:
    domains: dict[str, list[str]] = {}
    for row in _optional(folder / "domains.csv", DOMAIN):
        domains.setdefault(_app_of(row, apps).app_id, []).append(row["domain"])
    for app_id, more in domains.items():
        apps[app_id] = replace(apps[app_id], domains=(*apps[app_id].domains, *more))


def _add_facts(folder: Path, apps: dict[str, App]) -> None:
    for row in read_facts(folder):
        facts = _app_of(row, apps).facts
        if row["factor"] in facts:
            raise row.refuse(f"{row['factor']} of {row['app_id']} again", "it once", "Take one away.")
        facts[row["factor"]] = Fact(row["value"], row["source"])


def _add_breaches(folder: Path, apps: dict[str, App]) -> None:
    breaches: dict[str, list[Breach]] = {}
    for row in _optional(folder / "breaches.csv", BREACH):
        accounts = int(row["accounts"]) if row["accounts"].isdigit() else None
        breaches.setdefault(_app_of(row, apps).app_id, []).append(Breach(row["breach_date"], accounts, row["source"]))
    for app_id, found in breaches.items():
        apps[app_id] = replace(apps[app_id], breaches=tuple(sorted(found, key=lambda breach: breach.date)))


def _app_of(row: Row, apps: dict[str, App]) -> App:
    app = apps.get(row["app_id"])
    if app is None:
        raise row.refuse(f"the app {row['app_id']!r}", "one of this folder's apps", "Correct the id, or add the app.")
    return app
