"""What the catalog's data files must keep, each breach as a sentence with file and line.

Refused: unknown words (category, trait, factor, value, purpose, source), missing sources, unsorted files, wrong countries,
domains that are no domains or a registry's suffix, one domain twice, a domain under another app's without saying so (`parents`),
labels and ranges that point nowhere or two ways.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from etl.catalog import suffixes
from etl.catalog.countries import COUNTRIES
from etl.catalog.entries import BREACH, FACT, HINT, NOT_APP, PATH, RANGE, App, read_apps
from etl.catalog.merge import suffixes_of
from etl.catalog.own import DOMAIN, MOST_LABELS
from etl.catalog.rows import Row, read_rows
from etl.catalog.score import edition
from etl.catalog.vocabulary import Factor, factors, slug, words
from etl.errors import CatalogError

SHOWN = 30


def is_development() -> bool:
    """Whether this is a checkout, where data changes by hand; an installed catalog was checked before it was released."""
    return (Path(__file__).parents[2] / ".git").exists()


def check(folder: Path) -> None:
    """Raise CatalogError with all findings of a folder of catalog data."""
    found = list(findings(folder))
    if found:
        more = f"\n… and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise CatalogError("\n".join(found[:SHOWN]) + more)


def findings(folder: Path) -> Iterator[str]:
    """Everything that is wrong in a folder of catalog data."""
    apps: dict[str, tuple[App, Row]] = {}
    for app, row in read_apps(folder):
        if app.app_id in apps:
            yield row.sentence(f"the app {app.app_id!r} again", "it once", "Merge the rows.")
        apps[app.app_id] = (app, row)
        yield from _app(app, row)
    yield from _sorted(folder)
    yield from _overlaps(apps)
    yield from _facts(folder, apps)
    yield from _others(folder, apps)


def _app(app: App, row: Row) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", app.app_id):
        yield row.sentence(f"the id {app.app_id!r}", "lower-case words joined by _", "Change it.")
    if not app.app_name:
        yield row.sentence("no name", "the name people use", "Add it.")
    for trait in app.traits:
        if trait not in words("traits"):
            yield row.sentence(f"the trait {trait!r}", f"one of {', '.join(words('traits'))}", "Correct it.")
    yield from _sources(row)
    if not app.domains:
        yield row.sentence("no domains", "at least one", "Add the app's own domains.")
    for domain in app.domains:
        yield from _domain(domain, row)
    for column, values in (("domains", app.domains), ("traits", app.traits)):
        if list(values) != sorted(set(values)):
            yield row.sentence(f"unsorted or repeated {column}", "them sorted, each once", "Sort them.")


def _domain(domain: str, row: Row) -> Iterator[str]:
    if (
        not DOMAIN.fullmatch(domain)
        or len(domain) > 253
        or domain.count(".") >= MOST_LABELS
        or re.fullmatch(r"[0-9.]+", domain)
    ):
        yield row.sentence(f"the domain {domain!r}", "lower case, whole labels, punycode, no path", "Correct it.")
    elif suffixes.is_registry(domain):
        yield row.sentence(
            f"the suffix {domain!r}", "a domain below it", "A registry's suffix is nobody's: take it away."
        )


def _sources(row: Row) -> Iterator[str]:
    given = row.words("source")
    if not given:
        yield row.sentence(
            "no source", f"one of {', '.join(words('sources'))}", "Say where it comes from, or take the row away."
        )
    for source in given:
        if source not in words("sources"):
            yield row.sentence(
                f"the source {source!r}",
                f"one of {', '.join(words('sources'))}",
                "Correct it, or add it to sources.csv.",
            )


def _sorted(folder: Path) -> Iterator[str]:
    """Each file is sorted by its leading columns, so that a change is one line of a diff."""
    keys = {"apps": 1, "facts": 2, "hints": 1, "breaches": 2, "not_apps": 1, "ranges": 0, "paths": 2}
    for path in sorted(folder.rglob("*.csv")):
        width = keys.get(path.parent.name if path.parent != folder else path.stem, 0)
        lines = path.read_text(encoding="utf-8").splitlines()
        if not width or not lines:
            continue
        previous: tuple[str, ...] = ()
        for row in read_rows(path, lines[0].split(",")):
            key = tuple(list(row.values.values())[:width])
            if key <= previous:
                yield row.sentence(
                    f"{' '.join(key)!r} after {' '.join(previous)!r}", "sorted rows, each once", "Move the row."
                )
            previous = key


def _overlaps(apps: dict[str, tuple[App, Row]]) -> Iterator[str]:
    holders: dict[str, str] = {}
    for app, row in apps.values():
        for parent in app.parents:
            if parent not in apps:
                yield row.sentence(f"the parent {parent!r}", "the id of an app", "Correct it.")
        for domain in app.domains:
            if domain in holders:
                yield row.sentence(
                    f"{domain!r}, which {holders[domain]} holds", "one app for a domain", "Take one away."
                )
            holders[domain] = app.app_id
    for app, row in apps.values():
        for domain in app.domains:
            above = next((one for one in list(suffixes_of(domain))[1:] if one in holders), None)
            if above is None:
                continue
            if holders[above] == app.app_id:
                if not above.startswith("-"):
                    yield row.sentence(
                        f"{domain!r} beside {above!r}", "the shorter alone: it holds both", "Take the longer away."
                    )
            elif holders[above] not in _line_of(app, apps):
                yield row.sentence(
                    f"{domain!r} under {above!r} of {holders[above]}",
                    f"{holders[above]} among its parents",
                    "Name the parent, or take it away.",
                )


def _line_of(app: App, apps: dict[str, tuple[App, Row]]) -> set[str]:
    """The app's parents, their parents, and so on."""
    line: set[str] = set()
    waiting = list(app.parents)
    while waiting:
        at = waiting.pop()
        if at in apps and at not in line:
            line.add(at)
            waiting += apps[at][0].parents
    return line


def _facts(folder: Path, apps: dict[str, tuple[App, Row]]) -> Iterator[str]:
    for path in sorted((folder / "facts").glob("*.csv")):
        for row in read_rows(path, FACT):
            app = apps.get(row["app_id"])
            if app is None or slug(app[0].category or "") != path.stem:
                yield row.sentence(
                    f"the app {row['app_id']!r}", f"an app of {path.stem}", "Move the row, or add the app."
                )
            yield from _sources(row)
            factor = factors().get(row["factor"])
            if factor is None or factor.kind in {"trait", "date"}:
                yield row.sentence(
                    f"the factor {row['factor']!r}", "one of factors.csv that is not a trait", "Correct it."
                )
            elif not _is_value(factor, row["value"]):
                yield row.sentence(f"{row['factor']} = {row['value']!r}", _values(factor), "Correct the value.")


def _is_value(factor: Factor, value: str) -> bool:
    if factor.kind == "year":
        return bool(re.fullmatch(r"1[5-9]\d\d|20\d\d", value)) and int(value) <= edition().year
    if factor.kind == "country":
        return value in COUNTRIES
    given = value.split("+") if factor.kind == "best" else [value]
    return all(one in factor.points for one in given) and given == sorted(set(given))


def _values(factor: Factor) -> str:
    told = {"year": "a year up to the edition's", "country": "an ISO 3166 alpha-2 code"}.get(factor.kind)
    join = ", sorted and joined by +" if factor.kind == "best" else ""
    return told or f"one of {', '.join(factor.points)}{join}"


def _others(folder: Path, apps: dict[str, tuple[App, Row]]) -> Iterator[str]:
    holders = {domain: app.app_id for app, _ in apps.values() for domain in app.domains}
    for row in _rows(folder, "breaches.csv", BREACH):
        yield from _points_to(row, apps)
        yield from _sources(row)
        if not _is_date(row["breach_date"]) or not re.fullmatch(r"\d*", row["accounts"]):
            yield row.sentence(
                f"{row['breach_date']} {row['accounts']}", "a date as YYYY-MM-DD, a number or nothing", "Correct it."
            )
    for row in _rows(folder, "not_apps.csv", NOT_APP):
        yield from _domain(row["domain"], row)
        yield from _sources(row)
        if row["purpose"] not in words("purposes"):
            yield row.sentence(
                f"the purpose {row['purpose']!r}", f"one of {', '.join(words('purposes'))}", "Correct it."
            )
        if row["domain"] in holders:
            yield row.sentence(
                f"{row['domain']!r}, which {holders[row['domain']]} holds", "an app or not an app", "Take one away."
            )
    labels: dict[str, str] = {}
    for path in sorted((folder / "hints").glob("*.csv")):
        for row in read_rows(path, HINT):
            yield from _points_to(row, apps)
            yield from _sources(row)
            if row["hint"] != row["hint"].lower() or labels.setdefault(row["hint"], row["app_id"]) != row["app_id"]:
                yield row.sentence(f"the label {row['hint']!r}", "lower case, one app for all vendors", "Correct it.")
    for row in _rows(folder, "ranges.csv", RANGE):
        yield from _range(row, apps)
    prefixes: list[tuple[str, str]] = []
    for row in _rows(folder, "paths.csv", PATH):
        yield from _points_to(row, apps)
        yield from _sources(row)
        yield from _domain(row["domain"], row)
        prefix = row["path_prefix"]
        if not prefix.startswith("/") or prefix.endswith("/"):
            yield row.sentence(f"the path {prefix!r}", "a path such as /drive", "Correct it.")
        elif any(row["domain"] == domain and f"{prefix}/".startswith(f"{above}/") for domain, above in prefixes):
            yield row.sentence(f"{prefix!r} under another of {row['domain']}", "one app for a path", "Take one away.")
        prefixes.append((row["domain"], prefix))


def _range(row: Row, apps: dict[str, tuple[App, Row]]) -> Iterator[str]:
    yield from _sources(row)
    try:
        ipaddress.ip_network(row["cidr"])
    except ValueError as error:
        yield row.sentence(f"{row['cidr']!r} ({error})", "a range such as 192.0.2.0/24", "Correct it.")
    if bool(row["app_id"]) == bool(row["purpose"]):
        yield row.sentence("an app and a purpose, or neither", "one of them", "Correct it.")
    elif row["app_id"]:
        yield from _points_to(row, apps)
    elif row["purpose"] not in words("purposes"):
        yield row.sentence(f"the purpose {row['purpose']!r}", f"one of {', '.join(words('purposes'))}", "Correct it.")


def _rows(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[Row]:
    if (folder / name).exists():
        yield from read_rows(folder / name, columns)


def _points_to(row: Row, apps: dict[str, tuple[App, Row]]) -> Iterator[str]:
    if row["app_id"] not in apps:
        yield row.sentence(f"the app {row['app_id']!r}", "the id of an app", "Correct it, or add the app.")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text) <= edition()
    except ValueError:
        return False
