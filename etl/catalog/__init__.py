"""The app catalog: which cloud app is behind a host, and how risky it is.

Facts lie in `data/` as rows that a person can review: one an app, one a domain that is not an app, one a vendor's label.
`load()` reads and scores them; `Catalog.write()` puts what models read into the lake.
"""

from __future__ import annotations

from functools import lru_cache

from etl.catalog.catalog import Catalog
from etl.settings import Settings

__all__ = ["Catalog", "load"]


def load(settings: Settings) -> Catalog:
    """The catalog that ships with this version, scored. Raises CatalogError when its data is wrong."""
    return _shipped()


@lru_cache(maxsize=1)
def _shipped() -> Catalog:
    return Catalog.read()
