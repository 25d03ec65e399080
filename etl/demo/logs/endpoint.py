"""DeviceNetworkEvents rows as endpoints really report them, for the three logs that carry them.

Oddities on purpose: a RemoteUrl that is null, a host or a whole URL; AdditionalFields as text, object, empty or broken;
aggregated reports that stand for many connections; inspected rows that know the host but no process; inbound, listening
and packet rows that are no use of anything; connections whose RemoteIP is the forward proxy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.demo.logs.additional import additional_fields
from etl.demo.organisation import CHICAGO, HQ, INTERNAL_DOMAIN, NT_DOMAIN, PLANT, SYSTEMS, USER_DOMAIN
from etl.demo.scene import Scene
from etl.demo.text import Ints, Mask, Numbers, Text, either, fill, iso, join, microseconds, null_where, number, pick
from etl.demo.world import MACHINE

# ActionTypes and how often they occur. HttpConnectionInspected comes for hosts without TLS alone.
KINDS = {
    "ConnectionSuccess": 0.775,
    "ConnectionFailed": 0.02,
    "ConnectionSuccessAggregatedReport": 0.07,
    "ConnectionFailedAggregatedReport": 0.008,
    "HttpConnectionInspected": 0.0,
    "SslConnectionInspected": 0.045,
    "DnsConnectionInspected": 0.03,
    "InboundConnectionAccepted": 0.022,
    "ListeningConnectionCreated": 0.008,
    "ConnectionAttempt": 0.012,
    "ConnectionRequest": 0.01,
}
SUCCESS, UNSUCCESSFUL, _, _, HTTP, SSL, DNS, INBOUND, LISTENING, ATTEMPT, _ = range(len(KINDS))
PROXIES = {HQ: ("10.1.0.8", 3128), PLANT: ("10.2.0.8", 3128), CHICAGO: ("10.20.0.8", 8080)}
INTERNAL_HOSTS = [f"{name}.{INTERNAL_DOMAIN}" for name in ("dc01", "files", "print", "wiki")]
BROWSERS = {
    "windows": ("msedge.exe", "chrome.exe", "firefox.exe"),
    "mac": ("Safari", "Google Chrome", "Safari"),
    "linux": ("firefox", "chrome", "firefox"),
}
SERVICES = {"windows": "svchost.exe", "mac": "nsurlsessiond", "linux": "packagekitd"}
# What an app's own program on Windows is called, by the app's category.
PROGRAMS = {
    "collaboration": "ms-teams.exe",
    "meetings": "Zoom.exe",
    "cloud_storage": "OneDrive.exe",
    "webmail": "OUTLOOK.EXE",
    "code_hosting": "git.exe",
}
JSON = (
    '{"Timestamp":"{timestamp}","DeviceId":"{device_id}","DeviceName":"{device_name}","ActionType":"{kind}",'
    '"RemoteIP":"{remote_ip}","RemotePort":{remote_port},"RemoteUrl":{remote_url},"LocalIP":"{local_ip}",'
    '"LocalPort":{local_port},"Protocol":"Tcp","LocalIPType":"Private","RemoteIPType":"{remote_type}",'
    '"InitiatingProcessFileName":{process},"InitiatingProcessAccountDomain":{account_domain},'
    '"InitiatingProcessAccountName":{account},"InitiatingProcessAccountUpn":{upn},"ReportId":{report_id},'
)
SIZES = '"SentBytes":{sent},"ReceivedBytes":{received},'
NULLABLE = ("remote_url", "process", "account_domain", "account", "upn")


@dataclass(frozen=True)
class EndpointRows:
    """`columns`: text by name, null where a row has none. `is_object`: whose AdditionalFields (`more`) is no text."""

    at: Ints
    device: npt.NDArray[np.int32]
    is_object: Mask
    columns: dict[str, Text]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: Numbers) -> EndpointRows:
        columns = {name: column.take(pa.array(chosen)) for name, column in self.columns.items()}
        return EndpointRows(self.at[chosen], self.device[chosen], self.is_object[chosen], columns)


def endpoint_rows(scene: Scene) -> EndpointRows:
    """The scene's transactions as their devices report them."""
    rows, rng, organisation = scene.rows, scene.rng, scene.world.organisation
    count = len(rows)
    kind = _kinds(scene)
    more, is_object = additional_fields(scene, pick(list(KINDS), kind))
    known = rng.random(count) > 0.02
    columns = {
        "timestamp": iso(rows.at, join(".", microseconds(rows.at), number(rng.integers(0, 10, count)))),
        "device_id": pick(organisation.device_ids, rows.device),
        "device_name": organisation.names(rows.device, f"{{lower}}.{INTERNAL_DOMAIN}"),
        "kind": pick(list(KINDS), kind),
        "local_ip": scene.client(),
        "local_port": number(rng.integers(49152, 65535, count)),
        "report_id": number(rng.integers(1, 200_000, count)),
        "more": more,
        "sent": null_where(~known, scene.up()),
        "received": null_where(~known, scene.down()),
    }
    is_short = rng.random(count) < 0.01
    columns["device_name"] = either(is_short, organisation.names(rows.device, "{lower}"), columns["device_name"])
    columns |= _remote(scene, kind) | _initiator(scene, kind)
    return EndpointRows(rows.at, rows.device, is_object, columns)


def json_records(rows: EndpointRows, *, with_bytes: bool = False) -> Text:
    """Each row as a JSON object."""
    columns = dict(rows.columns)
    for name in NULLABLE:
        columns[name] = pc.coalesce(join('"', columns[name], '"'), "null")
    for name in ("sent", "received"):
        columns[name] = pc.coalesce(columns[name], "null")
    as_text = join('"', pc.replace_substring(columns["more"], '"', '\\"'), '"')
    columns["more"] = pc.coalesce(either(rows.is_object, columns["more"], as_text), "null")
    return fill(JSON + (SIZES if with_bytes else "") + '"AdditionalFields":{more}}', columns)


def _kinds(scene: Scene) -> Ints:
    rng, count = scene.rng, len(scene.rows)
    kind = rng.choice(len(KINDS), count, p=list(KINDS.values()))
    kind = np.where(scene.is_http & (rng.random(count) < 0.4), HTTP, kind)
    found: Ints = np.where(scene.is_failed & (kind == SUCCESS), UNSUCCESSFUL, kind).astype(np.int64)
    return found


def _remote(scene: Scene, kind: Ints) -> dict[str, Text]:
    rows, rng = scene.rows, scene.rng
    count = len(rows)
    inspected, incoming = np.isin(kind, (HTTP, SSL, DNS)), np.isin(kind, (INBOUND, LISTENING))
    proxies = [PROXIES.get(site, ("", 0)) for site in range(6)]
    proxy_port = np.array([port for _, port in proxies])[rows.site]
    behind = (proxy_port > 0) & ~inspected & ~incoming
    internal = (rng.random(count) < 0.03) & ~behind & ~inspected
    how = rng.random(count)
    no_url = inspected | incoming | (kind == ATTEMPT) | (how < np.where(behind, 0.4, 0.06))
    outside = either(how > 0.82, join("https://", scene.host(), scene.uri()), scene.host())
    neighbour = pick([f"10.1.0.{last}" for last in range(20, 60)], rows.device % 40)
    server = either(internal | incoming, neighbour, either(how < 0.97, scene.server(), scene.server6()))
    port = np.where(incoming, 50_000 + rows.device % 9_000, np.where(scene.is_http, 80, 443))
    return {
        "remote_ip": either(behind, pick([address for address, _ in proxies], rows.site), server),
        "remote_port": number(np.where(behind, proxy_port, port)),
        "remote_url": null_where(no_url, either(internal, pick(INTERNAL_HOSTS, rows.device % 4), outside)),
        "remote_type": either(behind | internal | incoming, "Private", "Public"),
    }


def _initiator(scene: Scene, kind: Ints) -> dict[str, Text]:
    """Process and account: a service of the system or a person's program; inspected rows know neither."""
    rows, rng, organisation = scene.rows, scene.rng, scene.world.organisation
    count = len(rows)
    nobody = np.isin(kind, (HTTP, SSL, DNS))
    by_machine = np.array([category in MACHINE for category in scene.world.hosts.categories])[rows.host]
    service = by_machine & (rng.random(count) < 0.7)
    person = (rows.user >= 0) & ~service
    system = organisation.kind_of[rows.device].astype(np.int64)
    browser = pick([one for name in SYSTEMS for one in BROWSERS[name]], system * 3 + rows.device % 3)
    own = [PROGRAMS.get(category, "") for category in scene.world.hosts.categories]
    has_own = np.array([bool(one) for one in own])[rows.host] & np.array([one == "windows" for one in SYSTEMS])[system]
    program = either(has_own, pick(own, rows.host), browser)
    machine_account = either(rng.random(count) < 0.5, "system", "network service")
    upn = organisation.users(rows.user, f"{{login}}@{USER_DOMAIN}", "")
    return {
        "process": null_where(nobody, either(service, pick([SERVICES[name] for name in SYSTEMS], system), program)),
        "account_domain": null_where(nobody, either(person, NT_DOMAIN.lower(), "nt authority")),
        "account": null_where(
            nobody, either(person, organisation.users(rows.user, "{login}", "system"), machine_account)
        ),
        "upn": null_where(nobody | ~person | (rng.random(count) < 0.03), upn),
    }
