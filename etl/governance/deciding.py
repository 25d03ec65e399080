"""Deciding about apps: from what a person types to entries of the log, with what the person should know at once."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from etl import catalog as catalogs
from etl.catalog.catalog import Catalog
from etl.errors import GovernanceError
from etl.governance import tags
from etl.governance.domains import UNCATALOGUED, enforceable, is_domain
from etl.governance.tags import Entry
from etl.settings import Settings

BULK = ("app", "tag", "note")


@dataclass(frozen=True)
class Wanted:
    """One decision as given: `app` is a name, an id or a host."""

    app: str
    tag: str
    note: str = ""


@dataclass(frozen=True)
class Decided:
    """One decision as kept, with the tag that held before it and warnings."""

    entry: Entry
    app_name: str
    was: str | None
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        entry = self.entry
        return {
            "app_id": entry.app_id,
            "app_name": self.app_name,
            "tag": entry.tag,
            "was": self.was,
            "at": told(entry.at),
            "by": entry.by,
            "via": entry.via,
            "note": entry.note or None,
            "warnings": list(self.warnings),
        }


def told(at: datetime | None) -> str | None:
    """An instant as ISO 8601 UTC with Z."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def decide(settings: Settings, wanted: Sequence[Wanted], by: str, via: str = "command") -> list[Decided]:
    """Keep decisions, all or none. Raises GovernanceError naming every app that cannot be found."""
    catalog = catalogs.load(settings)
    before, found, problems = tags.current(settings), [], []
    for one in wanted:
        try:
            found.append((app_id_of(catalog, one.app), one))
        except GovernanceError as error:
            problems.append(str(error))
    if problems:
        raise GovernanceError("\n".join(problems))
    entries = tags.append(settings, [Entry(app_id, one.tag.strip(), by, via, one.note) for app_id, one in found])
    after = tags.current(settings)
    blocked = {app_id for app_id, one in after.items() if one.tag == "unsanctioned"}
    decided = []
    for entry in entries:
        plan = enforceable(settings, catalog, entry.app_id, blocked)
        was = before[entry.app_id].tag if entry.app_id in before else None
        decided.append(Decided(entry, plan.app_name, was, plan.warnings if entry.tag == "unsanctioned" else ()))
    return decided


def app_id_of(catalog: Catalog, text: str) -> str:
    """The id of the app that a name, an id, a host or `uncatalogued:<domain>` means.

    Raises GovernanceError with the nearest names; also for a path that is no app of its own, which would mean its whole host.
    """
    name = text.strip()
    if name.lower().startswith(UNCATALOGUED):
        domain = name.lower().removeprefix(UNCATALOGUED)
        if not is_domain(domain):
            raise GovernanceError(f"app: found {name!r}; expected a domain behind {UNCATALOGUED} such as example.com.")
        return UNCATALOGUED + domain
    found = catalog.lookup(name)
    if found.app is not None:
        path = (name.partition("://")[2] or name).partition("/")[2]
        if path and found.matched_by == "domain":
            raise GovernanceError(
                f"app: found {name!r}, a path of {found.matched}, which is {found.app.app_name} as a whole; devices block "
                f"domains, not paths. Name an app with a domain of its own (such as drive.google.com), or {found.app.app_id}."
            )
        return found.app.app_id
    if found.host_class == "not_an_app":
        raise GovernanceError(f"app: found {name!r}, which is not an app ({found.purpose}); expected one. Name an app.")
    meant = f" Did you mean {' or '.join(found.nearest)}?" if found.nearest else ""
    host = found.registrable_domain if found.registrable_domain and "." in found.registrable_domain else None
    other = f" To tag the domain as it is, name {UNCATALOGUED}{host}." if host else ""
    raise GovernanceError(f"app: found {name!r}; expected the name, id or host of an app in the catalog.{meant}{other}")


def read_bulk(path: Path) -> list[Wanted]:
    """Decisions of a CSV file with the columns app, tag and (optional) note. Raises GovernanceError with the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, restval="")
            if not {"app", "tag"} <= set(reader.fieldnames or ()) <= set(BULK):
                columns = ", ".join(reader.fieldnames or ()) or "nothing"
                raise GovernanceError(
                    f"{path}:1: found the columns {columns}; expected {', '.join(BULK)}. Correct the heading."
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GovernanceError(f"{path}: found a file that cannot be read ({error}); expected CSV in UTF-8.") from None
    for number, row in rows:
        if None in row or not row["app"].strip() or not row["tag"].strip():
            raise GovernanceError(
                f"{path}:{number}: found no app, no tag, or too many cells; expected {', '.join(BULK)}."
            )
    return [Wanted(row["app"], row["tag"], row.get("note") or "") for _, row in rows]
