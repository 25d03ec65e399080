"""AdditionalFields of DeviceNetworkEvents rows, by ActionType: what real records hold, broken ones included."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.demo.scene import Scene
from etl.demo.text import Mask, Text, either, fill, iso, number

AGGREGATED = '{"uniqueEventsAggregated":{count},"timestampOfLastEvent":"{last}"}'
BROKEN = '{"uniqueEventsAggregated":'
HTTP = (
    '{"direction":"Out","host":"{host}","method":"GET","uri":"{uri}","status_code":"200",'
    '"user_agent":"Microsoft-CryptoAPI/10.0","request_body_len":"{up}","response_body_len":"{down}"}'
)
SSL = '{"direction":"Out","server_name":"{host}","established":"{established}","version":"TLSv13"}'
DNS = '{"direction":"Out","query":"{host}","qtype_name":"A","rcode_name":"NOERROR"}'
PACKET = '{"direction":"{direction}","Tcp Flags":"2"}'


def additional_fields(scene: Scene, kind: Text) -> tuple[Text, Mask]:
    """The JSON text of each row, null where it has none, and where it is an object rather than a text."""
    rows, rng = scene.rows, scene.rng
    how = rng.random(len(rows))
    columns = {
        "count": number(rng.geometric(0.12, len(rows)) + 1),
        "last": iso(rows.at + 1_800_000_000),
        "host": scene.host(),
        "uri": scene.uri(),
        "up": number(np.where(rows.method == 0, 0, rows.up)),
        "down": scene.down(),
        "established": either(how < 0.03, "false", "true"),
        "direction": either(how < 0.4, "In", "Out"),
    }
    is_broken = _is(kind, "AggregatedReport") & (how < 0.02)
    found = either(how < 0.3, "{}", pa.scalar(None, pa.string()))
    for ending, template in (
        ("AggregatedReport", AGGREGATED),
        ("HttpConnectionInspected", HTTP),
        ("SslConnectionInspected", SSL),
        ("DnsConnectionInspected", DNS),
        ("ConnectionAttempt", PACKET),
    ):
        found = either(_is(kind, ending), fill(template, columns), found)
    return either(is_broken, BROKEN, found), (rng.random(len(rows)) < 0.35) & ~is_broken


def _is(kind: Text, ending: str) -> Mask:
    found: Mask = pc.ends_with(kind, ending).to_numpy(zero_copy_only=False)
    return found
