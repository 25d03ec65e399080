"""Imports of public sources into the catalog, each from a clone that the user has: `run(settings, kind, path)`.

One module for each layout gives what it found as `Gathered`; `folder` writes it as `catalog/imported/<kind>/` in the home
folder, from where `etl.catalog.load` lays it beneath the shipped catalog. Nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import CatalogError

if TYPE_CHECKING:
    from etl.catalog.importing.folder import Changes
    from etl.catalog.importing.gathered import Gathered
    from etl.settings import Settings

# kind → module, function, what it is. The order is that in which imports are laid beneath the catalog: the earlier names an app.
KINDS: dict[str, tuple[str, str, str]] = {
    "twofactorauth": ("services", "read_twofactorauth", "2factorauth/twofactorauth: second factors"),
    "passkeys": ("services", "read_passkeys", "2factorauth/passkeys: passkeys"),
    "lolrmm": ("tools", "read_lolrmm", "magicsword-io/LOLRMM: remote-management tools"),
    "shadowai": ("tables", "read_shadowai", "radiusmethod/shadowai-domains: generative AI"),
    "ssotax": ("tools", "read_ssotax", "robchahin/sso-wall-of-shame: the price of single sign-on"),
    "v2fly": ("v2fly", "read_v2fly", "v2fly/domain-list-community: domains by service"),
    "misp": ("misp", "read_misp", "MISP/misp-warninglists: shorteners, abused sites, Azure ranges, …"),
    "hibp": ("tables", "read_hibp", "Have I Been Pwned: the JSON of its list of breaches"),
    "mdca": ("mdca", "read_mdca", "Microsoft Defender for Cloud Apps: the CSV of discovered apps"),
}


def run(settings: Settings, kind: str, path: Path) -> Changes:
    """Read a clone, and put it in the place of the import before. Raises CatalogError when the path holds no such layout."""
    from etl.catalog import catalog_settings
    from etl.catalog.catalog import user_file
    from etl.catalog.importing.folder import replace_folder

    found = read(kind, path)
    changes = replace_folder(user_file(settings.home, catalog_settings(settings).imported) / kind, kind, found)
    if not found.overrides:
        return changes
    from etl.catalog.importing.tagging import tag

    return replace(changes, tagged=tag(settings))


def read(kind: str, path: Path) -> Gathered:
    """What a clone holds. Raises CatalogError for an unknown kind, or when the path holds no such layout."""
    if kind not in KINDS:
        raise CatalogError(f"import: found the kind {kind!r}; expected one of {', '.join(KINDS)}. Correct it.")
    module, name, _ = KINDS[kind]
    reader: Callable[[Path], Gathered] = getattr(import_module(f"{__name__}.{module}"), name)
    return reader(path)
