"""Commands that change the user's own part of the catalog: each checks against the catalog as it is, then appends to the file."""

from __future__ import annotations

from dataclasses import dataclass

from etl import catalog
from etl.catalog import own, ranges, suffixes
from etl.catalog.catalog import Catalog, user_file
from etl.catalog.importing.gathered import domain_of, name_of
from etl.catalog.merge import app_id_of
from etl.errors import CatalogError
from etl.settings import Settings


@dataclass(frozen=True)
class Changed:
    """What was written to the user's file."""

    app_id: str
    app_name: str
    what: str
    file: str

    @property
    def sentence(self) -> str:
        return f"{self.app_name} ({self.app_id}): {self.what}, in {self.file}. The next build recognises and scores with it."


def add(settings: Settings, host: str, name: str, *, is_exact: bool = False, **values: object) -> Changed:
    """Make a host's registrable domain (`is_exact`: the host itself) an app of one's own; `values` are keys of `own.OwnApp`.

    Raises CatalogError when it is no domain, belongs to an app already, or a value is wrong.
    """
    domain = _domain(host)
    domain = domain if is_exact else suffixes.registrable_domain(domain)
    known = catalog.load(settings)
    holder = known.domains.get(domain)
    if holder is not None:
        raise CatalogError(
            f"{domain}: found that it belongs to {known.apps[holder].app_name} ({holder}); expected an uncatalogued domain. "
            f"Use `catalog override {holder}` to change that app, or --exact with a host below the domain."
        )
    app = own.app_of(name=name_of(name) or domain, domains=(domain,), **values)
    app_id = _free_id(known, app.name)
    path = user_file(settings.home, catalog.catalog_settings(settings).own)
    own.add_app(path, app_id, app)
    return Changed(app_id, app.name, f"added with the domain {domain}", str(path))


def override(settings: Settings, app: str, **values: object) -> Changed:
    """Change an app's name, category, score or note. Raises CatalogError for an app that there is not, or no change."""
    given = own.override_of(**values)
    changed = given.model_dump(exclude_none=True)
    if not changed:
        raise CatalogError(
            "override: found nothing to change; expected --name, --category, --score or --note. Give one."
        )
    app_id = _app_id(catalog.load(settings), app)
    path = user_file(settings.home, catalog.catalog_settings(settings).own)
    own.add_override(path, app_id, given)
    told = ", ".join(f"{key} {value}" for key, value in changed.items())
    return Changed(app_id, catalog.load(settings).apps[app_id].app_name, told, str(path))


def alias(settings: Settings, host: str, name: str) -> Changed:
    """Give a domain to an app. Raises CatalogError for no domain, or an app that there is not."""
    domain, known = _domain(host), catalog.load(settings)
    app_id = _app_id(known, name)
    if known.domains.get(domain) == app_id:
        raise CatalogError(
            f"{domain}: found that it belongs to {app_id} already; expected another. Nothing is to be done."
        )
    path = user_file(settings.home, catalog.catalog_settings(settings).own)
    own.add_alias(path, domain, app_id)
    return Changed(app_id, known.apps[app_id].app_name, f"holds {domain}", str(path))


def _domain(host: str) -> str:
    domain = domain_of(host)
    if domain is None or ranges.address_key(host) is not None:
        raise CatalogError(
            f"{name_of(host) or 'host'}: found no domain; expected one such as portal.example.com, below a registry's suffix. Correct it."
        )
    return domain


def _app_id(known: Catalog, name: str) -> str:
    found = known.lookup(name)
    if found.app is None:
        nearest = f" Did you mean {' or '.join(found.nearest)}?" if found.nearest else ""
        raise CatalogError(
            f"{name_of(name)}: found no such app; expected the id, name or domain of one.{nearest} Correct it."
        )
    return found.app.app_id


def _free_id(known: Catalog, name: str) -> str:
    app_id, number = app_id_of(name), 2
    while app_id in known.apps:
        app_id, number = f"{app_id_of(name)}_{number}", number + 1
    return app_id
