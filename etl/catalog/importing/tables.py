"""Sources that are tables: radiusmethod/shadowai-domains (CSV files), the breaches of Have I Been Pwned (a JSON list).

shadowai-domains: Domain, Category, Subcategory, Country, Notes; the subcategory is the vendor, but for "SaaS / Enterprise".
Have I Been Pwned: the answer of its public list of breaches; what is fabricated, unverified, retired or a mere list of
addresses says nothing of a service and is left out.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from etl.catalog.entries import Breach
from etl.catalog.importing.categories import COUNTRIES, SAAS
from etl.catalog.importing.gathered import Gathered, Service, domain_of, is_like
from etl.catalog.importing.reading import csv_of, files_in, json_of, refuse
from etl.errors import CatalogError

SHADOWAI = {"domain", "category", "subcategory", "country"}


def read_shadowai(root: Path) -> Gathered:
    """Generative-AI services and software with such features. Raises CatalogError when the path holds no such layout."""
    found = Gathered()
    for path in files_in(root, ".csv") if root.is_dir() else ():
        try:
            rows = csv_of(path)
        except CatalogError:
            found.skipped["files that cannot be read"] += 1
            continue
        for row in rows:
            if row.keys() >= SHADOWAI:
                _add_ai(row, found)
    if not found.services:
        refuse(root, "*.csv with the columns Domain, Category, Subcategory, Country")
    return found


def _add_ai(row: dict[str, str], found: Gathered) -> None:
    is_saas = row["category"].startswith("SaaS")
    domain = domain_of(row["domain"]) or ""
    named = row["subcategory"] if not is_saas and is_like(domain, row["subcategory"]) else domain
    country = COUNTRIES.get(row["country"].lower())
    service = Service(
        named,
        (),
        "shadowai",
        vendor=None if is_saas else row["subcategory"],
        category=SAAS.get(row["subcategory"]) if is_saas else "Generative AI",
        traits=() if is_saas else ("generative_ai",),
        facts={"headquarters": country} if country else {},
    )
    found.add(service, [row["domain"]])


def read_hibp(root: Path) -> Gathered:
    """Breaches by domain, from a folder or a file. Raises CatalogError when the path holds no such layout."""
    found = Gathered()
    paths = [root] if root.is_file() else list(files_in(root, ".json")) if root.is_dir() else []
    for path in paths:
        value = json_of(path)
        for one in value if isinstance(value, list) else ():
            if isinstance(one, dict) and {"Name", "Domain", "BreachDate"} <= one.keys():
                _add_breach(one, found)
    if not found.services:
        refuse(root, "*.json with a list of breaches (Name, Domain, BreachDate)")
    return found


def _add_breach(one: dict[str, Any], found: Gathered) -> None:
    if not one["Domain"]:
        found.skipped["breaches without a domain"] += 1
    elif one.get("IsVerified") is False or any(one.get(key) for key in ("IsFabricated", "IsRetired", "IsSpamList")):
        found.skipped["breaches that are unverified, fabricated, retired or mere lists"] += 1
    elif not _is_past(one["BreachDate"]):
        found.skipped["breaches without a date"] += 1
    else:
        accounts = one.get("PwnCount")
        known = accounts if isinstance(accounts, int) and not isinstance(accounts, bool) and accounts > 0 else None
        breach = Breach(one["BreachDate"], known, "hibp")
        found.add(Service(str(one.get("Title") or one["Name"]), (), "hibp", breaches=(breach,)), [one["Domain"]])


def _is_past(text: object) -> bool:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        return date(1990, 1, 1) < date.fromisoformat(text) <= date.today()  # noqa: DTZ011 - a date of any zone will do
    except ValueError:
        return False
