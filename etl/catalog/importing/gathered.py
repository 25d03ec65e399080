"""What an import found, cleaned: services by their first domain, domains that are not apps, address ranges.

A name or domain that cannot be used is left out and counted under a reason, never guessed at.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from etl.catalog import suffixes
from etl.catalog.entries import Breach
from etl.catalog.own import DOMAIN, MOST_LABELS
from etl.errors import CatalogError

MOST_SERVICES = 100_000
MOST_DOMAINS = 200_000
LONGEST_NAME = 100


@dataclass(frozen=True)
class Service:
    """One service. The first of `domains` is the one it is known by; `facts` are factor → value, all from `source`."""

    name: str
    domains: tuple[str, ...]
    source: str
    vendor: str | None = None
    category: str | None = None
    traits: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()

    def joined(self, other: Service) -> Service:
        """This service with what another, found under the same first domain, adds."""
        breaches = {breach.date: breach for breach in (*other.breaches, *self.breaches)}
        return replace(
            self,
            domains=tuple(dict.fromkeys((*self.domains, *other.domains))),
            vendor=self.vendor or other.vendor,
            category=self.category or other.category,
            traits=tuple(sorted({*self.traits, *other.traits})),
            facts={**other.facts, **self.facts},
            breaches=tuple(breaches[day] for day in sorted(breaches)),
        )


@dataclass
class Gathered:
    """An import in the making. `ranges` are (CIDR, first domain of a service or null, purpose or null)."""

    services: dict[str, Service] = field(default_factory=dict)
    not_apps: dict[str, tuple[str, str]] = field(default_factory=dict)
    ranges: list[tuple[str, str | None, str | None, str]] = field(default_factory=list)
    overrides: dict[str, Override] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    _domains: int = 0

    def add(self, service: Service, domains: Iterable[object]) -> Service | None:
        """Add a service under the domains that can be used; one whose first domain is known is joined to that one."""
        good = [domain for one in domains if (domain := self.domain(one)) is not None]
        if not good:
            self.skipped["services without a usable domain"] += 1
            return None
        self._domains += len(good)
        if len(self.services) >= MOST_SERVICES or self._domains > MOST_DOMAINS:
            raise CatalogError(
                f"import: found more than {MOST_SERVICES:,} services or {MOST_DOMAINS:,} domains; "
                "expected one source's. Give the right folder."
            )
        vendor = name_of(service.vendor) or None
        new = replace(service, name=name_of(service.name) or good[0], vendor=vendor, domains=tuple(dict.fromkeys(good)))
        known = self.services.get(good[0])
        self.services[good[0]] = known.joined(new) if known else new
        return self.services[good[0]]

    def add_not_app(self, domain: object, purpose: str, source: str) -> None:
        """Add a domain that is not an app."""
        clean = self.domain(domain)
        if clean is not None and len(self.not_apps) < MOST_DOMAINS:
            self.not_apps.setdefault(clean, (purpose, source))

    def add_range(self, cidr: object, domain: str | None, purpose: str | None, source: str) -> None:
        """Add an address range, of the service with this first domain or with a purpose."""
        try:
            network = ipaddress.ip_network(str(cidr).strip())
        except ValueError:
            self.skipped["ranges that are none"] += 1
            return
        if network.prefixlen < (8 if network.version == 4 else 19) or not network.is_global:
            self.skipped["ranges that are private or too wide"] += 1
            return
        self.ranges.append((str(network), domain, purpose, source))

    def domain(self, given: object) -> str | None:
        """A domain as the catalog writes it, of `*.example.com`, `.example.com`, `example.com:443` or a URL; null if it is none."""
        found = domain_of(given)
        if found is None:
            self.skipped["domains that are none, or a registry's"] += 1
        return found

    def settle(self) -> None:
        """Give each domain to one service: to that which is known by it, else to the first; services come before what is no app."""
        holders = {domain: domain for domain in self.services}
        for first, service in sorted(self.services.items()):
            for domain in service.domains:
                holders.setdefault(domain, first)
        for first, service in self.services.items():
            mine = [domain for domain in service.domains if holders[domain] == first]
            known = set(mine)
            kept = [one for one in mine if one == first or not _is_under(one, known)]
            self.services[first] = replace(service, domains=(first, *(one for one in kept if one != first)))
        for domain in holders:
            self.not_apps.pop(domain, None)


@dataclass(frozen=True)
class Override:
    """What another product says of an app: score (0–10, ten is safe), category and tags."""

    score: float | None
    category: str | None
    tags: tuple[str, ...]


def _is_under(domain: str, known: set[str]) -> bool:
    labels = domain.split(".")
    return any(".".join(labels[start:]) in known for start in range(1, len(labels)))


def domain_of(given: object) -> str | None:
    """See `Gathered.domain`."""
    if not isinstance(given, str) or len(given) > 2048:
        return None
    text = given.strip().lower()
    text = text.partition("://")[2] or text
    text = text.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2].partition(":")[0]
    text = text.removeprefix("*").strip(".").removeprefix("www.")
    if not text.isascii():
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            return None
    if len(text) > 253 or not DOMAIN.fullmatch(text) or text.startswith("-") or text.count(".") >= MOST_LABELS:
        return None
    if not text.rpartition(".")[2].strip("0123456789") or suffixes.is_registry(text):
        return None
    return text


def name_of(given: object) -> str:
    """A name for people: one line, no control characters, at most 100 characters, and never the start of a formula."""
    if not isinstance(given, str):
        return ""
    shown = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in given[:1000])
    return " ".join(shown.split()).lstrip("=+-@ ")[:LONGEST_NAME].strip()


def is_like(domain: str, name: str) -> bool:
    """Whether a domain's own label and a name are likely the same word: `anydesk.com`, `AnyDesk`; not `amazonaws.com`."""
    label = _letters(suffixes.registrable_domain(domain).partition(".")[0])
    word = _letters(name)
    shorter, longer = sorted((label, word), key=len)
    return len(shorter) >= 3 and shorter in longer and (len(shorter) >= 4 or shorter == longer)


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())
