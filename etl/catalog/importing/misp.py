"""MISP/misp-warninglists: `lists/<name>/list.json` (or `<name>/list.json`), each with a name and a `list` of domains or ranges.

url-shortener, link-in-bio    services, one a domain
lots-project                  domains under which anyone can publish, known to be abused: the factor user_published
disposable-email              domains for mail that leaves no trace: one service for all of them
dynamic-dns                   domains under which anyone can have a name: one service for all of them
microsoft-office365           domains of Microsoft 365; those that the catalog gives to its parts stay there
microsoft-azure               address ranges of Azure
Other lists are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from etl.catalog.importing.gathered import Gathered, Service, domain_of
from etl.catalog.importing.reading import folder_in, json_of, refuse

DISPOSABLE, DYNAMIC = "disposable-email", "dynamic-dns"


def read_misp(root: Path) -> Gathered:
    """The lists that say something of apps. Raises CatalogError when the path holds none of them."""
    found = Gathered()
    is_there = False
    for name, add in LISTS.items():
        folder = folder_in(root, f"lists/{name}", name)
        path = folder / "list.json" if folder else None
        if path is None or path.is_symlink() or not path.is_file():
            continue
        value = json_of(path)
        items = value.get("list") if isinstance(value, dict) else None
        if isinstance(items, list):
            is_there = True
            add(sorted({item for item in items if isinstance(item, str)}), found)
    if not is_there:
        refuse(root, f"lists/<name>/list.json with one of {', '.join(LISTS)}")
    return found


def _each(service: Service) -> Callable[[list[str], Gathered], None]:
    """A service for each domain, named by it."""

    def add(items: list[str], found: Gathered) -> None:
        for item in items:
            found.add(replace(service, name=domain_of(item) or ""), [item])

    return add


def _all(service: Service, first: str | None = None) -> Callable[[list[str], Gathered], None]:
    """One service for all domains; `first` is the one it is known by, if it is among them."""

    def add(items: list[str], found: Gathered) -> None:
        found.add(service, sorted(items, key=lambda item: (item != first, item)))

    return add


def _azure(items: list[str], found: Gathered) -> None:
    source = "misp:azure"
    service = Service("Microsoft Azure", (), source, vendor="Microsoft", category="Cloud computing platform")
    known = found.add(service, ["azure.com"])
    for item in items:
        found.add_range(item, known.domains[0] if known else None, None, source)


LISTS: dict[str, Callable[[list[str], Gathered], None]] = {
    "url-shortener": _each(
        Service("", (), "misp:url-shortener", category="Content sharing", traits=("link_shortener",))
    ),
    "link-in-bio": _each(Service("", (), "misp:link-in-bio", category="Content sharing")),
    "lots-project": _each(Service("", (), "misp:lots", facts={"user_published": "yes"})),
    DISPOSABLE: _all(
        Service(
            "Disposable e-mail", (), "misp:disposable-email", category="Webmail", traits=("anonymous_use", "webmail")
        )
    ),
    DYNAMIC: _all(
        Service("Dynamic DNS", (), "misp:dynamic-dns", category="Hosting services", facts={"user_published": "yes"})
    ),
    "microsoft-office365": _all(
        Service("Microsoft 365", (), "misp:microsoft-365", vendor="Microsoft", category="Productivity"), "office365.com"
    ),
    "microsoft-azure": _azure,
}
