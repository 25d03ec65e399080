"""2factorauth/twofactorauth and 2factorauth/passkeys: `entries/<letter>/<domain>.json`, one service a file.

{"Name": {"domain": …, "additional-domains": […], "tfa": ["sms", …], "categories": "developer" | […]}}   (twofactorauth)
{"Name": {"mfa": "allowed", "passwordless": "allowed", "additional-domains": […], "categories": …}}       (passkeys)

Without `tfa` a service is listed because it has no second factor. A file of passkeys is named by its domain.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl.catalog.importing.categories import SERVICE_TRAITS, SERVICES
from etl.catalog.importing.gathered import Gathered, Service
from etl.catalog.importing.reading import files_in, folder_in, json_of, refuse
from etl.errors import CatalogError

METHODS = {
    "call": "call",
    "custom-hardware": "hardware",
    "custom-software": "software",
    "email": "email",
    "sms": "sms",
    "totp": "totp",
    "u2f": "u2f",
}


def read_twofactorauth(root: Path) -> Gathered:
    """Domains, categories and second factors. Raises CatalogError when the path holds no such layout."""
    return _read(root, "2fa.directory", _second_factors, lambda entry: "domain" in entry)


def read_passkeys(root: Path) -> Gathered:
    """Domains, categories and passkeys. Raises CatalogError when the path holds no such layout."""
    return _read(root, "passkeys", _passkeys, lambda entry: "mfa" in entry or "passwordless" in entry)


def _read(
    root: Path,
    source: str,
    facts: Callable[[dict[str, Any]], dict[str, str]],
    is_of_this_kind: Callable[[dict[str, Any]], bool],
) -> Gathered:
    folder = folder_in(root, "entries")
    if folder is None:
        refuse(root, "entries/<letter>/<domain>.json")
    found = Gathered()
    for path in files_in(folder, ".json"):
        for name, entry in _entries(path, found):
            if not is_of_this_kind(entry):
                found.skipped["entries of another layout"] += 1
                continue
            domains = [entry.get("domain", path.stem), *_texts(entry.get("additional-domains"))]
            words = _texts(entry.get("categories"))
            category = next((SERVICES[word] for word in words if word in SERVICES), None)
            traits = tuple(sorted({SERVICE_TRAITS[word] for word in words if word in SERVICE_TRAITS}))
            found.add(Service(name, (), source, category=category, traits=traits, facts=facts(entry)), domains)
    if not found.services:
        refuse(root, f"entries of {source} in entries/<letter>/<domain>.json")
    return found


def _entries(path: Path, found: Gathered) -> list[tuple[str, dict[str, Any]]]:
    try:
        value = json_of(path)
    except CatalogError:
        found.skipped["files that cannot be read"] += 1
        return []
    entries = value.items() if isinstance(value, dict) else ()
    return [(name, entry) for name, entry in entries if isinstance(entry, dict)]


def _second_factors(entry: dict[str, Any]) -> dict[str, str]:
    given = {METHODS[one] for one in _texts(entry.get("tfa")) if one in METHODS}
    if not given and entry.get("tfa"):
        return {}  # methods that we do not know: neither none nor any
    return {"mfa": "+".join(sorted(given)) or "none"}


def _passkeys(entry: dict[str, Any]) -> dict[str, str]:
    ways = [way for way in ("passwordless", "mfa") if entry.get(way) in ("allowed", "required")]
    return {"passkeys": ways[0]} if ways else {}


def _texts(value: object) -> list[str]:
    """A text or a list of texts, as a list."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
