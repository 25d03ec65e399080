"""v2fly/domain-list-community: `data/<list>`, a rule a line: `[domain:|full:|regexp:|keyword:|include:]value [@attribute…] # comment`.

A list of a service (`dropbox`) is one service with the domains of its own rules. What it includes are services of their own
(`google` includes `youtube`); the list that includes them names their vendor. A list of lists (`category-…`) gives those that it
includes a category, and its own rules are services named by their domains; one without a counterpart in our categories, and
lists by country or top-level domain, are passed over. Rules with @ads are not apps. An include with attributes speaks of some
rules of the other list only, so it says nothing of that list. Patterns (regexp, keyword) are no domains and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from etl.catalog import suffixes
from etl.catalog.importing.categories import LISTS, PURPOSES
from etl.catalog.importing.gathered import Gathered, Service, domain_of, is_like
from etl.catalog.importing.reading import files_in, folder_in, refuse, text_of

SOURCE = "v2fly"
NO_SERVICES = ("category-", "geolocation-", "tld-")
PASSED_OVER = {"cn", "private", "tld-cn"}
AS_ONE = {
    "category-porn": ("Adult sites", "News and entertainment")
}  # thousands of sites of which nothing else is asked
NOT_APPS = {"-ads": "advertising", "-pki": "certificate", "-cdn": "infrastructure"}


@dataclass
class Rules:
    """One list: its domains, those that are advertising, and the lists that it includes as a whole."""

    domains: list[str] = field(default_factory=list)
    advertising: list[str] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)


def read_v2fly(root: Path) -> Gathered:
    """Services with their domains. Raises CatalogError when the path holds no such layout."""
    folder = folder_in(root, "data")
    if folder is None:
        refuse(root, "data/<list>")
    found = Gathered()
    lists = {path.name: _rules(text_of(path), found) for path in files_in(folder) if not path.suffix}
    categories, purposes = _classes(lists, LISTS), _classes(lists, tuple((*one, None) for one in PURPOSES))
    vendors = _vendors(lists)
    for name, rules in sorted(lists.items()):
        for domain in rules.advertising:
            found.add_not_app(domain, "advertising", SOURCE)
        category, trait = categories.get(name, (None, None))
        if name in AS_ONE:
            found.add(Service(AS_ONE[name][0], (), SOURCE, category=AS_ONE[name][1]), rules.domains)
            continue
        purpose = _purpose(name) or (purposes.get(name, (None, None))[0] if category is None else None)
        if purpose is not None:
            for domain in rules.domains:
                found.add_not_app(domain, purpose, SOURCE)
        elif name.startswith(NO_SERVICES):
            if category is not None:
                _add_each(rules.domains, category, trait, found)
        elif name not in PASSED_OVER and rules.domains:
            traits = (trait,) if trait else ()
            service = Service(_title(name), (), SOURCE, vendors.get(name), category, traits)
            found.add(service, _first_own(name, rules.domains))
    if not found.services:
        refuse(root, "data/<list> with lines such as example.com or full:www.example.com")
    return found


def _rules(text: str, found: Gathered) -> Rules:
    rules = Rules()
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        kind, colon, value = words[0].partition(":")
        attributes = [word for word in words[1:] if word.startswith("@")]
        if not colon:
            kind, value = "domain", words[0]
        if kind == "include":
            rules.includes += [] if attributes else [value]
        elif kind in {"domain", "full"}:
            (rules.advertising if "@ads" in attributes else rules.domains).append(value)
        else:
            found.skipped["rules that are patterns"] += 1
    return rules


def _classes(
    lists: dict[str, Rules], classes: tuple[tuple[str, str, str | None], ...]
) -> dict[str, tuple[str, str | None]]:
    """List → class, of the lists of a class and of all that they include, directly or not; the first class decides."""
    found: dict[str, tuple[str, str | None]] = {}
    for start, word, trait in classes:
        for name in lists:
            if name.startswith(start):
                for one in _included(name, lists, set()):
                    found.setdefault(one, (word, trait))
    return found


def _included(name: str, lists: dict[str, Rules], seen: set[str]) -> Iterator[str]:
    """A list and, when it is a list of lists, what it includes. Whoever is included by a service is not in its class."""
    waiting = [name]
    while waiting:
        at = waiting.pop()
        if at in seen or at not in lists:
            continue
        seen.add(at)
        yield at
        if at.startswith(NO_SERVICES):
            waiting += lists[at].includes


def _vendors(lists: dict[str, Rules]) -> dict[str, str]:
    """Service → the one service whose list includes it: google for youtube."""
    above: dict[str, set[str]] = {}
    for name, rules in lists.items():
        if not name.startswith(NO_SERVICES) and name not in PASSED_OVER:
            for one in rules.includes:
                above.setdefault(one, set()).add(name)
    return {one: _title(next(iter(names))) for one, names in above.items() if len(names) == 1}


def _purpose(name: str) -> str | None:
    return next((purpose for ending, purpose in NOT_APPS.items() if name.endswith(ending)), None)


def _add_each(domains: list[str], category: str, trait: str | None, found: Gathered) -> None:
    """The rules of a list of lists, each registrable domain a service."""
    for given in domains:
        domain = domain_of(given)
        if domain is not None:
            name = suffixes.registrable_domain(domain)
            found.add(Service(name, (), SOURCE, category=category, traits=(trait,) if trait else ()), [name, domain])


def _first_own(name: str, domains: list[str]) -> list[str]:
    """The domains with that first by which the service is known: like the list's name, and short."""
    return sorted(domains, key=lambda one: (not is_like(domain_of(one) or one, name), one.count("."), len(one), one))


def _title(name: str) -> str:
    """A list's name for people: github-copilot, Github Copilot."""
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("!", "non ").split("-"))
