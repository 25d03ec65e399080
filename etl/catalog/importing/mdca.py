"""The CSV of discovered apps that Microsoft Defender for Cloud Apps exports: scores, categories and tags as overrides.

Its columns are not documented, and their names differ between the portals, so each is known by several names (any case). Needed
are the app's name and one of score, category, tags. An app is found in the catalog by its domains, else by its name.
"""

from __future__ import annotations

import re
from pathlib import Path

from etl.catalog.importing.gathered import Gathered, Override, Service, name_of
from etl.catalog.importing.reading import csv_of, refuse
from etl.catalog.vocabulary import words

SOURCE = "mdca"
COLUMNS = {
    "name": ("app", "app name", "appname", "application", "name", "displayname", "display name", "cloud app"),
    "score": ("risk score", "score", "riskscore", "appscore", "app score", "risk"),
    "category": ("category", "app category", "appcategory"),
    "tags": ("tags", "app tags", "apptags", "tag", "app tag"),
    "domains": ("domains", "domain", "associated domains", "domain list", "app domains"),
}
SPLIT = re.compile(r"[;,|\s]+")


def read_mdca(path: Path) -> Gathered:
    """Overrides by app. Raises CatalogError when the path holds no such file."""
    paths = [path] if path.is_file() else sorted(path.glob("*.csv")) if path.is_dir() else []
    found = Gathered()
    for one in paths:
        for row in csv_of(one):
            values = {key: next((row[name] for name in names if row.get(name)), "") for key, names in COLUMNS.items()}
            name = name_of(values["name"])
            if not name:
                continue
            score = _score(values["score"])
            category = _category(values["category"])
            tags = tuple(sorted({tag for part in re.split(r"[;,|]", values["tags"]) if (tag := name_of(part).lower())}))
            if score is None and category is None and not tags:
                found.skipped["apps without score, category and tags"] += 1
                continue
            found.overrides[name] = Override(score, category, tags)
            if values["domains"]:
                found.add(Service(name, (), SOURCE, category=category), SPLIT.split(values["domains"].strip("[]")))
    if not found.overrides:
        refuse(path, "a CSV with the columns App, and Score, Category or Tags")
    return found


def _score(text: str) -> float | None:
    number = re.fullmatch(r"(\d{1,2}(?:[.,]\d+)?)(?:\s*/\s*10)?", text.strip())
    value = float(number[1].replace(",", ".")) if number else None
    return value if value is not None and 0 <= value <= 10 else None


def _category(text: str) -> str | None:
    """Ours of the same name, whatever the case, hyphens and `and`."""
    known = {_plain(category): category for category in words("categories")}
    return known.get(_plain(text))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]+", "", text.lower().replace("&", "and"))
