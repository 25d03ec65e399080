"""What the writer of a log gets to see of one UTC day, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np

from etl.demo.hosts import BLOCKED, FAILED
from etl.demo.text import DAY, HOUR, SECOND, Ints, Mask, Text, either, number, pick
from etl.demo.traffic import METHODS, Transactions
from etl.demo.world import World

Packing = Literal["plain", "gzip", "zstd"]


@dataclass(frozen=True)
class Drop:
    """One file to be dropped. `at`: when it was closed, UTC (its modification time).

    `records` counts what can be counted of it. `kept`: the share of the packed file that arrives. `incident`: (kind,
    detail) when the file itself is one.
    """

    source: str
    name: str
    content: bytes
    records: int
    at: datetime
    packing: Packing = "plain"
    kept: float = 1.0
    incident: tuple[str, str] | None = None


@dataclass(frozen=True)
class Scene:
    """One UTC day as one source saw it: its transactions, in order of time unless said otherwise."""

    world: World
    index: int
    rows: Transactions
    rng: np.random.Generator

    def with_rows(self, rows: Transactions) -> Scene:
        return Scene(self.world, self.index, rows, self.rng)

    # the day

    @property
    def stamp(self) -> str:
        return self.world.day(self.index).strftime("%Y%m%d")

    @property
    def midnight(self) -> int:
        """µs since 1970, UTC."""
        return (self.world.day(self.index) - date(1970, 1, 1)).days * DAY

    @property
    def is_rotated(self) -> bool:
        """Whether the day's log has been compressed since: the last two days lie there plain."""
        return self.index < self.world.days - 2

    def is_day(self, index: int) -> bool:
        """Whether this is that day of the demo, or the last day of a shorter one."""
        return self.index == min(index, self.world.days - 1)

    def closed_at(self, hour: int = 24) -> datetime:
        """When a log of this day that ends at `hour` was closed: three minutes later."""
        return datetime.fromtimestamp(self.midnight // SECOND, UTC) + timedelta(hours=hour, minutes=3)

    def slots(self, at: Ints, hours: int = 6) -> Iterator[tuple[int, np.ndarray]]:
        """The day in parts: the first hour of each, and the positions of its instants."""
        for hour in range(0, 24, hours):
            start = self.midnight + hour * HOUR
            first, end = np.searchsorted(at, [start, start + hours * HOUR])
            yield hour, np.arange(first, end)

    # columns that many logs have

    @property
    def is_http(self) -> Mask:
        found: Mask = self.world.hosts.is_http[self.rows.host]
        return found

    @property
    def is_blocked(self) -> Mask:
        found: Mask = self.rows.verdict == BLOCKED
        return found

    @property
    def is_failed(self) -> Mask:
        found: Mask = self.rows.verdict == FAILED
        return found

    def status(self, failed: int) -> Ints:
        """The HTTP status that the client saw; `failed` where no server answered."""
        found: Ints = np.where(self.is_blocked, 403, np.where(self.is_failed, failed, self.rows.status)).astype(
            np.int64
        )
        return found

    def client(self) -> Text:
        """The client's address: where the device was on this day."""
        by_site = self.world.organisation.addresses(self.index)
        words = [address for site in by_site for address in site]
        return pick(words, self.rows.site.astype(np.int64) * len(by_site[0]) + self.rows.device)

    def host(self) -> Text:
        return pick(self.world.hosts.names, self.rows.host)

    def server(self) -> Text:
        return pick(self.world.hosts.addresses(), self.rows.host)

    def server6(self) -> Text:
        return pick(self.world.hosts.addresses6(), self.rows.host)

    def uri(self) -> Text:
        """Path and query string."""
        return pick(self.world.paths, self.rows.path)

    def method(self) -> Text:
        return pick(METHODS, self.rows.method)

    def port(self) -> Text:
        return either(self.is_http, "80", "443")

    def category(self, tail: str) -> Text:
        """The category of the host as a vendor might write it; `tail` for hosts that vendors do not know."""
        words = [tail if one == "tail" else one.replace("_", " ").title() for one in self.world.hosts.categories]
        return pick(words, self.rows.host)

    def app(self, other: str) -> Text:
        """The vendor's own application label."""
        hosts = self.world.hosts
        return pick([hosts.apps[app].name if app >= 0 else other for app in hosts.app_of.tolist()], self.rows.host)

    def up(self) -> Text:
        return number(self.rows.up)

    def down(self) -> Text:
        return number(self.rows.down)
