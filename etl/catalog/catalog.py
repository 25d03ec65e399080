"""The catalog in memory: look up a host, an address or an app, count what there is."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.catalog import ranges, suffixes
from etl.catalog.entries import App, Entries, PathPrefix
from etl.catalog.merge import suffixes_of
from etl.catalog.score import FORMULA, Score, Weights, edition, score
from etl.catalog.settings import ScoreSettings
from etl.catalog.vocabulary import category_weights, ceilings, factors

if TYPE_CHECKING:
    from etl.lake import Lake

MOST_OWN_DOMAINS = 1000


@dataclass(frozen=True)
class Lookup:
    """What a name is: an app, not an app (with its purpose), or uncatalogued under its registrable domain.

    `matched_by`: `name`, `domain`, `path`, `address range`, `vendor label`; null when uncatalogued. `matched` is the domain,
    range or label that decided. `nearest` are names of apps that the name may have meant.
    """

    name: str
    host_class: str
    matched_by: str | None = None
    matched: str | None = None
    registrable_domain: str | None = None
    purpose: str | None = None
    app: App | None = None
    score: Score | None = None
    nearest: tuple[str, ...] = ()

    @property
    def matched_domain(self) -> str | None:
        return self.matched if self.matched_by in {"domain", "path"} else None

    def as_dict(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


@dataclass(frozen=True)
class Catalog:
    """Apps, what is not an app, vendors' labels, address ranges and path prefixes, with how apps are scored."""

    entries: Entries
    score_settings: ScoreSettings = field(default_factory=ScoreSettings)

    @property
    def apps(self) -> dict[str, App]:
        return self.entries.apps

    @property
    def not_apps(self) -> dict[str, str]:
        return self.entries.not_apps

    @property
    def hints(self) -> dict[str, str]:
        return self.entries.hints

    @cached_property
    def domains(self) -> dict[str, str]:
        """Every app's domain with the app's id."""
        return {domain: app.app_id for app in self.apps.values() for domain in app.domains}

    @cached_property
    def pieces(self) -> list[ranges.Piece]:
        return ranges.pieces(self.entries.ranges)

    @cached_property
    def paths(self) -> dict[str, list[PathPrefix]]:
        """Path prefixes by domain; one under another of the same domain is left out, so that a path has one at most."""
        found: dict[str, list[PathPrefix]] = {}
        for one in sorted(self.entries.paths, key=lambda one: (one.domain, one.path_prefix)):
            before = found.setdefault(one.domain, [])
            if not any(is_under(one.path_prefix, other.path_prefix) for other in before):
                before.append(one)
        return found

    @cached_property
    def weights(self) -> Weights:
        return Weights(self.score_settings)

    def score(self, app_id: str) -> Score:
        """An app's score, with how it came about."""
        return score(self.apps[app_id], self.score_settings, self.weights)

    @cached_property
    def scores(self) -> dict[str, Score]:
        return {app_id: self.score(app_id) for app_id in self.apps}

    def lookup(self, name: str) -> Lookup:
        """What a host, an address (URL), an app's name or id, or a vendor's label is."""
        wanted = name.strip().lower()
        app = self.apps.get(wanted) or self._by_name.get(wanted)
        if app is not None:
            return self._app(name, app.app_id, "name", app.app_name)
        host, path = _host_and_path(wanted)
        found = self._address(name, host) or self._host(name, host, path)
        if found is not None:
            return found
        hinted = self.hints.get(wanted)
        if hinted is not None:
            return self._app(name, hinted, "vendor label", wanted)
        is_address = ranges.address_key(host) is not None
        nearest = () if is_address else self._nearest(host)
        registrable = host if is_address else suffixes.registrable_domain(host)
        return Lookup(name, "uncatalogued", registrable_domain=registrable, nearest=nearest)

    def _address(self, name: str, host: str) -> Lookup | None:
        one = ranges.find(self.pieces, host)
        if one is None:
            return None
        if one.app_id is not None:
            return self._app(name, one.app_id, "address range", one.cidr, host)
        return Lookup(name, "not_an_app", "address range", one.cidr, host, one.purpose)

    def _host(self, name: str, host: str, path: str) -> Lookup | None:
        registrable = suffixes.registrable_domain(host)
        domain = next((one for one in suffixes_of(host) if one in self.domains or one in self.not_apps), None)
        # A rule for a path holds for its domain and the hosts one label below it: google.com for www.google.com.
        for one in (host, host.partition(".")[2]) if path else ():
            for prefix in self.paths.get(one, ()):
                # The longer domain is the better knowledge: a path rule of google.com says nothing of docs.google.com.
                if is_under(path, prefix.path_prefix) and len(one) >= len(domain or ""):
                    return self._app(name, prefix.app_id, "path", one + prefix.path_prefix, registrable)
        if domain is None:
            return None
        if domain in self.domains:
            return self._app(name, self.domains[domain], "domain", domain, registrable)
        return Lookup(name, "not_an_app", "domain", domain, registrable, self.not_apps[domain])

    def _app(self, name: str, app_id: str, by: str, matched: str, registrable: str | None = None) -> Lookup:
        return Lookup(name, "app", by, matched, registrable, None, self.apps[app_id], self.score(app_id))

    @cached_property
    def _by_name(self) -> dict[str, App]:
        return {app.app_name.lower(): app for app in reversed(list(self.apps.values()))}

    def _nearest(self, host: str) -> tuple[str, ...]:
        """Apps whose name or own domain looks like it: a slip of the pen, or a look-alike."""
        label = suffixes.registrable_domain(host).partition(".")[0]
        known: dict[str, str] = {}
        for domain, app_id in self.domains.items():
            # An app with thousands of domains stands for many services: a likeness to one of them tells nothing.
            if len(self.apps[app_id].domains) <= MOST_OWN_DOMAINS:
                known.setdefault(domain.partition(".")[0], app_id)
        known |= {name: app.app_id for name, app in self._by_name.items()}
        close = difflib.get_close_matches(label, known, 3, 0.82) if len(label) > 3 else []
        return tuple(dict.fromkeys(self.apps[known[one]].app_name for one in close))

    def stats(self) -> dict[str, Any]:
        """How much the catalog holds, and how much is known."""
        bands = Counter(one.band for one in self.scores.values())
        known = Counter(name for app in self.apps.values() for name in app.facts)
        known["breach"] = sum(1 for app in self.apps.values() if app.breaches)
        return {
            "apps": len(self.apps),
            "domains": len(self.domains),
            "not_an_app_domains": len(self.not_apps),
            "vendor_labels": len(self.hints),
            "address_ranges": len(self.entries.ranges),
            "path_prefixes": len(self.entries.paths),
            "origins": dict(Counter(app.origin for app in self.apps.values()).most_common()),
            "categories": dict(Counter(app.category or "uncategorised" for app in self.apps.values()).most_common()),
            "risk_bands": {name: bands.get(name, 0) for name in ("high", "medium", "low", "unknown")},
            "facts": {name: known[name] for name in factors() if known[name]},
        }

    @cached_property
    def fingerprint(self) -> str:
        """Changes with anything that models read of the catalog."""
        rules = (FORMULA, factors(), category_weights(), ceilings(), edition(), self.score_settings)
        return hashlib.sha256(repr((rules, self.entries)).encode()).hexdigest()

    def write(self, lake: Lake) -> None:
        """Put what models read into the lake (docs/architecture.md), if it is not there as it is."""
        from etl.catalog.datasets import write  # brings pyarrow, which a lookup needs not

        write(self, lake)


def is_under(path: str, prefix: str) -> bool:
    """Whether a path lies under a prefix, segment by segment: /maps and /maps/x under /maps, /mapstyle not."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _host_and_path(text: str) -> tuple[str, str]:
    """The host and the path of a host, an address with port, or a URL."""
    rest = text.partition("://")[2] or text
    host, slash, path = rest.partition("/")
    path = (slash + path).partition("?")[0].partition("#")[0]
    host = host.rpartition("@")[2]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host.rstrip("."), path


def user_file(home: Path, path: Path) -> Path:
    """A path of the configuration; a relative one starts from the home folder."""
    return path if path.is_absolute() else home / path
