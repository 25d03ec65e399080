"""The catalog in memory: look up a host or an app, count, and write what models read."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.catalog import data, suffixes
from etl.catalog.data import App
from etl.catalog.score import Score, score
from etl.errors import CatalogError
from etl.inputs import CATALOG
from etl.lake import Lake, replacing


@dataclass(frozen=True)
class Lookup:
    """What a name is: an app, not an app (with its purpose), or uncatalogued under its registrable domain."""

    name: str
    host_class: str
    matched_domain: str | None
    registrable_domain: str | None
    purpose: str | None
    app: App | None
    score: Score | None

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


@dataclass(frozen=True)
class Catalog:
    """All apps by id, domains that are not apps with their purpose, vendors' labels with their apps."""

    apps: dict[str, App]
    not_apps: dict[str, str]
    hints: dict[str, str]

    @classmethod
    def read(cls) -> Catalog:
        """Read the data that ships with this version. Raises CatalogError."""
        apps = {app.app_id: app for app in data.read_apps()}
        not_apps, hints = dict(data.read_not_apps()), dict(data.read_hints())
        for app in apps.values():
            for domain in app.domains:
                if domain in not_apps:
                    raise CatalogError(
                        f"{app.app_id}: found {domain!r} among what is not an app, too; expected it once. Take one away."
                    )
        for hint, app_id in hints.items():
            if app_id not in apps:
                raise CatalogError(
                    f"hints.csv: {hint}: found the app {app_id!r}; expected one of the catalog. Correct the row."
                )
        return cls(apps, not_apps, hints)

    @cached_property
    def domains(self) -> dict[str, str]:
        """Every app's domain with the app's id."""
        return {domain: app.app_id for app in self.apps.values() for domain in app.domains}

    @cached_property
    def scores(self) -> dict[str, Score]:
        return {app.app_id: score(app.facts, app.traits) for app in self.apps.values()}

    def lookup(self, name: str) -> Lookup:
        """What a host, a domain or an app's name is."""
        wanted = name.strip().lower().rstrip(".")
        app = self.apps.get(wanted) or next((one for one in self.apps.values() if one.app_name.lower() == wanted), None)
        if app is not None:
            return Lookup(name, "app", None, None, None, app, self.scores[app.app_id])
        for suffix in _suffixes(wanted):
            if suffix in self.domains:
                app = self.apps[self.domains[suffix]]
                return Lookup(
                    name, "app", suffix, suffixes.registrable_domain(wanted), None, app, self.scores[app.app_id]
                )
            if suffix in self.not_apps:
                return Lookup(
                    name, "not_an_app", suffix, suffixes.registrable_domain(wanted), self.not_apps[suffix], None, None
                )
        registrable = wanted if _is_address(wanted) else suffixes.registrable_domain(wanted)
        return Lookup(name, "uncatalogued", None, registrable, None, None, None)

    def stats(self) -> dict[str, Any]:
        """How much the catalog holds."""
        bands = Counter(one.band for one in self.scores.values())
        return {
            "apps": len(self.apps),
            "domains": len(self.domains),
            "not_an_app_domains": len(self.not_apps),
            "vendor_labels": len(self.hints),
            "categories": dict(Counter(app.category for app in self.apps.values()).most_common()),
            "risk_bands": {name: bands.get(name, 0) for name in ("high", "medium", "low", "unknown")},
        }

    # for the lake

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """What models read, by dataset; see docs/architecture.md."""
        domains: list[tuple[Any, ...]] = [(name, app_id, "app", None) for name, app_id in self.domains.items()]
        domains += [(name, None, "not_an_app", purpose) for name, purpose in self.not_apps.items()]
        rows: dict[str, list[tuple[Any, ...]]] = {
            "catalog_apps": [self._app_row(app) for app in self.apps.values()],
            "catalog_domains": sorted(domains),
            "catalog_hints": sorted(self.hints.items()),
            "public_suffixes": sorted(set(suffixes.rules())),
        }
        return {
            name: pa.Table.from_pylist(
                [dict(zip(CATALOG[name].names, row, strict=True)) for row in found], schema=CATALOG[name]
            )
            for name, found in rows.items()
        }

    def _app_row(self, app: App) -> tuple[Any, ...]:
        result = self.scores[app.app_id]
        factors = json.dumps([asdict(part) for part in result.parts])
        traits, domains = " ".join(app.traits), " ".join(app.domains)
        head = (app.app_id, app.app_name, app.vendor, app.category, app.headquarters_country)
        return (*head, result.value, result.band, factors, traits, None, domains)

    def write(self, lake: Lake) -> None:
        """Put the datasets into the lake, if they are not there as they are."""
        for name, table in self.tables.items():
            mark = hashlib.sha256(json.dumps(table.to_pylist()).encode()).hexdigest()
            if lake.fingerprint(name) == mark:
                continue
            with replacing(lake.partition(name)) as temporary:
                pq.write_table(table, temporary)
            lake.write_fingerprint(name, None, mark)


def _suffixes(host: str) -> Iterator[str]:
    """A host and what is left of it label by label: a.b.c, b.c, c."""
    while host:
        yield host
        host = host.partition(".")[2]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
