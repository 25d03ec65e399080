"""One local day of the organisation as transactions: who visited what, from where, how much, and which log saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from etl.demo import rhythm
from etl.demo.hosts import ALLOWED, BLOCKED, FAILED
from etl.demo.organisation import HOME, HQ, LAB, LAPTOP, LINUX, MAC, NO_AGENT, SITE_ZONES, offset_seconds
from etl.demo.text import DAY, SECOND
from etl.demo.world import World, normalised

PROXY_HQ, PROXY_LEGACY, PROXYSG, FORTIGATE, ZSCALER, ZEEK = range(6)
SOURCES = ("proxy_hq", "proxy_legacy", "proxysg_branch", "fortigate_edge", "zscaler_cloud", "zeek_lab")
UNSEEN = -1
SOURCE_OF_SITE = np.array([PROXY_HQ, PROXY_LEGACY, PROXYSG, FORTIGATE, ZEEK, ZSCALER], np.int8)
AGENT_SHARES = np.array([0.0, 0.30, 0.75])  # how many of a device's transactions its agent reports
GET, POST, PUT, HEAD = range(4)
METHODS = ("GET", "POST", "PUT", "HEAD")
STATUSES = np.array([200, 204, 301, 302, 304, 401, 403, 404, 500])
STATUS_SHARES = (0.76, 0.06, 0.015, 0.05, 0.06, 0.01, 0.008, 0.03, 0.007)


@dataclass(frozen=True)
class Transactions:
    """Columns of equal length. `at`: µs since 1970, UTC. `up`, `down`: bytes, the client's view. `elapsed`: ms."""

    at: npt.NDArray[np.int64]
    device: npt.NDArray[np.int32]
    user: npt.NDArray[np.int32]
    site: npt.NDArray[np.int8]
    host: npt.NDArray[np.int32]
    source: npt.NDArray[np.int8]
    agent: npt.NDArray[np.int8]
    up: npt.NDArray[np.int64]
    down: npt.NDArray[np.int64]
    elapsed: npt.NDArray[np.int64]
    method: npt.NDArray[np.int8]
    status: npt.NDArray[np.int16]
    verdict: npt.NDArray[np.int8]
    path: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: npt.NDArray[Any]) -> Transactions:
        return Transactions(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})


def concatenated(parts: Sequence[Transactions]) -> Transactions:
    names = [item.name for item in fields(Transactions)]
    return Transactions(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def local_day(world: World, index: int) -> Transactions:
    """All transactions of local day number `index` (0 is the first day; -1 and `days` reach into the edges)."""
    rng = world.rng("traffic", index)
    day = world.day(index)
    today = _Today(world, rng, day, _places(world, rng, day))
    return concatenated([_visits(today), _background(today)])


@dataclass(frozen=True)
class _Places:
    """Where each device is today: at a site (HOME is one), and between which local minutes."""

    office: npt.NDArray[np.int8]
    arrives: npt.NDArray[np.float64]
    leaves: npt.NDArray[np.float64]

    def at(self, device: npt.NDArray[np.int32], minute: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
        inside = (minute >= self.arrives[device]) & (minute < self.leaves[device])
        return np.where(inside, self.office[device], HOME).astype(np.int8)


def _places(world: World, rng: np.random.Generator, day: date) -> _Places:
    """Laptops roam: a day at the office, at home, half and half, or as a guest at another site. The rest stay."""
    organisation = world.organisation
    count = len(organisation.device_names)
    roams = np.isin(organisation.kind_of, (LAPTOP, MAC, LINUX))
    mode = rng.random(count)
    arrives = rng.normal(8.1 * 60, 25, count)
    leaves = rng.normal(17.4 * 60, 40, count)
    arrives = np.where(mode > 0.87, rng.normal(12.6 * 60, 20, count), arrives)  # home in the morning
    at_home = (mode < 0.27) | (rng.random(count) < (0.97 if rhythm.is_weekend(day) else 0.0))
    arrives, leaves = np.where(at_home, 2000.0, arrives), np.where(at_home, 0.0, leaves)
    guest = roams & (rng.random(count) < 0.02)
    office = np.where(guest, HQ, organisation.site_of).astype(np.int8)
    return _Places(office, np.where(roams, arrives, -1.0), np.where(roams, leaves, 2000.0))


@dataclass(frozen=True)
class _Today:
    world: World
    rng: np.random.Generator
    day: date
    places: _Places


def _visits(today: _Today) -> Transactions:
    world, rng, day = today.world, today.rng, today.day
    organisation, hosts = world.organisation, world.hosts
    present = rng.random(len(organisation.device_names)) > 0.08
    rates = rhythm.rates(organisation.kind_of, day, background=False) * organisation.activity_of * present
    device = np.repeat(np.arange(len(rates), dtype=np.int32), rng.poisson(rates))
    minute = rhythm.minutes(rng, organisation.kind_of[device], day, background=False)
    main = _sites(world, rng, device)
    is_tail = hosts.app_of[main] < 0
    pages = rng.geometric(np.where(is_tail, 0.28, 0.14)).clip(1, 60)
    visit = np.repeat(np.arange(len(device)), pages)
    host = _host_of_app(world, rng, main[visit])
    # A page brings its advertising, counters and libraries along.
    share = world.side_share[main[visit]]
    side = rng.random(len(visit)) < share
    host[side] = rng.choice(hosts.web, int(side.sum()), p=world.page_weights)
    at_minute = minute[visit] + rng.random(len(visit)) * np.minimum(pages[visit], 12) * 0.6
    return _made(today, device[visit], at_minute, host)


def _background(today: _Today) -> Transactions:
    world, rng, day = today.world, today.rng, today.day
    organisation = world.organisation
    rates = rhythm.rates(organisation.kind_of, day, background=True)
    device = np.repeat(np.arange(len(rates), dtype=np.int32), rng.poisson(rates))
    minute = rhythm.minutes(rng, organisation.kind_of[device], day, background=True)
    edges = world.machine_edges[organisation.kind_of[device]]
    rank = (rng.random(len(device))[:, None] > edges).sum(axis=1)
    host = world.hosts.web[rank.clip(0, len(world.hosts.web) - 1)]
    return _made(today, device, minute, host)


def _sites(world: World, rng: np.random.Generator, device: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The main host of each visit: an app from the person's repertoire, or a site of the long tail."""
    count = len(device)
    persona = world.persona_of[device]
    rank = (rng.random(count)[:, None] > world.repertoire_edges[persona]).sum(axis=1)
    app = world.repertoire[persona, rank.clip(0, world.repertoire.shape[1] - 1)]
    first = np.array([one.first for one in world.hosts.apps], np.int32)
    tail = world.hosts.tail
    popular = np.searchsorted(world.tail_edges, rng.random(count)).clip(0, len(tail) - 1)
    own = world.favourites[persona, rng.integers(0, world.favourites.shape[1], count)]
    chosen_tail = tail[np.where(rng.random(count) < 0.5, own, popular)]
    is_tail = rng.random(count) < 0.16
    found = np.where(is_tail, chosen_tail, first[app])
    in_lab = world.organisation.site_of[device] == LAB
    plain = rng.choice(world.plain_hosts, int(in_lab.sum()))
    found[in_lab] = plain
    return found.astype(np.int32)


def _host_of_app(world: World, rng: np.random.Generator, main: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """One of the app's hosts: the first one twice as often as any other."""
    counts = world.host_counts[main]
    drawn = (rng.random(len(main)) * (counts + 1)).astype(np.int32)
    return (main + np.where(drawn >= counts, 0, drawn)).astype(np.int32)


def _made(
    today: _Today, device: npt.NDArray[np.int32], minute: npt.NDArray[np.float64], host: npt.NDArray[np.int32]
) -> Transactions:
    """Everything else about a transaction follows from who, when and what."""
    world, rng, day = today.world, today.rng, today.day
    organisation = world.organisation
    count = len(device)
    home_site = organisation.site_of[device]
    offsets = np.array([offset_seconds(site, day) for site in range(len(SITE_ZONES))], np.int64)
    midnight = (day - date(1970, 1, 1)).days * DAY
    at = midnight - offsets[home_site] * SECOND + (minute * 60 * SECOND).astype(np.int64)
    site = today.places.at(device, minute)
    source = SOURCE_OF_SITE[site].copy()
    source[(site == HOME) & ~organisation.has_cloud_proxy[device]] = UNSEEN
    source[(source == ZEEK) & ~world.hosts.is_http[host]] = UNSEEN
    agent = organisation.agent_of[device].copy()
    agent[rng.random(count) >= AGENT_SHARES[agent]] = NO_AGENT
    sends = rng.random(count) < world.upload_share[host]
    small, large = rng.lognormal(7.0, 0.8, count), rng.lognormal(13.2, 1.4, count)
    up = np.where(sends, large, small).clip(120, 60e6).astype(np.int64)
    down = np.exp(rng.normal(world.down_mean[host], world.down_spread[host])).clip(90, 400e6).astype(np.int64)
    method = np.where(
        sends, np.where(rng.random(count) < 0.3, PUT, POST), np.where(rng.random(count) < 0.14, POST, GET)
    )
    method = np.where(~sends & (rng.random(count) < 0.01), HEAD, method)
    verdict = world.hosts.verdict_of[host].copy()
    verdict[(rng.random(count) < 0.006) & (verdict == ALLOWED)] = FAILED
    return Transactions(
        at=at,
        device=device,
        user=organisation.user_of[device],
        site=site,
        host=host,
        source=source,
        agent=agent,
        up=np.where(verdict == BLOCKED, up.clip(0, 2000), up),
        down=np.where(verdict == BLOCKED, 3000 + down % 1500, down),
        elapsed=(rng.lognormal(4.6, 1.2, count) + (up + down) / 4000).astype(np.int64),
        method=method.astype(np.int8),
        status=rng.choice(STATUSES, count, p=normalised(np.array(STATUS_SHARES))).astype(np.int16),
        verdict=verdict,
        path=rng.integers(0, len(world.paths), count).astype(np.int32),
    )
