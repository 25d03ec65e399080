"""Squid's access.log: native at headquarters (with names of people), common on the plant's old proxy (without)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from etl.demo.organisation import PLANT, offset_seconds
from etl.demo.scene import Drop, Scene
from etl.demo.text import (
    SECOND,
    Mask,
    Text,
    clock,
    content,
    day_of,
    either,
    fill,
    join,
    milliseconds,
    number,
    padded,
    pick,
    zone,
)
from etl.demo.traffic import concatenated

NATIVE = "{second}.{milli} {elapsed} {client} {result} {bytes} {method} {url} {user} {peer} {type}\n"
COMMON = '{client} - - [{date}:{clock} {zone}] "{method} {url} HTTP/1.1" {status} {bytes} {result}\n'
TYPES = ("text/html", "application/json", "image/webp", "application/javascript", "application/octet-stream")
HITS = ("TCP_MISS/", "TCP_MISS/", "TCP_MISS/", "TCP_HIT/", "TCP_REFRESH_UNMODIFIED/", "TCP_MEM_HIT/")
# Lines that a full disk, a crash and a misdirected daemon left behind.
BROKEN = (
    "{second}.118     42 10.1.1.9 TCP_MISS/200 18\n"
    "squid: cache.log rotated, signal 10\n"
    "{second}.502 - 10.1.1.10\n"
    "{second}.777     12 10.1.1.11 TCP_MISS/200 abc GET\n"
)
BROKEN_DAY, DAMAGED_DAY = 1, 2


def native(scene: Scene) -> Iterator[Drop]:
    """A day of the proxy at headquarters. Squid logs what went to the client; it has no upload figure."""
    lines = _native_lines(scene)
    head, incident = "", None
    if scene.is_day(BROKEN_DAY):
        head = BROKEN.replace("{second}", str(scene.midnight // SECOND + 60))
        incident = (
            "malformed_lines",
            f"{head.count(chr(10))} lines that are no log lines at the beginning of the file",
        )
    drop = Drop(
        source="proxy_hq",
        name=f"access.log-{scene.stamp}" + (".gz" if scene.is_rotated else ""),
        content=head.encode() + content(lines),
        records=len(lines) + head.count("\n"),
        at=scene.closed_at(),
        packing="gzip" if scene.is_rotated else "plain",
        incident=incident,
    )
    yield drop
    if scene.is_day(DAMAGED_DAY):
        # What the cluster's second node logged, in a copy that broke off: none of it can be counted.
        some = content(_native_lines(scene.with_rows(scene.rows.take(np.arange(0, len(scene.rows), 40)))))
        told = ("damaged_file", "a gzip file whose copy broke off")
        name = f"node2-access.log-{scene.stamp}.gz"
        yield replace(drop, name=name, content=some, records=0, packing="gzip", kept=0.6, incident=told)


def _native_lines(scene: Scene) -> Text:
    scene, is_challenge = _with_challenges(scene)
    rows, rng = scene.rows, scene.rng
    is_tunnel = ~scene.is_http
    user = scene.world.organisation.users(rows.user, "{login}", "-")
    far = either(rows.at // 1000 % 33 == 0, scene.server6(), scene.server())
    return fill(
        NATIVE,
        {
            "second": number(rows.at // SECOND),
            "milli": milliseconds(rows.at),
            "elapsed": padded(np.where(is_challenge, 0, rows.elapsed), 6),
            "client": scene.client(),
            "result": _result(scene, is_challenge),
            "bytes": number(np.where(is_challenge, 4010, rows.down)),
            "method": either(is_tunnel, "CONNECT", scene.method()),
            "url": _url(scene),
            "user": either(is_challenge | (rng.random(len(rows)) < 0.002), "-", user),
            "peer": either(is_challenge | scene.is_blocked, "HIER_NONE/-", join("HIER_DIRECT/", far)),
            "type": either(is_tunnel, "-", pick(TYPES, rng.integers(0, len(TYPES), len(rows)))),
        },
    )


def _with_challenges(scene: Scene) -> tuple[Scene, Mask]:
    """One in eighty requests is refused first (407, no user yet), as authentication makes it."""
    rows = scene.rows
    challenged = scene.rng.random(len(rows)) < 1 / 80
    extra = rows.take(challenged)
    extra = replace(extra, at=np.maximum(extra.at - 40_000, scene.midnight))
    both = concatenated([rows, extra])
    order = np.argsort(both.at, kind="stable")
    return scene.with_rows(both.take(order)), (np.arange(len(both)) >= len(rows))[order]


def _result(scene: Scene, is_challenge: Mask) -> Text:
    rows, is_tunnel = scene.rows, ~scene.is_http
    hit = join(pick(HITS, scene.rng.integers(0, len(HITS), len(rows))), number(rows.status))
    answered = either(is_tunnel, "TCP_TUNNEL/200", hit)
    failed = either(is_tunnel, "TCP_TUNNEL/503", "TCP_MISS/504")
    refused = either(is_challenge, "TCP_DENIED/407", "TCP_DENIED/403")
    return either(is_challenge | scene.is_blocked, refused, either(scene.is_failed, failed, answered))


def _url(scene: Scene) -> Text:
    return either(scene.is_http, join("http://", scene.host(), scene.uri()), join(scene.host(), ":443"))


def common(scene: Scene) -> Iterator[Drop]:
    """A day of the plant's proxy: local time with its offset; nobody logs in; a line now and then out of order."""
    jitter = scene.rng.integers(0, 3, len(scene.rows)) * SECOND
    scene = scene.with_rows(scene.rows.take(np.argsort(scene.rows.at + jitter, kind="stable")))
    rows, is_tunnel = scene.rows, ~scene.is_http
    offset = offset_seconds(PLANT, scene.world.day(scene.index))
    answered = is_tunnel & ~scene.is_blocked & ~scene.is_failed
    results = ("TCP_DENIED:HIER_NONE", "TCP_TUNNEL:HIER_DIRECT", "TCP_MISS:HIER_DIRECT")
    lines = fill(
        COMMON.replace("{zone}", zone(offset)),
        {
            "client": scene.client(),
            "date": day_of(rows.at, "%d/%b/%Y", offset),
            "clock": clock(rows.at, offset),
            "method": either(is_tunnel, "CONNECT", scene.method()),
            "url": _url(scene),
            "status": number(np.where(answered, 200, scene.status(failed=503))),
            "bytes": either(scene.is_failed, "-", scene.down()),
            "result": pick(results, np.where(scene.is_blocked, 0, np.where(is_tunnel, 1, 2))),
        },
    )
    yield Drop("proxy_legacy", f"legacy-access-{scene.stamp}.log", content(lines), len(lines), scene.closed_at())
