"""Zeek's http.log of the laboratory network: what went unencrypted. Tab-separated; one day as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from etl.demo.scene import Drop, Scene
from etl.demo.text import SECOND, Text, content, either, fill, join, microseconds, number, pick

SOURCE = "zeek_lab"
JSON_DAY = 2
FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version user_agent origin "
    "request_body_len response_body_len status_code status_msg info_code info_msg tags username password proxied "
    "orig_fuids orig_filenames orig_mime_types resp_fuids resp_filenames resp_mime_types"
)
TYPES = (
    "time string addr port addr port count string string string string string string string count count count string "
    "count string set[enum] string string set[string] vector[string] vector[string] vector[string] vector[string] "
    "vector[string] vector[string]"
)
HEAD = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n"
    "#open\t{day}-00-00-00\n#fields\t{fields}\n#types\t{types}\n"
)
TSV = (
    "{ts}\t{uid}\t{client}\t{client_port}\t{server}\t80\t1\t{request}\t-\t1.1\t{agent}\t-\t{up}\t{down}\t{answer}"
    "\t-\t-\t(empty)" + "\t-" * 8 + "\t{mime}\n"
)
JSON = (
    '{"ts":{ts},"uid":"{uid}","id.orig_h":"{client}","id.orig_p":{client_port},"id.resp_h":"{server}","id.resp_p":80,'
    '"trans_depth":1,"method":"{method}","host":"{host}","uri":"{uri}","version":"1.1","user_agent":"{agent}",'
    '"request_body_len":{up},"response_body_len":{down},"status_code":{status},"status_msg":"OK","tags":[],'
    '"resp_mime_types":["{mime}"]}\n'
)
AGENTS = ("Debian APT-HTTP/1.3 (2.6.1)", "curl/7.88.1", "python-requests/2.32.3", "Wget/1.21.3")
MIMES = ("text/html", "application/x-debian-package", "text/plain", "application/json")


def drops(scene: Scene) -> Iterator[Drop]:
    """One file a day."""
    records, at = len(scene.rows), scene.closed_at()
    if scene.is_day(JSON_DAY):
        yield Drop(SOURCE, f"http-{scene.stamp}.json", content(fill(JSON, _columns(scene))), records, at)
        return
    day = scene.world.day(scene.index)
    head = HEAD.format(day=day, fields=FIELDS.replace(" ", "\t"), types=TYPES.replace(" ", "\t"))
    text = head.encode() + content(fill(TSV, _columns(scene))) + f"#close\t{day}-23-59-59\n".encode()
    name = f"http-{scene.stamp}.log"
    if scene.is_rotated:
        yield Drop(SOURCE, f"{name}.gz", text, records, at, "gzip")
    else:
        yield Drop(SOURCE, name, text, records, at)


def _columns(scene: Scene) -> dict[str, Text]:
    rows, rng = scene.rows, scene.rng
    letters = [f"{value:08x}" for value in rng.integers(0, 1 << 32, 4096).tolist()]
    halves = [pick(letters, rng.integers(0, len(letters), len(rows))) for _ in range(2)]
    lost = rng.random(len(rows)) < 0.003  # an answer whose request was not seen
    columns = {
        "ts": join(number(rows.at // SECOND), ".", microseconds(rows.at)),
        "uid": join("C", *halves),
        "client": scene.client(),
        "client_port": number(rng.integers(32768, 60999, len(rows))),
        "server": scene.server(),
        "method": scene.method(),
        "host": scene.host(),
        "uri": scene.uri(),
        "agent": pick(AGENTS, rows.device % len(AGENTS)),
        "up": number(np.where(rows.method == 0, 0, rows.up)),
        "down": scene.down(),
        "status": number(scene.status(failed=504)),
        "mime": pick(MIMES, rows.path % len(MIMES)),
    }
    request = join(columns["method"], "\t", columns["host"], "\t", columns["uri"])
    return columns | {
        "request": either(lost, "-\t-\t-", request),
        "answer": either(lost, "-\t-", join(columns["status"], "\tOK")),
    }
