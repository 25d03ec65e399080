"""An import as a folder of sorted CSV files, `catalog/imported/<kind>/`, replaced as a whole, and what changed by it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etl.catalog.entries import BREACH, DOMAIN, FACT, IMPORTED_APP, NOT_APP, OVERRIDE, RANGE
from etl.catalog.importing.gathered import Gathered, Service
from etl.catalog.merge import app_id_of
from etl.catalog.rows import read_rows, write_rows
from etl.errors import CatalogError
from etl.lake import flush

IN_ONE_ROW = 50  # domains of an app; further ones have rows of their own
SHOWN = 10  # of what is said of one app
Rows = list[tuple[str, ...]]
FILES: dict[str, tuple[str, ...]] = {
    "apps": IMPORTED_APP,
    "domains": DOMAIN,
    "facts": FACT,
    "breaches": BREACH,
    "not_apps": NOT_APP,
    "ranges": RANGE,
    "overrides": OVERRIDE,
}


@dataclass(frozen=True)
class Changes:
    """What an import changed against the one before: lines for people, sorted. `counts` are rows by file, as they are now."""

    kind: str
    folder: str
    counts: dict[str, int]
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The whole in one line, for a log."""
        return f"{self.kind}: {len(self.added):,} added, {len(self.removed):,} removed, {len(self.changed):,} changed"


def rows_of(found: Gathered) -> dict[str, Rows]:
    """An import's rows by file. Ids are made of names, so that they stay when domains come and go."""
    found.settle()
    ids = _ids(found.services.values())
    rows: dict[str, Rows] = {name: [] for name in FILES}
    for first, one in found.services.items():
        app_id = ids[first]
        told = (
            one.vendor or "",
            one.category or "",
            " ".join(one.traits),
            " ".join(one.domains[:IN_ONE_ROW]),
            one.source,
        )
        rows["apps"].append((app_id, one.name, *told))
        rows["domains"] += [(app_id, domain, one.source) for domain in one.domains[IN_ONE_ROW:]]
        rows["facts"] += [(app_id, factor, value, one.source) for factor, value in one.facts.items()]
        rows["breaches"] += [(app_id, two.date, str(two.accounts or ""), two.source) for two in one.breaches]
    rows["not_apps"] = [(domain, *told) for domain, told in found.not_apps.items()]
    for cidr, domain, purpose, source in set(found.ranges):
        rows["ranges"].append((cidr, ids[domain] if domain else "", purpose or "", source))
    by_name = {one.name: ids[first] for first, one in reversed(found.services.items())}
    for name, override in found.overrides.items():
        score = "" if override.score is None else f"{override.score:g}"
        app_id = by_name.get(name, app_id_of(name))
        rows["overrides"].append(
            (app_id, name, override.category or "", score, " ".join(_words(override.tags)), "mdca")
        )
    return {name: sorted(set(found)) for name, found in rows.items()}


def _words(tags: Iterable[str]) -> list[str]:
    return ["_".join(tag.split()) for tag in tags]


def _ids(services: Iterable[Service]) -> dict[str, str]:
    """First domain → id: of the name, and where two services have one name also of the domain."""
    names: dict[str, list[str]] = {}
    for one in services:
        names.setdefault(app_id_of(one.name), []).append(one.domains[0])
    found = {}
    taken = set(names)
    for app_id, firsts in names.items():
        found[firsts[0]] = app_id
        for domain in firsts[1:]:
            number, new = 2, app_id_of(domain)
            while new in taken:
                number, new = number + 1, f"{app_id_of(domain)}_{number}"
            taken.add(new)
            found[domain] = new
    return found


def replace_folder(folder: Path, kind: str, found: Gathered) -> Changes:
    """Put an import in the place of the one before. Raises CatalogError when the folder cannot be written."""
    new = rows_of(found)
    before = read_folder(folder)
    temporary, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{word}") for word in ("tmp", "old"))
    try:
        temporary.mkdir(parents=True)
        for name, columns in FILES.items():
            if new[name]:
                write_rows(temporary / f"{name}.csv", columns, new[name])
                flush(temporary / f"{name}.csv")
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
    except OSError as error:
        raise CatalogError(
            f"{folder}: found that it cannot be written ({error.strerror}); expected a folder of yours. See to its rights."
        ) from None
    finally:
        for left in (temporary, old):
            shutil.rmtree(left, ignore_errors=True)
    return changes(kind, folder, before, new, dict(found.skipped))


def read_folder(folder: Path) -> dict[str, Rows]:
    """The rows of an import by file; none where there is no such file, or one that this version cannot read."""
    found: dict[str, Rows] = {name: [] for name in FILES}
    for name, columns in FILES.items():
        path = folder / f"{name}.csv"
        if path.is_file():
            try:
                found[name] = [tuple(row.values.values()) for row in read_rows(path, columns)]
            except CatalogError:
                found[name] = []
    return found


def changes(
    kind: str, folder: Path, before: dict[str, Rows], after: dict[str, Rows], skipped: dict[str, int]
) -> Changes:
    """What differs between two imports of one kind."""
    old, new = _by_subject(before), _by_subject(after)
    both = sorted(old.keys() & new.keys())
    return Changes(
        kind,
        str(folder),
        {name: len(rows) for name, rows in after.items() if rows},
        [f"{subject}: {_told(new[subject])}" for subject in sorted(new.keys() - old.keys())],
        [f"{subject}: {_told(old[subject])}" for subject in sorted(old.keys() - new.keys())],
        [f"{one}: {_difference(old[one], new[one])}" for one in both if old[one] != new[one]],
        {reason: count for reason, count in sorted(skipped.items()) if count},
    )


def _by_subject(rows: dict[str, Rows]) -> dict[str, list[str]]:
    """What is said of each app, domain and range, one thing an entry."""
    told: dict[str, list[str]] = {}
    for name, columns in FILES.items():
        for row in rows[name]:
            told.setdefault(row[0], []).extend(_said(name, columns, row))
    return {subject: sorted(said) for subject, said in told.items()}


def _said(name: str, columns: Sequence[str], row: Sequence[str]) -> list[str]:
    if name == "facts":
        return [f"{row[1]} {row[2]}"]
    if name == "breaches":
        return [f"breach of {row[1]}" + (f" with {row[2]} accounts" if row[2] else "")]
    said = []
    for column, cell in zip(columns[1:], row[1:], strict=True):
        if column in ("domain", "domains"):
            said += [f"domain {domain}" for domain in cell.split()]
        elif cell and column != "source":
            said.append(f"{column.removeprefix('app_')} {cell}")
    return said


def _difference(old: list[str], new: list[str]) -> str:
    gone, come = set(old) - set(new), set(new) - set(old)
    return _told([f"not {one}" for one in sorted(gone)] + [f"now {one}" for one in sorted(come)])


def _told(said: list[str]) -> str:
    more = f"; … and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + more
