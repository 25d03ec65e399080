"""The closed lists of the catalog: categories, traits, purposes, factors, sources. Each is a data file with a sentence per word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from etl.catalog.rows import read_rows

DATA = Path(__file__).parent / "data"
Group = Literal["general", "security", "compliance", "legal"]
Level = Literal["ignored", "low", "medium", "high", "very_high"]
GROUPS: tuple[Group, ...] = get_args(Group)
LEVELS: dict[str, float] = {"ignored": 0.0, "low": 1.0, "medium": 2.0, "high": 4.0, "very_high": 8.0}


@dataclass(frozen=True)
class Factor:
    """One thing that is asked of every app. `points` maps a value to 0–10, ten is safe.

    kind: `choice` one of the values; `best` values joined by +, of which the best counts; `year` and `date` score by age;
    `country` carries no points; `trait` comes from the app's traits and counts only where it holds.
    """

    name: str
    group: str
    kind: str
    level: str
    points: dict[str, float]
    what: str


@lru_cache(maxsize=1)
def factors() -> dict[str, Factor]:
    """All factors by name, in the order of their groups."""
    rows = read_rows(DATA / "factors.csv", ("factor", "group", "kind", "weight", "points", "what"))
    found = {}
    for row in rows:
        pairs = (pair.partition(":") for pair in row.words("points"))
        points = {value: float(number) for value, _, number in pairs}
        found[row["factor"]] = Factor(row["factor"], row["group"], row["kind"], row["weight"], points, row["what"])
    return dict(sorted(found.items(), key=lambda item: (GROUPS.index(item[1].group), item[0])))


@lru_cache(maxsize=1)
def category_weights() -> dict[str, dict[str, str]]:
    """Weights that differ in a category: category → factor → level."""
    found: dict[str, dict[str, str]] = {}
    for row in read_rows(DATA / "category_weights.csv", ("category", "factor", "weight", "why")):
        found.setdefault(row["category"], {})[row["factor"]] = row["weight"]
    return found


@lru_cache(maxsize=1)
def ceilings() -> dict[tuple[str, str], float]:
    """What a trait limits the score to: (trait, category or "" for all) → highest score."""
    rows = read_rows(DATA / "ceilings.csv", ("trait", "category", "ceiling", "why"))
    return {(row["trait"], row["category"]): float(row["ceiling"]) for row in rows}


@lru_cache(maxsize=8)
def words(name: Literal["categories", "traits", "purposes", "sources"]) -> dict[str, str]:
    """A closed list with what each word means."""
    first = {"categories": "category", "traits": "trait", "purposes": "purpose", "sources": "source"}[name]
    return {row[first]: row["what"] for row in read_rows(DATA / f"{name}.csv", (first, "what"))}


def slug(category: str) -> str:
    """The file name of a category."""
    return "".join(char if char.isalpha() else "_" for char in category.lower())


@lru_cache(maxsize=1)
def categories_by_slug() -> dict[str, str]:
    return {slug(category): category for category in words("categories")}
