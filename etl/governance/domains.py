"""Which domains stand for an unsanctioned app on a device that blocks by domain, and what such a block cannot do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from etl.catalog.catalog import Catalog
from etl.catalog.own import DOMAIN
from etl.settings import Settings

UNCATALOGUED = "uncatalogued:"


@dataclass(frozen=True)
class Enforceable:
    """The domains that may be blocked for an app, sorted, and sentences about what that leaves open or hits besides."""

    app_id: str
    app_name: str
    domains: tuple[str, ...]
    warnings: tuple[str, ...]


def enforceable(settings: Settings, catalog: Catalog, app_id: str, blocked: Collection[str] = ()) -> Enforceable:
    """What can be done about one app by domain. `blocked`: ids of the apps that are to be blocked besides it."""
    app = catalog.apps.get(app_id)
    name = app.app_name if app else app_id.removeprefix(UNCATALOGUED)
    named = app.domains if app else [name] if app_id.startswith(UNCATALOGUED) else []
    given = tuple(domain for domain in named if is_domain(domain))
    if app_id in settings.governance.never_block:
        warning = f"{name} ({app_id}) stays off the block lists: [governance] never_block names it."
        return Enforceable(app_id, name, (), (warning,))
    warnings = _by_path(catalog, app_id, name, given)
    guard = guarded(settings, catalog)
    free = tuple(sorted(domain for domain in given if not _touches(domain, guard)))
    for domain in sorted(set(given) - set(free)):
        kept = next(one for one in guard if _is_under(domain, one) or _is_under(one, domain))
        warnings.append(f"{name}: {domain} stays off the block lists, since [governance] never_block guards {kept}.")
    warnings += _shared(catalog, app_id, name, free, blocked)
    return Enforceable(app_id, name, free, tuple(warnings))


def is_domain(text: str) -> bool:
    """Whether a text is a plain domain of two labels at least, and so safe to write into a device's configuration."""
    return DOMAIN.fullmatch(text) is not None and not text.replace(".", "").isdigit() and len(text) <= 253


def guarded(settings: Settings, catalog: Catalog) -> list[str]:
    """The domains that no block list may hold, by themselves, as part of a wider one, or below one, sorted."""
    found: set[str] = set()
    for one in settings.governance.never_block:
        found.update(catalog.apps[one].domains if one in catalog.apps else [one.lower().strip(".")])
    return sorted(found)


def without_covered(domains: Iterable[str]) -> list[str]:
    """The domains that no other one of them covers, sorted: example.com says all that www.example.com would."""
    given = set(domains)
    return sorted(domain for domain in given if not any(parent in given for parent in _parents(domain)))


def _by_path(catalog: Catalog, app_id: str, name: str, domains: tuple[str, ...]) -> list[str]:
    paths = sorted(one.domain + one.path_prefix for one in catalog.entries.paths if one.app_id == app_id)
    if not domains:
        known = f"it is known by the path {', '.join(paths)} only" if paths else "no domain of it is known"
        return [
            f"{name} ({app_id}) cannot be enforced by domain: {known}. Block lists leave it out; "
            "give it a domain of its own in catalog/own.toml if it has one."
        ]
    if paths:
        return [f"{name}: {', '.join(paths)} cannot be enforced by domain; its own domains are."]
    return []


def _shared(catalog: Catalog, app_id: str, name: str, domains: tuple[str, ...], blocked: Collection[str]) -> list[str]:
    """Other apps below its domains: a device that blocks example.com blocks app.example.com, too."""
    hit: dict[str, set[str]] = {}
    mine = set(domains)
    for other, owner in catalog.domains.items():
        if owner not in (app_id, *blocked):
            for parent in _parents(other):
                if parent in mine:
                    hit.setdefault(parent, set()).add(catalog.apps[owner].app_name)
    return [
        f"{name}: blocking {domain} also blocks {', '.join(sorted(names))}, not tagged unsanctioned."
        for domain, names in sorted(hit.items())
    ]


def _touches(domain: str, guard: Iterable[str]) -> bool:
    return any(_is_under(domain, one) or _is_under(one, domain) for one in guard)


def _is_under(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith("." + parent)


def _parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[number:]) for number in range(1, len(labels))]
