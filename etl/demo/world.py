"""What stays the same for the whole demo: the organisation, the hosts, and who likes what."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from etl.demo import hosts as host_data
from etl.demo.hosts import Hosts
from etl.demo.organisation import DEPARTMENTS, SYSTEMS, Organisation, words

Floats = npt.NDArray[np.float64]
REPERTOIRE = 26  # apps that one person uses
FAVOURITES = 14  # long-tail sites that one person comes back to
NEVER = 1e-12
MACHINE = ("telemetry", "update", "certificate", "connectivity_check", "protection", "push")


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
    machine_edges: Floats  # kind of device × web host → cumulated share: what the device itself asks
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
    name = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:4], "big")
    sequence = np.random.SeedSequence([seed % 2**64, name, *(number + 1000 for number in numbers)])
    return np.random.Generator(np.random.PCG64(sequence))


def made(seed: int, organisation: Organisation, first_day: date, days: int, avoids: Sequence[tuple[int, str]]) -> World:
    """The world of a seed. `avoids`: (person, category) pairs that must not occur by chance."""
    hosts = host_data.load(generator(seed, "hosts"))
    habits = tomllib.loads(Path(__file__).with_name("habits.toml").read_text(encoding="utf-8"))
    rng = generator(seed, "habits")
    nobody = len(organisation.logins)
    repertoire, edges = _repertoires(rng, organisation, hosts, habits, avoids)
    ranks = np.arange(1, len(hosts.tail) + 1)
    popularity = np.cumsum(1 / ranks**1.02)
    categories = hosts.categories
    sizes = [habits["down_sizes"].get(category, (9.2, 1.4)) for category in categories]
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
        machine_edges=np.array([np.cumsum(_web_weights(hosts, MACHINE, system)) for system in SYSTEMS]),
        plain_hosts=np.array([number for number in plain if categories[number] in ("tail", "update")], np.int32),
        host_counts=np.array([hosts.apps[app].count if app >= 0 else 1 for app in hosts.app_of], np.int32),
        side_share=np.array([habits["side_shares"].get(category, 0.07) for category in categories]),
        upload_share=np.array([habits["upload_shares"].get(category, 0.004) for category in categories]),
        down_mean=np.array([mean for mean, _ in sizes]),
        down_spread=np.array([spread for _, spread in sizes]),
        paths=_paths(rng),
    )


def _repertoires(
    rng: np.random.Generator,
    organisation: Organisation,
    hosts: Hosts,
    habits: dict[str, dict[str, Any]],
    avoids: Sequence[tuple[int, str]],
) -> tuple[npt.NDArray[np.int32], Floats]:
    """What each person uses: by popularity, department, taste. The last persona is that of devices without a person."""
    weights = np.array([app.weight for app in hosts.apps])
    categories = [app.category for app in hosts.apps]
    few = np.array([habits["rarity"].get(category, 1.0) for category in categories])
    likes = np.array([[habits["likes"][who].get(category, 1.0) for category in categories] for who in DEPARTMENTS])
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


def _web_weights(hosts: Hosts, purposes: tuple[str, ...], system: str = "any") -> Floats:
    fitting = np.array([hosts.categories[number] in purposes for number in hosts.web])
    fitting &= np.array([one in (system, "any") for one in hosts.web_systems])
    weights: Floats = np.where(fitting, hosts.web_weights, 0.0)
    return normalised(weights)


def normalised(weights: Floats) -> Floats:
    """Weights as shares of one."""
    found: Floats = weights / weights.sum()
    return found


def _paths(rng: np.random.Generator) -> list[str]:
    """Paths with query strings, some of which carry what must never be stored."""
    found = []
    some = words("path_words")
    for number in rng.integers(0, 1 << 32, 2400).tolist():
        shape = number % 8
        path = (
            "/",
            f"/api/v{1 + number % 4}/items/{number % 100_000}",
            f"/static/js/app.{number:08x}.js",
            f"/images/{number % 9000}.webp",
            f"/en/{some[number % len(some)]}/{some[number // 7 % len(some)]}.html",
            f"/{some[number // 3 % len(some)]}",
            f"/graphql/{some[number // 5 % len(some)]}",
            f"/download/{some[number // 11 % len(some)]}-{number % 300}.pdf",
        )[shape]
        query = ("", "", f"?id={number % 5000}", f"?session={number:08x}&token=t{number * 7:x}")[number // 8 % 4]
        found.append(path + query)
    return found
