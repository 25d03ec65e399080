"""The invented organisation: sites, devices, people. Every draw comes from the seed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.demo.text import pick

NAME = "Aldermoor Instruments"
USER_DOMAIN = "aldermoor.example"
INTERNAL_DOMAIN = "corp.aldermoor.example"
NT_DOMAIN = "ALDERMOOR"

HQ, PLANT, CHICAGO, PUNE, LAB, HOME = range(6)
SITE_ZONES = ("Europe/Berlin", "Europe/Berlin", "America/Chicago", "Asia/Kolkata", "Europe/Berlin")
SITE_NAMES = ("Hamburg", "Hamburg plant", "Chicago", "Pune", "Hamburg lab", "home")
SITE_SHARES = (0.48, 0.10, 0.17, 0.17, 0.08)
SITE_NETWORKS = (1, 2, 20, 30, 40)  # 10.<network>.x.y

LAPTOP, MAC, LINUX, DESKTOP, KIOSK, BENCH = range(6)
PREFIXES = ("LT", "MB", "LX", "DT", "KI", "WB")
SYSTEMS = ("windows", "mac", "linux", "windows", "windows", "linux")  # of each kind
# Share of each kind of device at each site, in the order of the kinds.
SITE_KINDS = (
    (0.74, 0.12, 0.02, 0.12, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.20, 0.80, 0.0),
    (0.80, 0.12, 0.0, 0.08, 0.0, 0.0),
    (0.70, 0.04, 0.18, 0.08, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
)
NO_AGENT, MDE, CHUNKS = range(3)
DEPARTMENTS = ("engineering", "sales", "marketing", "finance", "hr", "operations", "design")
DEPARTMENT_SHARES = (0.30, 0.16, 0.10, 0.12, 0.07, 0.15, 0.10)


def words(name: str) -> list[str]:
    """One of the word lists in words.toml."""
    lists: dict[str, str] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return lists[name].split()


@dataclass(frozen=True)
class Organisation:
    """Devices by number, people by number. `user_of` is -1 for a device that nobody in particular uses."""

    device_names: list[str]
    device_ids: list[str]
    site_of: npt.NDArray[np.int8]
    kind_of: npt.NDArray[np.int8]
    agent_of: npt.NDArray[np.int8]
    has_cloud_proxy: npt.NDArray[np.bool_]  # its traffic from home goes through the cloud proxy
    user_of: npt.NDArray[np.int32]
    activity_of: npt.NDArray[np.float64]
    logins: list[str]
    department_of: npt.NDArray[np.int8]

    def names(self, devices: npt.NDArray[np.integer], template: str) -> pa.Array:
        """The name of each device as a log writes it; `template` holds {upper}, {lower} or both."""
        written = [template.format(upper=name, lower=name.lower()) for name in self.device_names]
        return pick(written, devices)

    def users(self, users: npt.NDArray[np.integer], template: str, nobody: str) -> pa.Array:
        """The user of each record as a log writes it; `template` holds {login} or {upper}."""
        written = [template.format(login=login, upper=login.upper()) for login in self.logins]
        return pick([*written, nobody], np.where(users < 0, len(written), users))

    def addresses(self, day: int) -> list[list[str]]:
        """For each site (home last) the address of each device on a day: leases wander."""
        found = []
        numbers = range(len(self.device_names))
        for network in SITE_NETWORKS:
            leases = [(number * 7 + day * 3) % max(250, len(numbers)) for number in numbers]
            found.append([f"10.{network}.{1 + lease // 250}.{2 + lease % 250}" for lease in leases])
        found.append([f"192.168.{(1, 178, 0, 2)[number % 4]}.{20 + (number * 13 + day) % 200}" for number in numbers])
        return found


def found_organisation(rng: np.random.Generator, devices: int, users: int) -> Organisation:
    """An organisation of that size."""
    site_of = _shared(devices, SITE_SHARES)
    kind_of = np.zeros(devices, np.int8)
    for site, shares in enumerate(SITE_KINDS):
        at_site = np.flatnonzero(site_of == site)
        kind_of[at_site] = rng.permutation(_shared(len(at_site), shares))
    is_laptop = np.isin(kind_of, (LAPTOP, MAC, LINUX))
    agent_of = np.full(devices, NO_AGENT, np.int8)
    agent_of[np.isin(kind_of, (LAPTOP, DESKTOP))] = MDE
    agent_of[np.isin(kind_of, (MAC, LINUX))] = CHUNKS
    agent_of[site_of == PLANT] = NO_AGENT
    numbers = rng.permutation(np.arange(1, 10 * devices + 1))[:devices]
    names = [f"{PREFIXES[kind]}-{number:04d}" for kind, number in zip(kind_of.tolist(), numbers.tolist(), strict=True)]
    is_personal = is_laptop | (kind_of == DESKTOP) & (site_of != PLANT)
    is_personal |= (kind_of == BENCH) & (np.arange(devices) % 3 == 0)
    order = np.cumsum(is_personal) - 1
    return Organisation(
        device_names=names,
        device_ids=[rng.bytes(20).hex() for _ in names],
        site_of=site_of,
        kind_of=kind_of,
        agent_of=agent_of,
        has_cloud_proxy=is_laptop & (rng.random(devices) < 0.75),
        user_of=np.where(is_personal, order % users, -1).astype(np.int32),
        activity_of=rng.lognormal(-0.18, 0.6, devices),
        logins=_logins(rng, users),
        department_of=rng.choice(len(DEPARTMENTS), users, p=DEPARTMENT_SHARES).astype(np.int8),
    )


def _shared(count: int, shares: tuple[float, ...]) -> npt.NDArray[np.int8]:
    """Numbers of the shares, each as often as its share of `count` says."""
    edges = np.round(np.cumsum(shares) * count)
    return np.searchsorted(edges, np.arange(count), side="right").clip(0, len(shares) - 1).astype(np.int8)


def _logins(rng: np.random.Generator, count: int) -> list[str]:
    first, last = words("first_names"), words("last_names")
    pairs = len(first) * len(last)
    chosen = rng.permutation(max(pairs, count))[:count].tolist()
    found = []
    for place in chosen:
        turn, pair = divmod(place, pairs)
        login = f"{first[pair % len(first)]}.{last[pair // len(first)]}"
        found.append(login + (str(turn + 1) if turn else ""))
    return found


def offset_seconds(site: int, day: date) -> int:
    """How far the site's clock is ahead of UTC at noon of a day."""
    noon = datetime.combine(day, time(12), UTC).astimezone(ZoneInfo(SITE_ZONES[site]))
    offset = noon.utcoffset()
    assert offset is not None  # noqa: S101 - the zone is ours
    return int(offset.total_seconds())
