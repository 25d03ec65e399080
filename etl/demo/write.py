"""Writes the demo's drops day by day: memory holds two or three days, however many there are."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import zstandard

from etl.demo import incidents, organisation
from etl.demo.incidents import Incident
from etl.demo.logs import fortigate, mde, proxysg, squid, zeek, zscaler
from etl.demo.logs.chunks import SOURCE as CHUNK_SOURCE
from etl.demo.logs.chunks import Chunks
from etl.demo.organisation import CHUNKS, MDE
from etl.demo.scene import Drop, Scene
from etl.demo.text import DAY
from etl.demo.traffic import SOURCES, Transactions, concatenated, local_day
from etl.demo.world import World, generator, made


class Progress(Protocol):
    def __call__(self, what: str, done: int, total: int, detail: str = "") -> None: ...


@dataclass(frozen=True)
class SourceSummary:
    """What was written for one source. `records` counts log records, not headers; a duplicate file counts none."""

    source: str
    files: int
    records: int
    file_bytes: int

    @property
    def line(self) -> str:
        return f"  {self.source:<16} {self.files:>3} files {self.records:>9,} records {self.file_bytes / 1e6:>7.1f} MB"


@dataclass(frozen=True)
class DemoSummary:
    """What was written, and what a report on it must surface."""

    folder: str
    organisation: str
    user_domains: list[str]
    internal_domains: list[str]
    seed: int
    devices: int
    users: int
    first_day: str
    last_day: str
    sources: list[SourceSummary]
    incidents: list[Incident] = field(default_factory=list)

    @property
    def files(self) -> int:
        return sum(one.files for one in self.sources)

    @property
    def records(self) -> int:
        return sum(one.records for one in self.sources)

    def configuration(self) -> str:
        """What cloud-discovery.local.toml says of the invented organisation, as TOML: a person has one name, however they log in."""
        return (
            "# Of the demo's invented organisation. Delete this file when your own logs come.\n[organisation]\n"
            f'name = "{self.organisation}"\nuser_domains = {json.dumps(self.user_domains)}\n'
            f"internal_domains = {json.dumps(self.internal_domains)}\n"
        )

    def lines(self) -> list[str]:
        """The summary for a person."""
        found = [
            f"{self.organisation}: {self.devices:,} devices, {self.users:,} people, "
            f"{self.first_day} to {self.last_day} (seed {self.seed})",
            f"{self.files:,} files with {self.records:,} records in {self.folder}",
            *(one.line for one in self.sources),
            "Planted:",
        ]
        for one in self.incidents:
            who = ", ".join(filter(None, (one.device, one.user, one.app, one.file)))
            found.append(f"  {one.day} {one.kind:<24} {one.source:<15} {who}: {one.detail}")
        return found


# What each proxy's log is written by, in the order of traffic.SOURCES.
PROXY_LOGS: tuple[Callable[[Scene], Iterator[Drop]], ...] = (
    squid.native,
    squid.common,
    proxysg.drops,
    fortigate.drops,
    zscaler.drops,
    zeek.drops,
)


def write(
    folder: Path,
    *,
    seed: int = 7,
    devices: int = 300,
    users: int = 250,
    days: int = 7,
    last_day: date | None = None,
    progress: Progress | None = None,
) -> DemoSummary:
    """Write `<folder>/<source>/<file>` for `days` UTC days up to `last_day` (default: yesterday).

    Files of the same name are replaced, each at once.
    """
    last = last_day or datetime.now(UTC).date() - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    people = organisation.found_organisation(generator(seed, "organisation"), devices, users)
    who = incidents.cast(people)
    world = made(seed, people, first, days, who.avoids(people))
    chunks = Chunks(who.silent)
    totals: dict[str, SourceSummary] = {}
    planted: list[Incident] = []
    for index, drawn in _days(world):
        if progress is not None:
            progress("demo", index, days, world.day(index).isoformat())
        day_incidents = incidents.planted(world, who, index)
        planted += [incident for incident, _ in day_incidents]
        rows = concatenated([drawn, *(extra for _, extra in day_incidents)])
        rows = rows.take(np.argsort(rows.at, kind="stable"))
        for drop in _day_drops(world, index, rows, chunks):
            if drop.records == 0 and drop.incident is None:
                continue  # an organisation this small has no such traffic
            _place(folder, drop, totals)
            if drop.incident is not None:
                kind, detail = drop.incident
                planted.append(Incident(kind, drop.source, world.day(index).isoformat(), detail, file=drop.name))
    if progress is not None:
        progress("demo", days, days)
    return DemoSummary(
        folder=str(folder),
        organisation=organisation.NAME,
        user_domains=[organisation.USER_DOMAIN],
        internal_domains=[organisation.INTERNAL_DOMAIN],
        seed=seed,
        devices=devices,
        users=users,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        sources=[totals[name] for name in sorted(totals)],
        incidents=planted,
    )


def _days(world: World) -> Iterator[tuple[int, Transactions]]:
    """Each UTC day's transactions. A local day reaches into the days beside it: one more on either side is drawn."""
    pending: list[Transactions] = []
    for index in range(-1, world.days + 1):
        pending.append(local_day(world, index))
        day = index - 1
        if day < 0:
            continue
        drawn = concatenated(pending)
        start = (world.day(day) - date(1970, 1, 1)).days * DAY
        yield day, drawn.take((drawn.at >= start) & (drawn.at < start + DAY))
        pending = [drawn.take(drawn.at >= start + DAY)]


def _day_drops(world: World, index: int, rows: Transactions, chunks: Chunks) -> Iterator[Drop]:
    for number, (source, log) in enumerate(zip(SOURCES, PROXY_LOGS, strict=True)):
        yield from log(Scene(world, index, rows.take(rows.source == number), world.rng(source, index)))
    for agent, source, log in ((MDE, mde.SOURCE, mde.drops), (CHUNKS, CHUNK_SOURCE, chunks.drops)):
        yield from log(Scene(world, index, rows.take(rows.agent == agent), world.rng(source, index)))


def _place(folder: Path, drop: Drop, totals: dict[str, SourceSummary]) -> None:
    """Put a drop where intake looks, complete at once: until then its name begins with a dot."""
    data = drop.content
    if drop.packing == "gzip":
        data = gzip.compress(data, 6, mtime=0)
    elif drop.packing == "zstd":
        data = zstandard.ZstdCompressor(level=3).compress(data)
    data = data[: int(len(data) * drop.kept)]
    path = folder / drop.source / drop.name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(data)
    os.utime(temporary, (drop.at.timestamp(), drop.at.timestamp()))
    temporary.replace(path)
    known = totals.get(drop.source, SourceSummary(drop.source, 0, 0, 0))
    totals[drop.source] = SourceSummary(
        drop.source, known.files + 1, known.records + drop.records, known.file_bytes + len(data)
    )
