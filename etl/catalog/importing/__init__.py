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

from etl.catalog import catalog_settings
from etl.catalog.catalog import user_file
from etl.catalog.importing.folder import Changes, replace_folder
from etl.catalog.importing.tagging import tag
from etl.catalog.kinds import KINDS
from etl.errors import CatalogError

if TYPE_CHECKING:
    from etl.catalog.importing.gathered import Gathered
    from etl.settings import Settings

__all__ = ["KINDS", "read", "run"]


def run(settings: Settings, kind: str, path: Path) -> Changes:
    """Read a clone, and put it in the place of the import before. Raises CatalogError when the path holds no such layout."""
    found = read(kind, path)
    changes = replace_folder(user_file(settings.home, catalog_settings(settings).imported) / kind, kind, found)
    if not found.overrides:
        return changes
    return replace(changes, tagged=tag(settings))


def read(kind: str, path: Path) -> Gathered:
    """What a clone holds. Raises CatalogError for an unknown kind, or when the path holds no such layout."""
    if kind not in KINDS:
        raise CatalogError(f"import: found the kind {kind!r}; expected one of {', '.join(KINDS)}. Correct it.")
    module, name, _ = KINDS[kind]
    reader: Callable[[Path], Gathered] = getattr(import_module(f"{__name__}.{module}"), name)
    return reader(path)
