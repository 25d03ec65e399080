"""Defender for Endpoint, streaming: Event Hub messages, one a line, CRLF. And an analyst's hunting export as CSV."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from etl.demo.logs.endpoint import NULLABLE, EndpointRows, endpoint_rows, json_records
from etl.demo.organisation import MDE
from etl.demo.scene import Drop, Scene
from etl.demo.text import SECOND, content, fill, iso, join, pick, spans

SOURCE, HUNTING = "mde", "mde_hunting"
A_MESSAGE = 500  # records; about 0.5 MB
HUNTING_DAY = 3
RECORD = (
    '{"time":"{received}","tenantId":"5d0f2f1c-0000-4000-8000-a1de4a00e001","operationName":"Publish",'
    '"category":"AdvancedHunting-DeviceNetworkEvents","Tenant":"DefaultTenant","properties":{properties}},'
)
COLUMNS = (
    "Timestamp,DeviceId,DeviceName,ActionType,RemoteIP,RemotePort,RemoteUrl,LocalIP,LocalPort,Protocol,LocalIPType,"
    "RemoteIPType,InitiatingProcessFileName,InitiatingProcessCommandLine,InitiatingProcessAccountDomain,"
    "InitiatingProcessAccountName,InitiatingProcessAccountUpn,ReportId,AdditionalFields\r\n"
)
LINE = (
    "{timestamp},{device_id},{device_name},{kind},{remote_ip},{remote_port},{remote_url},{local_ip},{local_port},Tcp,Private,"
    "{remote_type},{process},{command},{account_domain},{account},{upn},{report_id},{more}\r\n"
)
COMMANDS = (
    '"C:\\Program Files\\App\\app.exe" --type=utility',
    "",
    'cmd.exe /c "run, now"',
    "powershell.exe -Command first\nsecond line, with comma",
)


def drops(scene: Scene) -> Iterator[Drop]:
    """Four files a day. On the day of the hunt three devices were not streamed: only the export has them."""
    rows = endpoint_rows(scene)
    if scene.is_day(HUNTING_DAY):
        devices = np.flatnonzero(scene.world.organisation.agent_of == MDE)
        yield _export(scene, rows.take(np.flatnonzero(np.isin(rows.device, devices[4:19]))))
        rows = rows.take(np.flatnonzero(~np.isin(rows.device, devices[16:19])))
    for hour, chosen in scene.slots(rows.at):
        name = f"DeviceNetworkEvents-{scene.stamp}T{hour:02d}.json"
        yield Drop(SOURCE, name, _messages(scene, rows.take(chosen)), len(chosen), scene.closed_at(hour + 6))


def _messages(scene: Scene, rows: EndpointRows) -> bytes:
    received = rows.at + scene.rng.integers(30, 600, len(rows)) * SECOND
    records = fill(RECORD, {"received": iso(received, ".0000000"), "properties": json_records(rows)})
    edges = [*range(0, len(rows), A_MESSAGE), len(rows)]
    return b"".join(b'{"records":[' + piece[:-1] + b"]}\r\n" for piece in spans(records, edges) if piece)


def _export(scene: Scene, rows: EndpointRows) -> Drop:
    columns = dict(rows.columns)
    columns["command"] = pick(COMMANDS, rows.device % len(COMMANDS))
    for name in (*NULLABLE, "command", "more"):
        quoted = join('"', pc.replace_substring(columns[name], '"', '""'), '"')
        columns[name] = pc.coalesce(quoted, "")
    text = COLUMNS.encode() + content(fill(LINE, columns))
    return Drop(HUNTING, f"advanced-hunting-{scene.stamp}.csv", text, len(rows), scene.closed_at(34))
