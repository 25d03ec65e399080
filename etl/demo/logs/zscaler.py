"""Zscaler web log (NSS feed, CSV, GMT) of laptops on the road and at home: whole URLs, since TLS is inspected."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from etl.demo.organisation import DEPARTMENTS, USER_DOMAIN
from etl.demo.scene import Drop, Scene
from etl.demo.text import Text, clock, content, day_of, either, fill, number, pick

SOURCE = "zscaler_cloud"
LINE = (
    '"{date} {clock} {year}","{login}","{proto}","{host}{uri}","{action}","{app}","{class}","{up}","{down}",'
    '"{server_ms}","{ms}","Business Use","Internet Communication","{class}","None","None","0","None",'
    '"None","Road Warrior","{department}","{client}","{server}","{method}","{status}","{agent}","None","None",'
    '"None","Other","None","{owner}","{device}","N/A"\n'
)
ACTIONS = ("Allowed", "Blocked", "Allowed", "Cautioned")  # by verdict
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7), Safari",
    "Unknown",
)
BROKEN = b'"Mon Jan\n'
DUPLICATE_DAY, BROKEN_DAY = 1, 2


def drops(scene: Scene) -> Iterator[Drop]:
    """One file a day; once the feed's end is missing, and once a day comes again under another name, compressed."""
    text, records, told = content(_lines(scene)), len(scene.rows), None
    name = f"nss-web-{scene.stamp}.csv"
    if scene.is_day(BROKEN_DAY):
        text, records, told = text + BROKEN, records + 1, ("malformed_lines", "the last line of the file is cut off")
    yield Drop(SOURCE, name, text, records, scene.closed_at(), incident=told)
    if scene.is_day(DUPLICATE_DAY):
        told = ("duplicate_file", f"the content of {name} once more, compressed")
        yield Drop(SOURCE, f"copy of {name}.gz", text, 0, scene.closed_at(30), "gzip", incident=told)


def _lines(scene: Scene) -> Text:
    rows, organisation = scene.rows, scene.world.organisation
    department = np.append(organisation.department_of, len(DEPARTMENTS))[rows.user]
    return fill(
        LINE,
        {
            "date": day_of(rows.at, "%a %b %d"),
            "clock": clock(rows.at),
            "year": day_of(rows.at, "%Y"),
            "login": organisation.users(rows.user, f"{{login}}@{USER_DOMAIN}", "Road Warrior"),
            "proto": either(scene.is_http, "HTTP", "HTTPS"),
            "host": scene.host(),
            "uri": scene.uri(),
            "action": pick(ACTIONS, rows.verdict),
            "app": scene.app(other="General Browsing"),
            "class": scene.category(tail="General Browsing"),
            "up": scene.up(),
            "down": scene.down(),
            "server_ms": number(rows.elapsed // 3),
            "ms": number(rows.elapsed),
            "department": pick((*DEPARTMENTS, "None"), department),
            "client": scene.client(),
            "server": scene.server(),
            "method": scene.method(),
            "status": number(scene.status(failed=502)),
            "agent": pick(AGENTS, rows.device % len(AGENTS)),
            "owner": organisation.users(rows.user, "{login}", "NA"),
            "device": organisation.names(rows.device, "{upper}"),
        },
    )
