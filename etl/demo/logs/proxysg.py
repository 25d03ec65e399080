"""Symantec ProxySG access log (W3C, UTC) of the branch in Chicago; its field list changes in the middle of a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from etl.demo.organisation import NT_DOMAIN
from etl.demo.scene import Drop, Scene
from etl.demo.text import Text, clock, content, day_of, either, fill, number, pick

SOURCE = "proxysg_branch"
HEAD = "#Software: SGOS 7.3.16.3\n#Version: 1.0\n#Start-Date: {day} {hour:02d}:00:00\n#Date: {day} {hour:02d}:00:00\n"
# Each list of fields with the line that goes with it.
OLD = (
    "date time time-taken c-ip cs-username cs-auth-group s-supplier-name s-supplier-ip sc-filter-result cs-categories "
    "sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query "
    "cs(User-Agent) s-ip sc-bytes cs-bytes",
    '{date} {time} {taken} {client} {user} - {host} {server} {filter} "{category}" '
    "{status} {action} {method} {type} {scheme} {host} {port} {path} {query} {agent} 10.20.0.8 {down} {up}\n",
)
NEW = (
    "date time c-ip cs-username cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path sc-status s-action "
    "sc-filter-result cs-categories cs-bytes sc-bytes time-taken s-supplier-ip",
    "{date} {time} {client} {user} {method} {scheme} {host} {port} {path} {status} {action} "
    '{filter} "{category}" {up} {down} {taken} {server}\n',
)
AGENTS = (
    '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/142.0"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) Safari/605.1"',
    "-",
)
CHANGE_DAY, CHANGE_HOUR = 2, 12  # the field list changes in the middle of the file of these hours
LATE_HOUR = 18  # this file of the first day comes with those of the last day


def drops(scene: Scene) -> Iterator[Drop]:
    """Four files a day."""
    for hour, chosen in scene.slots(scene.rows.at):
        part = scene.with_rows(scene.rows.take(chosen))
        text = HEAD.format(day=scene.world.day(scene.index), hour=hour).encode() + _body(part, hour)
        at, name, told = scene.closed_at(hour + 6), f"SG_main__{scene.stamp}{hour:02d}0000.log", None
        last = scene.world.days - 1
        if scene.index == 0 < last and hour == LATE_HOUR and len(chosen):
            at, name = at + timedelta(days=last), name.replace(".log", "_resent.log")
            told = ("late_file", f"events of this day, dropped with the files of {scene.world.day(last)}")
        yield Drop(SOURCE, name, text, len(chosen), at, incident=told)


def _body(scene: Scene, hour: int) -> bytes:
    change = (min(CHANGE_DAY, scene.world.days - 1), CHANGE_HOUR)
    now = (scene.index, hour)
    count = len(scene.rows)
    middle = count // 2 if now == change else count if now < change else 0
    parts = [(OLD, np.arange(middle))] if now <= change else []
    parts += [(NEW, np.arange(middle, count))] if now >= change else []
    found = b""
    for (names, line), chosen in parts:
        part = scene.with_rows(scene.rows.take(chosen))
        found += f"#Fields: {names}\n".encode() + content(fill(line, _columns(part)))
    return found


def _columns(scene: Scene) -> dict[str, Text]:
    rows, is_http = scene.rows, scene.is_http
    paths = [path.partition("?") for path in scene.world.paths]
    answered = ~is_http & ~scene.is_blocked & ~scene.is_failed
    action = np.where(scene.is_blocked, 0, np.where(scene.is_failed, 1, np.where(is_http, 2, 3)))
    return {
        "date": day_of(rows.at, "%Y-%m-%d"),
        "time": clock(rows.at),
        "taken": number(rows.elapsed),
        "client": scene.client(),
        "user": scene.world.organisation.users(rows.user, f"{NT_DOMAIN}\\{{login}}", "-"),
        "server": either(scene.is_blocked, "-", scene.server()),
        "filter": either(scene.is_blocked, "DENIED", "OBSERVED"),
        "category": scene.category(tail="Business/Economy;Uncategorized"),
        "status": number(np.where(answered, 200, scene.status(failed=503))),
        "action": pick(("TCP_DENIED", "TCP_ERR_MISS", "TCP_NC_MISS", "TCP_TUNNELED"), action),
        "method": either(is_http, scene.method(), "CONNECT"),
        "type": either(is_http, "text/html;%20charset=utf-8", "-"),
        "scheme": either(is_http, "http", "tcp"),
        "host": scene.host(),
        "port": scene.port(),
        "path": either(is_http, pick([path for path, _, _ in paths], rows.path), "/"),
        "query": either(is_http, pick([f"?{query}" if query else "-" for _, _, query in paths], rows.path), "-"),
        "agent": pick(AGENTS, rows.device % len(AGENTS)),
        "down": scene.down(),
        "up": scene.up(),
    }
