"""What stays the same for the whole demo: the organisation, the hosts, and who likes what."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from etl.demo import hosts as host_data
from etl.demo.hosts import Hosts
from etl.demo.organisation import DEPARTMENTS, Organisation

Floats = npt.NDArray[np.float64]
REPERTOIRE = 26  # apps that one person uses
FAVOURITES = 14  # long-tail sites that one person comes back to
NEVER = 1e-12

LIKES = {
    "engineering": {"code_hosting": 6, "developer_platform": 6, "cloud_platform": 3, "forum": 3, "generative_ai": 1.6, "product_design": 1.5},
    "sales": {"crm": 7, "e_signature": 3, "meetings": 2.5, "travel": 2, "social_network": 1.4},
    "marketing": {"marketing": 8, "product_design": 3, "social_network": 2, "media": 1.6, "generative_ai": 1.5},
    "finance": {"finance": 8, "business_intelligence": 3, "vendor_management": 4, "e_signature": 2},
    "hr": {"hr": 8, "e_signature": 3, "education": 2},
    "operations": {"supply_chain": 7, "it_services": 3, "travel": 1.5, "vendor_management": 3},
    "design": {"product_design": 8, "media": 2, "cloud_storage": 2, "file_transfer": 2},
}
FOR_FEW = ("crm", "code_hosting", "developer_platform", "cloud_platform", "marketing", "finance", "hr", "supply_chain", "vendor_management")
# How many of a page's requests go to advertising, counters and libraries.
SIDE_SHARES = {"news": 0.55, "media": 0.35, "e_commerce": 0.45, "social_network": 0.2, "tail": 0.4, "travel": 0.4, "education": 0.3, "forum": 0.25}
UPLOAD_SHARES = {
    "cloud_storage": 0.07, "personal_storage": 0.05, "file_transfer": 0.12, "content_management": 0.05, "collaboration": 0.03,
    "webmail": 0.04, "personal_mail": 0.03, "generative_ai": 0.03, "meetings": 0.05, "code_hosting": 0.02, "messaging": 0.02,
}  # fmt: skip
# Downloaded bytes: mean and spread of their logarithm.
DOWN_SIZES = {
    "media": (11.8, 1.7), "update": (11.2, 2.2), "cdn": (9.8, 1.1), "tracking": (6.6, 0.8), "advertising": (8.0, 1.2),
    "telemetry": (6.2, 0.6), "certificate": (7.2, 0.4), "connectivity_check": (5.6, 0.2), "push": (6.0, 0.5), "protection": (6.8, 0.6),
    "cloud_storage": (10.4, 1.9), "personal_storage": (10.2, 1.9), "meetings": (11.5, 1.6), "social_network": (10.0, 1.5),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Columns by host, by persona (a person, or a device without one), and the random numbers of the demo."""

    seed: int
    first_day: date
    days: int
    organisation: Organisation
    hosts: Hosts
    persona_of: npt.NDArray[np.int32]  # by device
    repertoire: npt.NDArray[np.int32]  # persona × rank → app
    repertoire_edges: Floats  # persona × rank → cumulated share
    favourites: npt.NDArray[np.int32]  # persona × n → tail site
    tail_edges: Floats
    page_weights: Floats  # of web hosts: on a page
    machine_weights: Floats  # of web hosts: by the device itself
    plain_hosts: npt.NDArray[np.int32]  # reached without TLS
    host_counts: npt.NDArray[np.int32]
    side_share: Floats
    upload_share: Floats
    down_mean: Floats
    down_spread: Floats
    paths: list[str]

    def rng(self, purpose: str, *numbers: int) -> np.random.Generator:
        return generator(self.seed, purpose, *numbers)

    def day(self, index: int) -> date:
        return self.first_day + timedelta(days=index)


def generator(seed: int, purpose: str, *numbers: int) -> np.random.Generator:
    """Random numbers for one purpose: a change in one part of the demo leaves the others as they are."""
    words = [seed % 2**64, int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "big"), *(number + 1000 for number in numbers)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def made(seed: int, organisation: Organisation, first_day: date, days: int, avoids: Sequence[tuple[int, str]]) -> World:
    """The world of a seed. `avoids`: (person, category) pairs that must not occur by chance."""
    hosts = host_data.load(generator(seed, "hosts"))
    rng = generator(seed, "habits")
    nobody = len(organisation.logins)
    repertoire, edges = _repertoires(rng, organisation, hosts, avoids)
    ranks = np.arange(1, len(hosts.tail) + 1)
    popularity = np.cumsum(1 / ranks**1.02)
    sizes = [DOWN_SIZES.get(category, (9.2, 1.4)) for category in hosts.categories]
    categories = hosts.categories
    plain = np.flatnonzero(hosts.is_http)
    return World(
        seed=seed,
        first_day=first_day,
        days=days,
        organisation=organisation,
        hosts=hosts,
        persona_of=np.where(organisation.user_of < 0, nobody, organisation.user_of).astype(np.int32),
        repertoire=repertoire,
        repertoire_edges=edges,
        favourites=rng.integers(0, len(hosts.tail), (nobody + 1, FAVOURITES)).astype(np.int32),
        tail_edges=popularity / popularity[-1],
        page_weights=_web_weights(hosts, ("search", "cdn", "advertising", "tracking")),
        machine_weights=_web_weights(hosts, ("telemetry", "update", "certificate", "connectivity_check", "protection", "push")),
        plain_hosts=np.array([number for number in plain if categories[number] in ("tail", "update")], np.int32),
        host_counts=np.array([hosts.apps[app].count if app >= 0 else 1 for app in hosts.app_of], np.int32),
        side_share=np.array([SIDE_SHARES.get(category, 0.07) for category in categories]),
        upload_share=np.array([UPLOAD_SHARES.get(category, 0.004) for category in categories]),
        down_mean=np.array([mean for mean, _ in sizes]),
        down_spread=np.array([spread for _, spread in sizes]),
        paths=_paths(rng),
    )


def _repertoires(
    rng: np.random.Generator, organisation: Organisation, hosts: Hosts, avoids: Sequence[tuple[int, str]]
) -> tuple[npt.NDArray[np.int32], Floats]:
    """What each person uses: by popularity, department and taste. The last persona stands for devices without a person."""
    weights = np.array([app.weight for app in hosts.apps])
    categories = [app.category for app in hosts.apps]
    few = np.array([0.15 if category in FOR_FEW else 1.0 for category in categories])
    likes = np.array([[LIKES[department].get(category, 1.0) for category in categories] for department in DEPARTMENTS])
    by_person = (weights * few * likes)[organisation.department_of]
    by_person = np.vstack([by_person, weights * few])
    for person, category in avoids:
        if person >= 0:
            by_person[person, np.array([one == category for one in categories])] = NEVER
    taste = np.log(by_person) + rng.gumbel(0, 1.0, by_person.shape)
    size = min(REPERTOIRE, len(weights))
    chosen = np.argsort(-taste, axis=1, kind="stable")[:, :size].astype(np.int32)
    used = np.take_along_axis(by_person, chosen, axis=1) ** 0.75 * rng.lognormal(0, 0.7, chosen.shape)
    edges = np.cumsum(used, axis=1)
    return chosen, edges / edges[:, -1:]


def _web_weights(hosts: Hosts, purposes: tuple[str, ...]) -> Floats:
    fitting = np.array([hosts.categories[number] in purposes for number in hosts.web])
    weights = np.where(fitting, hosts.web_weights, 0.0)
    return weights / weights.sum()


def _paths(rng: np.random.Generator) -> list[str]:
    """Paths with query strings, some of which carry what must never be stored."""
    found = []
    for number in rng.integers(0, 1 << 32, 2400).tolist():
        shape = number % 8
        path = (
            "/",
            f"/api/v{1 + number % 4}/items/{number % 100_000}",
            f"/static/js/app.{number:08x}.js",
            f"/images/{number % 9000}.webp",
            f"/en/{WORDS[number % len(WORDS)]}/{WORDS[number // 7 % len(WORDS)]}.html",
            f"/{WORDS[number // 3 % len(WORDS)]}",
            f"/graphql/{WORDS[number // 5 % len(WORDS)]}",
            f"/download/{WORDS[number // 11 % len(WORDS)]}-{number % 300}.pdf",
        )[shape]
        query = ("", "", f"?id={number % 5000}", f"?session={number:08x}&token=t{number * 7:x}")[number // 8 % 4]
        found.append(path + query)
    return found


WORDS = "about account agenda archive billing board calendar chat contact docs events export feed files help inbox news orders plans reports search settings team upload".split()
