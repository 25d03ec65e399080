"""Reading the catalog's rows and refusing wrong ones, with file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.catalog.score import FACTORS
from etl.errors import CatalogError

DATA = Path(__file__).parent / "data"
TRAITS = frozenset(
    (
        "anonymiser", "anonymous_use", "code", "e_signature", "file_sharing", "generative_ai", "identity", "meetings", "messaging",
        "password_manager", "paste", "personal_storage", "remote_access", "webmail",
    )
)  # fmt: skip
# The categories of the field (docs/catalog.md); the file name is the category.
CATEGORIES = (
    "Accounting and finance", "Advertising", "Business intelligence", "Business management", "CRM", "Cloud computing platform",
    "Cloud storage", "Code hosting", "Collaboration", "Communications", "Content management", "Content sharing", "Customer support",
    "Data analytics", "Development tools", "E-commerce", "Education", "Forums", "Generative AI", "Health", "Hosting services",
    "Human-resource management", "IT services", "Internet of Things", "Marketing", "News and entertainment", "Online meetings",
    "Operations management", "Personal instant messaging", "Product design", "Productivity", "Project management",
    "Property management", "Sales", "Security", "Social network", "Supply chain and logistics", "Transportation and travel",
    "Vendor management system", "Web analytics", "Webmail", "Website monitoring",
)  # fmt: skip
SOURCES = ("vendor", "public")


@dataclass(frozen=True)
class App:
    """One app. `facts` maps a factor to its value (`yes`, `public`, a year); what is not there is unknown."""

    app_id: str
    app_name: str
    vendor: str | None
    category: str
    headquarters_country: str | None
    traits: tuple[str, ...]
    domains: tuple[str, ...]
    facts: dict[str, str]


def slug(category: str) -> str:
    """The file name of a category."""
    return "".join(char if char.isalpha() else "_" for char in category.lower())


def read_apps() -> Iterator[App]:
    """All apps, category by category. Raises CatalogError."""
    names = {slug(category): category for category in CATEGORIES}
    seen: dict[str, str] = {}
    for path in sorted((DATA / "apps").glob("*.csv")):
        if path.stem not in names:
            raise CatalogError(
                f"{path}: found no category of this name; expected one of {', '.join(names)}. Rename the file."
            )
        previous = ""
        for number, row in _rows(path):
            app = _app(path, number, row, names[path.stem])
            if app.app_id <= previous:
                raise CatalogError(
                    f"{path}:{number}: found {app.app_id!r} after {previous!r}; expected sorted ids. Move the row."
                )
            previous = app.app_id
            for key in (app.app_id, *app.domains):
                if key in seen:
                    raise CatalogError(
                        f"{path}:{number}: found {key!r} again (also in {seen[key]}); expected it once. Take one away."
                    )
                seen[key] = f"{path.name}: {app.app_id}"
            yield app


def _app(path: Path, number: int, row: dict[str, str], category: str) -> App:
    traits = tuple(row["traits"].split())
    facts = dict(pair.partition("=")[::2] for pair in row["facts"].split())
    facts = {name: value or "yes" for name, value in facts.items()}
    wrong = [name for name in traits if name not in TRAITS] + [name for name in facts if name not in FACTORS]
    wrong += [domain for domain in row["domains"].split() if not _is_domain(domain)]
    wrong += [] if row["source"] in SOURCES else [f"source {row['source']}"]
    country = row["headquarters_country"]
    wrong += [] if country == "" or (len(country) == 2 and country.isupper()) else [country]
    if wrong or not row["domains"].split():
        raise CatalogError(
            f"{path}:{number}: found {', '.join(wrong) or 'no domains'}; expected known traits, facts and domains. See docs/catalog.md."
        )
    return App(
        row["app_id"],
        row["app_name"],
        row["vendor"] or None,
        category,
        country or None,
        traits,
        tuple(row["domains"].split()),
        facts,
    )


def _is_domain(text: str) -> bool:
    return (
        text == text.lower() and "." in text and "/" not in text and not text.startswith((".", "-")) and " " not in text
    )


def read_not_apps() -> Iterator[tuple[str, str]]:
    """Domains that are not apps, with their purpose (infrastructure, advertising, tracking, …)."""
    for number, row in _rows(DATA / "not_apps.csv"):
        if not _is_domain(row["domain"]) or not row["purpose"] or row["source"] not in SOURCES:
            raise CatalogError(
                f"not_apps.csv:{number}: found {row}; expected a domain, its purpose and a source. Correct the row."
            )
        yield row["domain"], row["purpose"]


def read_hints() -> Iterator[tuple[str, str]]:
    """Vendors' application labels (lower case) and the apps they mean."""
    for _, row in _rows(DATA / "hints.csv"):
        yield row["hint"], row["app_id"]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        for row in reader:
            yield reader.line_num, row
