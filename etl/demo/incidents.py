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
from etl.demo.traffic import GET, POST, PROXY_HQ, PROXYSG, PUT, ZSCALER, Transactions, concatenated
from etl.demo.world import World

MB = 1_000_000


@dataclass(frozen=True)
class Incident:
    """One planted incident. `hosts` blank-separated; `day` a UTC day; counts and bytes are exact, or null where they do not apply."""

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
        newcomer=_first(at_hq, has_user, 3),
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
    if index == min(3, last):
        found.append(_large_upload(world, who.uploader, index))
    if index >= min(4, last):
        found.append(_first_use(world, who.newcomer, index))
    if index == min(2, last):
        found.append(_anonymiser(world, who.hider, index))
    if index == min(1, last):
        found.append(_denied_then_allowed(world, who.refused, index))
    return found


def _large_upload(world: World, device: int, index: int) -> tuple[Incident, Transactions]:
    rng = world.rng("large upload", index)
    minutes = 21 * 60 + 10 + np.sort(rng.random(46)) * 44
    up = (90 * MB + rng.random(46) * 8 * MB).astype(np.int64)
    host = "gfs262n309.userstorage.mega.co.nz"
    rows = _rows(world, device, index, minutes, host, HOME, ZSCALER, up, np.full(46, PUT), np.full(46, ALLOWED))
    detail = f"{int(up.sum()) / 1e9:.2f} GB to personal storage in 44 minutes in the evening, from home"
    return _told("large_upload", world, "zscaler_cloud", device, index, "MEGA", [host], rows, detail), rows


def _first_use(world: World, device: int, index: int) -> tuple[Incident, Transactions]:
    rng = world.rng("first use", index)
    count = int(rng.integers(50, 80))
    minutes = 9 * 60 + np.sort(rng.random(count)) * 7 * 60
    up = rng.lognormal(8.5, 1.0, count).astype(np.int64)
    rows = _rows(world, device, index, minutes, "chat.deepseek.com", HQ, PROXY_HQ, up, np.full(count, POST), np.full(count, ALLOWED))
    first = index == min(4, world.days - 1)
    detail = "first use of a generative-AI app by this device" if first else "the device goes on using the generative-AI app"
    kind = "first_use_generative_ai" if first else "continued_use_generative_ai"
    return _told(kind, world, "mde", device, index, "DeepSeek", ["chat.deepseek.com"], rows, detail), rows


def _anonymiser(world: World, device: int, index: int) -> tuple[Incident, Transactions]:
    hosts = ["www.torproject.org", "dist.torproject.org", "nordvpn.com", "api.nordvpn.com"]
    parts = []
    for turn, host in enumerate(hosts):
        minutes = 10 * 60 + 12 * turn + np.arange(6) * 1.5
        up = np.full(6, 900 + 10 * turn)
        parts.append(_rows(world, device, index, minutes, host, CHICAGO, PROXYSG, up, np.full(6, GET), np.full(6, ALLOWED)))
    rows = concatenated(parts)
    detail = "visits of an anonymising network and a consumer VPN"
    return _told("anonymiser", world, "proxysg_branch", device, index, "Tor, NordVPN", hosts, rows, detail), rows


def _denied_then_allowed(world: World, device: int, index: int) -> tuple[Incident, Transactions]:
    denied = np.array([9 * 60 + 2, 9 * 60 + 2.4, 9 * 60 + 3, 9 * 60 + 7, 9 * 60 + 15], np.float64)
    allowed = 11 * 60 + 30 + np.arange(9) * 2.0
    verdict = np.array([BLOCKED] * 5 + [ALLOWED] * 9)
    up = np.array([600] * 5 + [7 * MB] * 9)
    minutes = np.concatenate([denied, allowed])
    rows = _rows(world, device, index, minutes, "wetransfer.com", HQ, PROXY_HQ, up, np.full(14, POST), verdict)
    detail = "denied 5 times from 09:02 to 09:15 local time, then allowed 9 times from 11:30"
    return _told("denied_then_allowed", world, "proxy_hq", device, index, "WeTransfer", ["wetransfer.com"], rows, detail), rows


def _rows(
    world: World,
    device: int,
    index: int,
    minutes: npt.NDArray[np.float64],
    host: str,
    site: int,
    source: int,
    up: npt.NDArray[np.int64],
    method: npt.NDArray[np.int64],
    verdict: npt.NDArray[np.int64],
) -> Transactions:
    count = len(minutes)
    organisation = world.organisation
    day = world.day(index)
    zone = HQ if site == HOME else site
    midnight = (day - date(1970, 1, 1)).days * DAY - offset_seconds(zone, day) * SECOND
    agent = organisation.agent_of[device]
    return Transactions(
        at=midnight + (minutes * 60 * SECOND).astype(np.int64),
        device=np.full(count, device, np.int32),
        user=np.full(count, organisation.user_of[device], np.int32),
        site=np.full(count, site, np.int8),
        host=np.full(count, world.hosts.number(host), np.int32),
        source=np.full(count, source, np.int8),
        agent=np.full(count, agent if agent == MDE else NO_AGENT, np.int8),
        up=up.astype(np.int64),
        down=np.full(count, 4200, np.int64),
        elapsed=(800 + up // 2500).astype(np.int64),
        method=method.astype(np.int8),
        status=np.full(count, 200, np.int16),
        verdict=verdict.astype(np.int8),
        path=np.arange(count, dtype=np.int32) % len(world.paths),
    )


def _told(
    kind: str, world: World, source: str, device: int, index: int, app: str, hosts: list[str], rows: Transactions, detail: str
) -> Incident:
    organisation = world.organisation
    user = int(organisation.user_of[device])
    sees_bytes = source not in ("mde", "proxy_hq")
    return Incident(
        kind=kind,
        source=source,
        day=world.day(index).isoformat(),
        detail=f"{detail} ({SITE_NAMES[int(rows.site[0])]})",
        device=organisation.device_names[device].lower(),
        user=organisation.logins[user] if user >= 0 else None,
        app=app,
        hosts=" ".join(hosts),
        transactions=len(rows) if source != "mde" else None,
        uploaded_bytes=int(rows.up.sum()) if sees_bytes else None,
    )
