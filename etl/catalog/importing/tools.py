"""Sources with a YAML file for each product: magicsword-io/LOLRMM (`yaml/*.yaml`) and robchahin/sso-wall-of-shame (`_vendors/*.yaml`).

LOLRMM names remote-management tools with the domains that they talk to, among them clouds that are not the tool's own: a domain
counts as the tool's only when it looks like its name or web site. The wall of shame names vendors that ask extra for single sign-on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.catalog import suffixes
from etl.catalog.importing.gathered import Gathered, Service, domain_of, is_like
from etl.catalog.importing.reading import files_in, folder_in, refuse, yaml_of
from etl.errors import CatalogError


def read_lolrmm(root: Path) -> Gathered:
    """Remote-management tools and their domains. Raises CatalogError when the path holds no such layout."""
    found = Gathered()
    for tool in _documents(root, "yaml", found):
        name, details = _text(tool.get("Name")), tool.get("Details")
        site = domain_of(details.get("Website")) if isinstance(details, dict) else None
        domains = [domain for given in _network(tool) if (domain := domain_of(given)) is not None]
        own = [domain for domain in ([site] if site else []) + domains if is_like(domain, name)]
        registrable = sorted({suffixes.registrable_domain(domain) for domain in own})
        # The tool's web site first: it is what people know it by.
        primary = suffixes.registrable_domain(site) if site in own and site else None
        ordered = ([primary] if primary else []) + [domain for domain in registrable if domain != primary]
        found.skipped["domains that are not the tool's own"] += len(domains) - sum(one in own for one in domains)
        service = Service(name, (), "lolrmm", category="IT services", traits=("remote_access",))
        found.add(service, ordered)
    if not found.services:
        refuse(root, "tools with Name and Artifacts in yaml/*.yaml")
    return found


def read_ssotax(root: Path) -> Gathered:
    """Vendors with single sign-on for an extra price. Raises CatalogError when the path holds no such layout."""
    found = Gathered()
    for vendor in _documents(root, "_vendors", found):
        if "sso_pricing" not in vendor:
            found.skipped["vendors without a price"] += 1
            continue
        facts = {"saml": "yes", "sso_cost": "extra"}
        found.add(Service(_text(vendor.get("name")), (), "ssotax", facts=facts), [vendor.get("vendor_url")])
    if not found.services:
        refuse(root, "vendors with name, vendor_url and sso_pricing in _vendors/*.yaml")
    return found


def _documents(root: Path, name: str, found: Gathered) -> Iterator[dict[str, Any]]:
    folder = folder_in(root, name)
    if folder is None:
        refuse(root, f"{name}/*.yaml")
    for path in files_in(folder, ".yaml", ".yml"):
        try:
            value = yaml_of(path)
        except CatalogError:
            found.skipped["files that cannot be read"] += 1
            continue
        if isinstance(value, dict):
            yield value


def _network(tool: dict[str, Any]) -> list[str]:
    artifacts = tool.get("Artifacts")
    network = artifacts.get("Network") if isinstance(artifacts, dict) else None
    found: list[str] = []
    for one in network if isinstance(network, list) else ():
        domains = one.get("Domains") if isinstance(one, dict) else None
        found += [domain for domain in domains if isinstance(domain, str)] if isinstance(domains, list) else []
    return found


def _text(value: object) -> str:
    """A text, else nothing: a value that refers to itself many times over must not be written out."""
    return value if isinstance(value, str) else ""
