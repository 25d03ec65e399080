"""The app catalog: which cloud app is behind a host, and how risky it is.

Facts lie in `data/` as rows that a person can review. `load()` reads them, lays what the user imported beneath and the user's
own file above, and scores; `Catalog.write()` puts what models read into the lake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from etl.catalog.kinds import KINDS

if TYPE_CHECKING:  # etl.settings mounts etl.catalog.settings: nothing that needs settings is imported here at run time
    from etl.catalog.catalog import Catalog
    from etl.catalog.settings import CatalogSettings
    from etl.lake import Lake
    from etl.settings import Settings

__all__ = ["bring", "catalog_settings", "load"]


def load(settings: Settings) -> Catalog:
    """The catalog: shipped, imported and own entries, scored by the configuration. Raises CatalogError when data is wrong."""
    from etl.catalog.catalog import user_file

    section = catalog_settings(settings)
    own, imported = user_file(settings.home, section.own), user_file(settings.home, section.imported)
    return _load(section.model_dump_json(), own, imported, _state(own, imported))


def bring(settings: Settings, lake: Lake) -> None:
    """Put what models read of the catalog into the lake. While no file or setting has changed, costs a look at the files' times."""
    from etl.catalog.catalog import user_file
    from etl.lake import replacing

    section = catalog_settings(settings)
    own, imported = user_file(settings.home, section.own), user_file(settings.home, section.imported)
    shipped = (path for path in sorted(Path(__file__).parent.rglob("*")) if path.suffix in {".csv", ".toml", ".py"})
    state = repr((section.model_dump_json(), _state(own, imported), _times(shipped)))
    mark = hashlib.sha256(state.encode()).hexdigest()
    path = lake.partition("catalog_apps").with_name("state.txt")
    if path.exists() and path.read_text(encoding="utf-8") == mark and lake.fingerprint("catalog_apps") is not None:
        return
    load(settings).write(lake)
    with replacing(path) as temporary:
        temporary.write_text(mark, encoding="utf-8")


def catalog_settings(settings: Settings) -> CatalogSettings:
    """The `[catalog]` section."""
    return settings.catalog


@lru_cache(maxsize=4)
def _load(section: str, own: Path, imported: Path, state: tuple[tuple[str, int, int], ...]) -> Catalog:
    from etl.catalog.catalog import Catalog
    from etl.catalog.entries import read_entries
    from etl.catalog.merge import Merging
    from etl.catalog.own import read_own
    from etl.catalog.settings import CatalogSettings
    from etl.catalog.vocabulary import DATA

    merging = Merging(read_entries(DATA))
    for folder in _imports(imported):
        merging.add(read_entries(folder, folder.name))
    merging.lay_own(read_own(own))
    return Catalog(merging.entries, CatalogSettings.model_validate_json(section).score)


def _imports(imported: Path) -> list[Path]:
    """The folders of imports: in the order of their kinds, then any others by name. A hidden one is being written."""
    order = list(KINDS)
    folders = [path for path in imported.glob("*") if path.is_dir() and not path.name.startswith(".")]
    return sorted(folders, key=lambda path: (order.index(path.name) if path.name in KINDS else len(order), path.name))


def _state(own: Path, imported: Path) -> tuple[tuple[str, int, int], ...]:
    """What a cached catalog depends on besides the settings."""
    return _times(path for path in (own, *sorted(imported.rglob("*.csv"))) if path.exists())


def _times(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
