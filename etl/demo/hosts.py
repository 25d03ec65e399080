"""The hosts of the demo: real apps by their real domains (apps.csv), what every browser talks to besides (web.csv), and
an invented long tail under reserved names."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parent
TAIL_SITES = 4000
ALLOWED, BLOCKED, FAILED, WARNED = range(4)
BLOCKED_APPS = ("GoFile", "Send Anywhere", "Steam", "Epic Games")  # the proxies' policy
WARNED_APPS = ("TikTok",)
ALWAYS_HTTP = ("certificate", "connectivity_check")
WORDS_A = (
    "amber ash birch blue brass bright brook cedar clear cliff copper coral crisp dawn deep dune early elm ember fern field fjord flint fresh "
    "frost gold granite green grove harbour hazel heath high hollow iron ivory jade juniper kite lake lantern larch lime linen maple marsh "
    "meadow mild mill mint mist moss north oak ocean olive onyx opal orchard pearl pine plain plum quartz quick quiet rain rapid red reed "
    "ridge river rowan royal rust sage salt sand silver slate small snow solar south spruce stone sugar summer swift tall teal tidal timber "
    "velvet violet warm west wheat white wild willow winter yellow"
).split()
WORDS_B = (
    "analytics atelier bakery bank bikes board books bricks cabin cast cellar chart clinic cloud club coach coffee crafts data deals desk "
    "dock draft engine events expo farm files finance fitness flow forge forum foto games garden gear guide health hotel hub index insight "
    "jobs kitchen labs lane lease legal library logistics loop mail maps market media metrics motor museum music news notes office outlet "
    "paper parts path pay photo pilot planner play point post press print radio rail recipes reports review rooms sail school seeds share "
    "shop sign sound space sports store studio supply survey tables tickets tools track trade travel tutor vault video voice ware wiki works"
).split()
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
    for _, category, host in INCIDENT_HOSTS:
        names.append(host)
        categories.append(category)
    first_web = len(names)
    web_weights = []
    for row in _rows("web.csv"):
        names.append(row["host"])
        categories.append(row["purpose"])
        web_weights.append(float(row["weight"]))
    first_tail = len(names)
    names += _tail(rng)
    categories += ["tail"] * (len(names) - first_tail)
    is_http = np.array([category in ALWAYS_HTTP for category in categories])
    is_http[first_tail:] = rng.random(len(names) - first_tail) < 0.18
    for name in ("archive.ubuntu.com", "security.ubuntu.com", "deb.debian.org", "mirrors.fedoraproject.org"):
        is_http[names.index(name)] = True
    return Hosts(
        names=names,
        categories=categories,
        app_of=np.array(app_of + [-1] * (len(names) - len(app_of)), np.int32),
        is_http=is_http,
        verdict_of=np.array([_verdict(apps[app].name) for app in app_of] + [ALLOWED] * (len(names) - len(app_of)), np.int8),
        apps=apps,
        web=np.arange(first_web, first_tail, dtype=np.int32),
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
    pairs = rng.permutation(len(WORDS_A) * len(WORDS_B))[:TAIL_SITES].tolist()
    heads = rng.choice(["www.", "", "shop.", "app.", "cdn.", "portal."], TAIL_SITES, p=[0.5, 0.22, 0.08, 0.08, 0.07, 0.05]).tolist()
    ends = rng.choice(len(TAIL_ENDS), TAIL_SITES).tolist()
    return [
        f"{head}{WORDS_A[pair % len(WORDS_A)]}-{WORDS_B[pair // len(WORDS_A)]}{TAIL_ENDS[end]}"
        for head, pair, end in zip(heads, pairs, ends, strict=True)
    ]
