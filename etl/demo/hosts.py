"""The hosts of the demo: real apps by their real domains (apps.csv), what every browser talks to besides (web.csv), and
an invented long tail under reserved names."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from etl.demo.organisation import words

FOLDER = Path(__file__).parent
TAIL_SITES = 4000
ALLOWED, BLOCKED, FAILED, WARNED = range(4)
BLOCKED_APPS = ("GoFile", "Send Anywhere", "Steam", "Epic Games")  # the proxies' policy
WARNED_APPS = ("TikTok",)
ALWAYS_HTTP = ("certificate", "connectivity_check")
TAIL_HEADS = {"www.": 0.5, "": 0.22, "shop.": 0.08, "app.": 0.08, "cdn.": 0.07, "portal.": 0.05}
TAIL_ENDS = (".example", ".example", ".example", ".example.com", ".example.net", ".example.org")


@dataclass(frozen=True)
class App:
    name: str
    category: str
    weight: float
    first: int  # its hosts are first, first + 1, … first + count - 1
    count: int


@dataclass(frozen=True)
class Hosts:
    """All hosts by number: those of apps first, then the web's own, then the long tail."""

    names: list[str]
    categories: list[str]  # of the app; the purpose of a web host; `tail`
    app_of: npt.NDArray[np.int32]  # -1 for a host of no app
    is_http: npt.NDArray[np.bool_]
    verdict_of: npt.NDArray[np.int8]  # the proxies' policy
    apps: list[App]
    web: npt.NDArray[np.int32]
    web_weights: npt.NDArray[np.float64]
    web_systems: list[str]  # the operating system that asks a web host by itself, or `any`
    tail: npt.NDArray[np.int32]

    def number(self, name: str) -> int:
        return self.names.index(name)

    def app(self, name: str) -> int:
        return next(index for index, app in enumerate(self.apps) if app.name == name)

    def addresses(self) -> list[str]:
        """A server address for each host, in the ranges reserved for documentation."""
        ranges = ("198.51.100", "203.0.113")
        return [f"{ranges[number % 2]}.{1 + number * 7 % 254}" for number in range(len(self.names))]

    def addresses6(self) -> list[str]:
        return [f"2001:db8:{number % 4096:x}::{1 + number % 61:x}" for number in range(len(self.names))]


# Hosts that only incidents visit: nobody else in the organisation uses these apps.
INCIDENT_HOSTS = (
    ("MEGA upload", "personal_storage", "gfs262n309.userstorage.mega.co.nz"),
    ("DeepSeek", "generative_ai", "chat.deepseek.com"),
    ("NordVPN", "anonymiser", "nordvpn.com"),
    ("NordVPN", "anonymiser", "api.nordvpn.com"),
    ("Tor Project", "anonymiser", "www.torproject.org"),
    ("Tor Project", "anonymiser", "dist.torproject.org"),
)


def load(rng: np.random.Generator) -> Hosts:
    """Read the data files and invent the long tail."""
    names: list[str] = []
    categories: list[str] = []
    apps: list[App] = []
    for row in _rows("apps.csv"):
        hosts = row["hosts"].split()
        apps.append(App(row["name"], row["category"], float(row["weight"]), len(names), len(hosts)))
        names += hosts
        categories += [row["category"]] * len(hosts)
    app_of = [number for number, app in enumerate(apps) for _ in range(app.count)]
    verdict_of = {number: _verdict(apps[app].name) for number, app in enumerate(app_of)}
    for _, category, host in INCIDENT_HOSTS:
        names.append(host)
        categories.append(category)
    first_web = len(names)
    web = _rows("web.csv")
    names += [row["host"] for row in web]
    categories += [row["purpose"] for row in web]
    web_weights = [float(row["weight"]) for row in web]
    first_tail = len(names)
    names += _tail(rng)
    categories += ["tail"] * (len(names) - first_tail)
    is_http = np.array([category in ALWAYS_HTTP for category in categories])
    is_http[first_tail:] = rng.random(len(names) - first_tail) < 0.18
    for name in ("changelogs.ubuntu.com", "motd.ubuntu.com", "www.debian.org", "fedoraproject.org"):
        is_http[names.index(name)] = True
    return Hosts(
        names=names,
        categories=categories,
        app_of=np.array(app_of + [-1] * (len(names) - len(app_of)), np.int32),
        is_http=is_http,
        verdict_of=np.array([verdict_of.get(number, ALLOWED) for number in range(len(names))], np.int8),
        apps=apps,
        web=np.arange(first_web, first_tail, dtype=np.int32),
        web_systems=[row["system"] for row in web],
        web_weights=np.array(web_weights) / sum(web_weights),
        tail=np.arange(first_tail, len(names), dtype=np.int32),
    )


def _verdict(app: str) -> int:
    return BLOCKED if app in BLOCKED_APPS else WARNED if app in WARNED_APPS else ALLOWED


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _tail(rng: np.random.Generator) -> list[str]:
    """Names such as www.amber-forge.example, most popular first."""
    adjectives, nouns = words("site_adjectives"), words("site_nouns")
    pairs = rng.permutation(len(adjectives) * len(nouns))[:TAIL_SITES].tolist()
    heads = rng.choice(list(TAIL_HEADS), TAIL_SITES, p=list(TAIL_HEADS.values())).tolist()
    ends = rng.choice(len(TAIL_ENDS), TAIL_SITES).tolist()
    return [
        f"{head}{adjectives[pair % len(adjectives)]}-{nouns[pair // len(adjectives)]}{TAIL_ENDS[end]}"
        for head, pair, end in zip(heads, pairs, ends, strict=True)
    ]
