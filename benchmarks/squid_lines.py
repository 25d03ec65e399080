"""Squid native lines for benchmarks: Zipf-distributed hosts, 300 clients and users, CONNECT and GET, one day, the same bytes each time.

python -m benchmarks.squid_lines 5000000 access.log
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BLOCK = 500_000
HOSTS = 20_000
CLIENTS = 300
APPS = (
    "dropbox.com",
    "slack.com",
    "zoom.us",
    "chatgpt.com",
    "github.com",
    "office.com",
    "google.com",
    "youtube.com",
    "salesforce.com",
)


def write(path: Path, lines: int, start: int = 1_795_392_000, seconds: int = 86_000, seed: int = 1) -> None:
    """Write `lines` lines from the instant `start` (seconds since 1970) on."""
    rng = np.random.default_rng(seed)
    names = [f"www.{app}" for app in APPS] + [f"h{i}.site{i % 5000}.example" for i in range(HOSTS - len(APPS))]
    hosts = pa.array(names)
    with path.open("wb") as out:
        for first in range(0, lines, BLOCK):
            count = min(BLOCK, lines - first)
            out.write(_block(rng, hosts, first, count, lines, start, seconds))


def _block(
    rng: np.random.Generator, hosts: pa.Array, first: int, count: int, lines: int, start: int, seconds: int
) -> bytes:
    milliseconds = (np.arange(first, first + count) * (seconds * 1000 / lines)).astype(np.int64) + start * 1000
    stamps = pa.array(milliseconds)
    whole, part = pc.divide(stamps, 1000), pc.add(pa.array(milliseconds % 1000), 1000)
    host = hosts.take(pa.array(np.minimum(rng.zipf(1.3, count) - 1, HOSTS - 1)))
    client = rng.integers(0, CLIENTS, count)
    is_get = rng.random(count) < 0.35
    text = pa.string()

    def number(values: np.ndarray) -> pa.Array:
        return pa.array(values).cast(text)

    path = pc.binary_join_element_wise(
        "/a/", number(rng.integers(0, 5000, count)), "/index.html?x=", number(rng.integers(0, 99999, count)), ""
    )
    url = pc.if_else(
        pa.array(is_get),
        pc.binary_join_element_wise("http://", host, path, ""),
        pc.binary_join_element_wise(host, ":443", ""),
    )
    lines_out = pc.binary_join_element_wise(
        pc.binary_join_element_wise(whole.cast(text), ".", pc.utf8_slice_codeunits(part.cast(text), 1), ""),
        pc.utf8_lpad(number(rng.integers(0, 60000, count)), 6),
        pc.binary_join_element_wise("10.1.", number(client // 100), ".", number(client % 100 + 1), ""),
        pc.if_else(pa.array(is_get), "TCP_MISS/200", "TCP_TUNNEL/200"),
        number(rng.integers(100, 400_000, count)),
        pc.if_else(pa.array(is_get), "GET", "CONNECT"),
        url,
        pc.binary_join_element_wise("user", number(client), ""),
        pc.binary_join_element_wise("HIER_DIRECT/198.51.100.", number(rng.integers(1, 255, count)), ""),
        pc.if_else(pa.array(is_get), "text/html", "-"),
        " ",
    )
    return ("\n".join(lines_out.to_pylist()) + "\n").encode()


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
