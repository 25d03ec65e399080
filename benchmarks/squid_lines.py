"""Squid native logs of any length: `python -m benchmarks.squid_lines --lines 5000000 access.log`.

Hosts by popularity with a long tail, 300 clients with a person each, CONNECT and GET, a working day's rhythm, in order of
time. The same number of lines, seed and last day give the same bytes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from etl.demo import hosts as host_data
from etl.demo.hosts import Hosts
from etl.demo.organisation import Organisation, found_organisation
from etl.demo.rhythm import OFFICE, Floats
from etl.demo.text import SECOND, Mask, Text, content, either, fill, milliseconds, number, padded, pick
from etl.demo.world import generator

LINE = "{second}.{milli} {elapsed} {client} {result} {bytes} {request}{path} {user} {peer} {type}\n"
CLIENTS = 300
A_PIECE = 250_000  # lines made at once
HITS = ("TCP_MISS/200", "TCP_MISS/200", "TCP_MISS/302", "TCP_HIT/200", "TCP_REFRESH_UNMODIFIED/304", "TCP_MISS/404")
PATHS = [f"{head}{tail}" for head in ("", "index.html?id=", "static/app.", "api/v1/items/") for tail in range(300)]


@dataclass(frozen=True)
class _Stage:
    """What all lines share. `edges`: cumulated popularity of hosts; `moments`: cumulated density of the minutes."""

    seed: int
    start: int  # µs since 1970
    days: int
    hosts: Hosts
    people: Organisation
    edges: Floats
    moments: Floats
    is_http: Mask
    requests: Text
    peers: Text


def write(path: Path, lines: int, *, seed: int = 7, days: int = 1, last_day: date | None = None) -> None:
    """Write so many lines over so many UTC days up to `last_day` (default: yesterday)."""
    last = last_day or datetime.now(UTC).date() - timedelta(days=1)
    stage = _stage(seed, days, last)
    pieces = [(first, min(first + A_PIECE, lines)) for first in range(0, lines, A_PIECE)]
    with path.open("wb") as handle:
        for text in _ahead(stage, pieces, lines):
            handle.write(text)


def _ahead(stage: _Stage, pieces: list[tuple[int, int]], total: int) -> Iterator[bytes]:
    """The pieces in order, made by two threads that stay close ahead of the writer."""
    with ThreadPoolExecutor(2) as pool:
        pending = []
        for first, end in pieces:
            pending.append(pool.submit(_piece, stage, first, end, total))
            if len(pending) > 2:
                yield pending.pop(0).result()
        for one in pending:
            yield one.result()


def _stage(seed: int, days: int, last: date) -> _Stage:
    hosts = host_data.load(generator(seed, "hosts"))
    apps = np.array([hosts.apps[app].weight if app >= 0 else 0 for app in hosts.app_of])
    popularity = apps / apps.sum() * 0.6
    popularity[hosts.web] = hosts.web_weights * 0.25
    tail = 1 / np.arange(1, len(hosts.tail) + 1)
    popularity[hosts.tail] = tail / tail.sum() * 0.15
    moments = np.cumsum(np.tile(OFFICE + 0.02, days))
    # A sixth of the hosts is reached without TLS, so that both kinds of lines are frequent.
    is_http = hosts.is_http | (np.arange(len(hosts.names)) % 6 == 5)
    named = zip(hosts.names, is_http.tolist(), strict=True)
    return _Stage(
        seed=seed,
        start=(last - timedelta(days=days - 1) - date(1970, 1, 1)).days * 86_400 * SECOND,
        days=days,
        hosts=hosts,
        people=found_organisation(generator(seed, "organisation"), CLIENTS, CLIENTS),
        edges=np.cumsum(popularity),
        moments=moments / moments[-1],
        is_http=is_http,
        requests=pa.array([f"GET http://{name}/" if plain else f"CONNECT {name}:443" for name, plain in named]),
        peers=pa.array([f"HIER_DIRECT/{address}" for address in hosts.addresses()]),
    )


def _piece(stage: _Stage, first: int, end: int, total: int) -> bytes:
    count = end - first
    rng = generator(stage.seed, "squid lines", first // A_PIECE)
    at = stage.start + _instants(stage, (np.arange(first, end) + rng.random(count)) / total)
    host = np.searchsorted(stage.edges, rng.random(count) * stage.edges[-1]).clip(0, len(stage.edges) - 1)
    client = (rng.random(count) ** 1.6 * CLIENTS).astype(np.int64)
    is_http = stage.is_http[host]
    denied = rng.random(count) < 0.02
    size = np.exp(rng.normal(8.6, 1.7, count)).clip(90, 4e8).astype(np.int64)
    answered = either(is_http, pick(HITS, rng.integers(0, len(HITS), count)), "TCP_TUNNEL/200")
    columns = {
        "second": number(at // SECOND),
        "milli": milliseconds(at),
        "elapsed": padded(np.exp(rng.normal(4.6, 1.3, count)).astype(np.int64), 6),
        "client": pick([f"10.1.{1 + n // 250}.{2 + n % 250}" for n in range(CLIENTS)], client),
        "result": either(denied, "TCP_DENIED/403", answered),
        "bytes": number(np.where(denied, 3900, size)),
        "request": stage.requests.take(pa.array(host)),
        "path": either(is_http, pick(PATHS, rng.integers(0, len(PATHS), count)), ""),
        "user": pick([*stage.people.logins, "-"], np.where(rng.random(count) < 0.06, CLIENTS, client)),
        "peer": either(denied, "HIER_NONE/-", stage.peers.take(pa.array(host))),
        "type": either(is_http | denied, "text/html", "-"),
    }
    return content(fill(LINE, columns))


def _instants(stage: _Stage, shares: Floats) -> np.ndarray:
    """µs since the start for shares of all lines that grow from 0 to 1: the busier the minute, the more lines."""
    minutes = np.interp(shares, np.concatenate([[0.0], stage.moments]), np.arange(len(stage.moments) + 1))
    instants: np.ndarray = (minutes * 60 * SECOND).astype(np.int64)
    return instants


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--last-day", type=date.fromisoformat, default=None)
    given = parser.parse_args()
    started = time.monotonic()
    write(given.path, given.lines, seed=given.seed, days=given.days, last_day=given.last_day)
    seconds = time.monotonic() - started
    print(
        f"{given.lines:,} lines, {given.path.stat().st_size / 1e6:,.0f} MB in {seconds:.1f} s: {given.lines / seconds:,.0f} lines/s"
    )


if __name__ == "__main__":
    main()
