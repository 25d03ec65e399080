"""FortiGate log (key=value) of the office in Pune: sessions as traffic lines, inspected requests as webfilter lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from etl.demo.organisation import PUNE, offset_seconds
from etl.demo.scene import Drop, Scene
from etl.demo.text import HOUR, Mask, Text, clock, content, day_of, either, fill, join, number, pick, zone

SOURCE = "fortigate_edge"
START = (
    'date={date} time={clock} devname="FGT-PUNE" devid="FG100FTK20000000" eventtime={at}000 tz="{zone}" '
    'logid="{logid}" type="{type}" '
)
ENDS = (
    'srcip={src} srcport={src_port} srcintf="{src_intf}" srcintfrole="{src_role}" '
    'dstip={dst} dstport={port} dstintf="{dst_intf}" dstintfrole="{dst_role}" '
)
TRAFFIC = (
    START + 'subtype="forward" level="notice" vd="root" ' + ENDS + 'srcname="{device}" sessionid={session} '
    'proto=6 action="{action}" policyid=12 service="{service}"{user} app="{app}" appcat="{category}" '
    "duration={seconds} sentbyte={up} rcvdbyte={down}{hostname}\n"
)
WEBFILTER = (
    START + 'subtype="webfilter" eventtype="{event}" level="{level}" vd="root" policyid=12 ' + ENDS + "proto=6 "
    'service="{service}"{user} hostname="{host}" profile="default" action="{action}" reqtype="direct" '
    'url="{scheme}://{host}{uri}" sentbyte={up} rcvdbyte={down} direction="outgoing" catdesc="{category}"\n'
)
# An administrator's login, which is no traffic.
LOGIN = (
    'date={day} time=00:00:07 devname="FGT-PUNE" devid="FG100FTK20000000" eventtime={at}000 tz="{zone}" '
    'logid="0100032001" type="event" subtype="system" level="information" vd="root" logdesc="Admin login" user="admin" '
    'ui="https(10.30.0.5)" action="login" status="success" msg="Administrator admin logged in from https(10.30.0.5)"\n'
)


def drops(scene: Scene) -> Iterator[Drop]:
    """Four files a day, zstd, each with one administrator's login."""
    day = scene.world.day(scene.index)
    local = zone(offset_seconds(PUNE, day))
    for hour, chosen in scene.slots(scene.rows.at):
        login = LOGIN.format(day=day, at=scene.midnight + hour * HOUR, zone=local)
        text = login.encode() + content(_lines(scene.with_rows(scene.rows.take(chosen))))
        name = f"fgt-pune-{scene.stamp}-{hour:02d}.log.zst"
        yield Drop(SOURCE, name, text, len(chosen) + 1, scene.closed_at(hour + 6), "zstd")


def _lines(scene: Scene) -> Text:
    """A third of the requests is inspected, and all that are blocked; the rest is logged as sessions."""
    count = len(scene.rows)
    inspected = (scene.rng.random(count) < 0.35) | scene.is_blocked
    inbound = (scene.rng.random(count) < 0.004) & ~inspected
    columns = _columns(scene, inbound)
    return either(inspected, fill(WEBFILTER, _inspected(scene, columns)), fill(TRAFFIC, _session(scene, columns)))


def _columns(scene: Scene, inbound: Mask) -> dict[str, Text]:
    """What both kinds of lines have. Inbound sessions come from outside, to what is a client otherwise."""
    rows = scene.rows
    offset = offset_seconds(PUNE, scene.world.day(scene.index))
    return {
        "date": day_of(rows.at, "%Y-%m-%d", offset),
        "clock": clock(rows.at, offset),
        "at": number(rows.at),
        "zone": pick([zone(offset)], np.zeros(len(rows), np.int64)),
        "src": either(inbound, scene.server(), scene.client()),
        "src_port": number(scene.rng.integers(49152, 65535, len(rows))),
        "src_intf": either(inbound, "wan1", "internal"),
        "src_role": either(inbound, "wan", "lan"),
        "dst": either(inbound, scene.client(), scene.server()),
        "port": scene.port(),
        "dst_intf": either(inbound, "internal", "wan1"),
        "dst_role": either(inbound, "lan", "wan"),
        "service": either(scene.is_http, "HTTP", "HTTPS"),
        "user": scene.world.organisation.users(rows.user, ' user="{upper}"', ""),
        "host": scene.host(),
        "up": scene.up(),
    }


def _session(scene: Scene, columns: dict[str, Text]) -> dict[str, Text]:
    rows, rng = scene.rows, scene.rng
    ends = np.where(scene.is_failed, 3, rng.choice(3, len(rows), p=[0.9, 0.06, 0.04]))
    return columns | {
        "logid": pick(["0000000013"], np.zeros(len(rows), np.int64)),
        "type": pick(["traffic"], np.zeros(len(rows), np.int64)),
        "device": scene.world.organisation.names(rows.device, "{lower}"),
        "session": number(rng.integers(1, 1 << 31, len(rows))),
        "action": pick(("close", "client-rst", "server-rst", "timeout"), ends),
        "app": pc.replace_substring(scene.app(other="HTTPS.BROWSER"), " ", "."),
        "category": pc.replace_substring(scene.category(tail="Web.Client"), " ", "."),
        "seconds": number(rows.elapsed // 1000),
        "down": number(np.where(scene.is_failed, 0, rows.down)),
        "hostname": either(rng.random(len(rows)) < 0.8, join(' hostname="', scene.host(), '"'), ""),
    }


def _inspected(scene: Scene, columns: dict[str, Text]) -> dict[str, Text]:
    blocked = scene.is_blocked
    return columns | {
        "logid": either(blocked, "0316013056", "0317013312"),
        "type": pick(["utm"], np.zeros(len(blocked), np.int64)),
        "event": either(blocked, "ftgd_blk", "ftgd_allow"),
        "level": either(blocked, "warning", "notice"),
        "action": either(blocked, "blocked", "passthrough"),
        "scheme": either(scene.is_http, "http", "https"),
        "uri": scene.uri(),
        "down": number(np.where(blocked, 0, scene.rows.down)),
        "category": scene.category(tail="Unrated"),
    }
