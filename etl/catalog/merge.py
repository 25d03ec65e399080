"""Laying imports beneath the shipped catalog, and the user's own file above both.

Ours wins: an import adds facts that are unknown, domains that nobody holds, and services that are not there. Every fact keeps
its source, every added app its origin.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from etl.catalog import suffixes
from etl.catalog.entries import App, Entries, Fact, Foreign
from etl.catalog.own import OwnFile
from etl.errors import CatalogError


def suffixes_of(host: str) -> Iterator[str]:
    """A host and what is left of it, label by label; for a label with hyphens also its last part: a-b.c gives a-b.c, -b.c, c.

    A catalog domain that begins with a hyphen (`-my.sharepoint.com`) stands for the tails of labels.
    """
    while host:
        yield host
        label, dot, rest = host.partition(".")
        tail = label.rpartition("-")
        if dot and tail[1]:
            yield f"-{tail[2]}.{rest}"
        host = rest


def app_id_of(name: str) -> str:
    """An id made of a name: lower case, accents taken off, words joined by _."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "app"


@dataclass
class Merging:
    """The catalog while it is put together."""

    entries: Entries
    holders: dict[str, str] = field(default_factory=dict)  # domain → app id
    parents: dict[str, int] = field(default_factory=dict)  # proper suffix of a held domain → how many it is above of

    def __post_init__(self) -> None:
        for app in self.entries.apps.values():
            for domain in app.domains:
                self._hold(domain, app.app_id)

    def _hold(self, domain: str, app_id: str) -> None:
        self.holders[domain] = app_id
        for parent in list(suffixes_of(domain))[1:]:
            self.parents[parent] = self.parents.get(parent, 0) + 1

    def holder(self, domain: str) -> str | None:
        """The app whose domain this is, or lies under."""
        return next((self.holders[suffix] for suffix in suffixes_of(domain) if suffix in self.holders), None)

    def add(self, imported: Entries) -> None:
        """Lay one import beneath what is there."""
        for domain, purpose in imported.not_apps.items():
            if self.holder(domain) is None and domain not in self.parents:
                self.entries.not_apps.setdefault(domain, purpose)
        became = {app.app_id: app_id for app in imported.apps.values() if (app_id := self._lay(app)) is not None}
        known = {one.cidr for one in self.entries.ranges}
        for one in imported.ranges:
            app_id = became.get(one.app_id) if one.app_id else None
            if one.cidr not in known and (app_id or one.purpose):
                self.entries.ranges.append(replace(one, app_id=app_id))
        for hint, app_id in imported.hints.items():
            if app_id in self.entries.apps:
                self.entries.hints.setdefault(hint, app_id)
        self._override(imported.overrides, became)

    def _lay(self, imported: App) -> str | None:
        """Lay one app beneath: complete the one that holds its first domain, or add it. Gives the id that it has now."""
        if not imported.domains:
            return None
        same = self.entries.apps.get(imported.app_id)
        is_same = same is not None and any(domain in same.domains for domain in imported.domains)
        holder = imported.app_id if is_same else self.holder(imported.domains[0])
        if holder is None:
            return self._take(imported)
        self._complete(holder, imported, is_exact=is_same or imported.domains[0] in self.entries.apps[holder].domains)
        return holder

    def _override(self, overrides: dict[str, Foreign], became: dict[str, str]) -> None:
        """Lay another product's scores and categories above the shipped ones. An app that is not here is left out."""
        by_name = {app.app_name.lower(): app.app_id for app in reversed(list(self.entries.apps.values()))}
        for given, one in overrides.items():
            app_id = (
                became.get(given)
                or by_name.get(one.app_name.lower())
                or (given if given in self.entries.apps else None)
            )
            if app_id is None:
                continue
            app = self.entries.apps[app_id]
            score = app.own_score if one.score is None else one.score
            note = app.note or (f"score as {one.source} gives it" if one.score is not None else None)
            self.entries.apps[app_id] = replace(app, category=one.category or app.category, own_score=score, note=note)
            self.entries.overrides[app_id] = one

    def _complete(self, app_id: str, imported: App, *, is_exact: bool) -> None:
        """Add to an app what it does not know yet."""
        if not is_exact:
            return  # facts about a part of a host's domain (login.example.com) need not hold for the whole app
        app = self.entries.apps[app_id]
        new = [domain for domain in imported.domains if self._is_free(domain)]
        for domain in new:
            self._hold(domain, app_id)
        dates = {breach.date[:7] for breach in app.breaches}
        breaches = [breach for breach in imported.breaches if breach.date[:7] not in dates]
        # What an app is for is judged by hand in the shipped catalog; an import may add to what an import said.
        traits = app.traits if app.origin == "shipped" else tuple(sorted({*app.traits, *imported.traits}))
        self.entries.apps[app_id] = replace(
            app,
            category=app.category or imported.category,
            vendor=app.vendor or imported.vendor,
            domains=tuple(sorted({*app.domains, *new})),
            traits=traits,
            facts={**imported.facts, **app.facts},
            breaches=tuple(sorted((*app.breaches, *breaches), key=lambda breach: breach.date)),
        )

    def _take(self, app: App) -> str | None:
        """Add an imported app under the domains that are free; one whose domains are all taken adds nothing. Gives its id."""
        domains = tuple(sorted(domain for domain in set(app.domains) if self._is_free(domain)))
        if not domains:
            return None
        app_id, number = app.app_id, 2
        while app_id in self.entries.apps:
            app_id, number = f"{app.app_id}_{number}", number + 1
        self.entries.apps[app_id] = replace(app, app_id=app_id, domains=domains)
        for domain in domains:
            self._hold(domain, app_id)
        return app_id

    def _is_free(self, domain: str) -> bool:
        """Whether a domain is nobody's: not held, not under a held one, not above one, and no registry's."""
        return (
            self.holder(domain) is None
            and domain not in self.parents
            and not any(suffix in self.entries.not_apps for suffix in suffixes_of(domain))
            and not suffixes.is_registry(domain)
        )

    def lay_own(self, own: OwnFile) -> None:
        """Lay the user's file above everything. Raises CatalogError when it names an app that does not exist."""
        for app_id, given in own.apps.items():
            self._release(given.domains)
            facts = {"headquarters": Fact(given.headquarters, "own")} if given.headquarters else {}
            self.entries.apps[app_id] = App(
                app_id,
                given.name,
                given.category,
                given.domains,
                vendor=given.vendor,
                traits=given.traits,
                facts=facts,
                source="own",
                origin="own",
                note=given.note,
                own_score=given.score,
            )
            for domain in given.domains:
                self._hold(domain, app_id)
        for app_id, override in own.overrides.items():
            app = self._named(app_id, "overrides")
            self.entries.apps[app_id] = replace(
                app,
                app_name=override.name or app.app_name,
                category=override.category or app.category,
                own_score=app.own_score if override.score is None else override.score,
                note=override.note or app.note,
            )
        for domain, app_id in own.aliases.items():
            app = self._named(app_id, "aliases")
            self._release([domain])
            self.entries.apps[app_id] = replace(app, domains=tuple(sorted({*app.domains, domain})))
            self._hold(domain, app_id)
        self._release(own.not_apps)
        self.entries.not_apps.update(own.not_apps)
        self.entries.hints.update(
            {hint.lower(): self._named(app_id, "hints").app_id for hint, app_id in own.hints.items()}
        )

    def _named(self, app_id: str, table: str) -> App:
        app = self.entries.apps.get(app_id)
        if app is None:
            raise CatalogError(
                f"[{table}]: found the app {app_id!r}; expected the id of one in the catalog. See `cloud-discovery catalog lookup`."
            )
        return app

    def _release(self, domains: Iterable[str]) -> None:
        """Take domains from whoever holds them."""
        for domain in domains:
            self.entries.not_apps.pop(domain, None)
            holder = self.holders.pop(domain, None)
            if holder is not None:
                app = self.entries.apps[holder]
                kept = tuple(one for one in app.domains if one != domain)
                self.entries.apps[holder] = replace(app, domains=kept)
