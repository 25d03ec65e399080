"""What the report must surface: incidents planted into the traffic and into the drops, each named in the summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from etl.demo.hosts import ALLOWED, BLOCKED
from etl.demo.organisation import (
    CHICAGO,
    CHUNKS,
    HOME,
    HQ,
    LAPTOP,
    MDE,
    NO_AGENT,
    SITE_NAMES,
    Organisation,
    offset_seconds,
)
from etl.demo.text import DAY, SECOND
from etl.demo.traffic import GET, POST, PROXY_HQ, PROXYSG, PUT, SOURCES, ZSCALER, Transactions, concatenated
from etl.demo.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Incident:
    """One planted incident. `hosts` are blank-separated, `day` is a UTC day; counts are exact, null where unknown."""

    kind: str
    source: str
    day: str
    detail: str
    device: str | None = None
    user: str | None = None
    app: str | None = None
    hosts: str | None = None
    file: str | None = None
    transactions: int | None = None
    uploaded_bytes: int | None = None


@dataclass(frozen=True)
class Cast:
    """Devices that incidents happen to, by number."""

    uploader: int
    newcomer: int
    hider: int
    refused: int
    silent: int  # one of its chunks never arrives; -1: nobody sends chunks

    def avoids(self, organisation: Organisation) -> list[tuple[int, str]]:
        """(person, category) pairs that must not occur by chance."""
        return [
            (int(organisation.user_of[self.newcomer]), "generative_ai"),
            (int(organisation.user_of[self.refused]), "file_transfer"),
        ]


def cast(organisation: Organisation) -> Cast:
    """Choose devices that fit; in a tiny organisation any device will do."""
    has_user = organisation.user_of >= 0
    at_hq = (organisation.site_of == HQ) & (organisation.kind_of == LAPTOP) & (organisation.agent_of == MDE) & has_user
    first = _first(at_hq & organisation.has_cloud_proxy, has_user, 0)
    chunk_devices = np.flatnonzero(organisation.agent_of == CHUNKS)
    return Cast(
        uploader=first,
        newcomer=_first(at_hq & organisation.has_cloud_proxy, has_user, 3),
        hider=_first((organisation.site_of == CHICAGO) & has_user, has_user, 1),
        refused=_first(at_hq, has_user, 7),
        silent=int(chunk_devices[0]) if len(chunk_devices) else -1,
    )


def _first(fitting: npt.NDArray[np.bool_], otherwise: npt.NDArray[np.bool_], skip: int) -> int:
    for test in (fitting, otherwise, np.ones(len(fitting), np.bool_)):
        found = np.flatnonzero(test)
        if len(found):
            return int(found[skip % len(found)])
    raise AssertionError("an organisation has at least one device")


def planted(world: World, who: Cast, index: int) -> list[tuple[Incident, Transactions]]:
    """The incidents of UTC day number `index` as extra transactions."""
    last = world.days - 1
    found = []
    if index == min(1, last):
        found.append(_denied_then_allowed(_Stage(world, index, who.refused, HQ, PROXY_HQ)))
    if index == min(2, last):
        found.append(_anonymiser(_Stage(world, index, who.hider, CHICAGO, PROXYSG)))
    if index == min(3, last):
        found.append(_large_upload(_Stage(world, index, who.uploader, HOME, ZSCALER)))
    if index >= min(4, last):
        is_first = index == min(4, last)
        found.append(_generative_ai(_Stage(world, index, who.newcomer, HOME, ZSCALER), is_first=is_first))
    return found


@dataclass(frozen=True)
class _Stage:
    """Where an incident happens: a UTC day, a device, its place, and the log that sees it."""

    world: World
    index: int
    device: int
    site: int
    source: int

    def visits(self, host: str, minutes: Floats, up: Floats, method: int, verdict: Ints | None = None) -> Transactions:
        """Visits of a host at local minutes of the day, with the bytes that they upload."""
        count = len(minutes)
        organisation, day = self.world.organisation, self.world.day(self.index)
        offset = offset_seconds(HQ if self.site == HOME else self.site, day)
        midnight = (day - date(1970, 1, 1)).days * DAY - offset * SECOND
        reports = organisation.agent_of[self.device] == MDE
        return Transactions(
            at=midnight + (minutes * 60 * SECOND).astype(np.int64),
            device=np.full(count, self.device, np.int32),
            user=np.full(count, organisation.user_of[self.device], np.int32),
            site=np.full(count, self.site, np.int8),
            host=np.full(count, self.world.hosts.number(host), np.int32),
            source=np.full(count, self.source, np.int8),
            agent=np.full(count, MDE if reports else NO_AGENT, np.int8),
            up=up.astype(np.int64),
            down=np.full(count, 4200, np.int64),
            elapsed=(800 + up // 2500).astype(np.int64),
            method=np.full(count, method, np.int8),
            status=np.full(count, 200, np.int16),
            verdict=np.full(count, ALLOWED, np.int8) if verdict is None else verdict.astype(np.int8),
            path=np.arange(count, dtype=np.int32) % len(self.world.paths),
        )

    def told(self, kind: str, app: str, rows: Transactions, detail: str) -> tuple[Incident, Transactions]:
        organisation, hosts = self.world.organisation, self.world.hosts
        user = int(organisation.user_of[self.device])
        incident = Incident(
            kind=kind,
            source=SOURCES[self.source],
            day=self.world.day(self.index).isoformat(),
            detail=f"{detail} ({SITE_NAMES[self.site]})",
            device=organisation.device_names[self.device].lower(),
            user=organisation.logins[user] if user >= 0 else None,
            app=app,
            hosts=" ".join(hosts.names[number] for number in dict.fromkeys(rows.host.tolist())),
            transactions=len(rows),
            uploaded_bytes=None if self.source == PROXY_HQ else int(rows.up.sum()),  # Squid logs no upload figure
        )
        return incident, rows


def _denied_then_allowed(stage: _Stage) -> tuple[Incident, Transactions]:
    minutes = np.array([542, 542.4, 543, 547, 555, *range(690, 708, 2)], np.float64)
    verdict = np.array([BLOCKED] * 5 + [ALLOWED] * 9)
    rows = stage.visits("wetransfer.com", minutes, np.array([600.0] * 5 + [7e6] * 9), POST, verdict)
    detail = "denied 5 times from 09:02 to 09:15 local time, then allowed 9 times from 11:30"
    return stage.told("denied_then_allowed", "WeTransfer", rows, detail)


def _anonymiser(stage: _Stage) -> tuple[Incident, Transactions]:
    parts = []
    for turn, host in enumerate(("www.torproject.org", "dist.torproject.org", "nordvpn.com", "api.nordvpn.com")):
        minutes = 600 + 12 * turn + 1.5 * np.arange(6, dtype=np.float64)
        parts.append(stage.visits(host, minutes, np.array([900.0 + 10 * turn] * 6), GET))
    return stage.told("anonymiser", "Tor, NordVPN", concatenated(parts), "an anonymising network and a consumer VPN")


def _large_upload(stage: _Stage) -> tuple[Incident, Transactions]:
    rng = stage.world.rng("large upload", stage.index)
    minutes = 21 * 60 + 10 + np.sort(rng.random(46)) * 44
    rows = stage.visits("gfs262n309.userstorage.mega.co.nz", minutes, rng.uniform(90e6, 98e6, 46), PUT)
    size = int(rows.up.sum()) / 1e9
    return stage.told(
        "large_upload", "MEGA", rows, f"{size:.2f} GB to personal storage within 44 minutes in the evening"
    )


def _generative_ai(stage: _Stage, *, is_first: bool) -> tuple[Incident, Transactions]:
    rng = stage.world.rng("generative AI", stage.index)
    count = int(rng.integers(50, 80))
    minutes = 9 * 60 + np.sort(rng.random(count)) * 7 * 60
    rows = stage.visits("chat.deepseek.com", minutes, rng.lognormal(8.5, 1.0, count), POST)
    if is_first:
        return stage.told(
            "first_use_generative_ai", "DeepSeek", rows, "this device uses generative AI for the first time"
        )
    return stage.told("further_use_generative_ai", "DeepSeek", rows, "this device goes on using generative AI")
