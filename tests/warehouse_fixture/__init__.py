"""An invented organisation's warehouse, for the tests of the reports: the published tables of docs/architecture.md.

`build()` writes a DuckDB file with planted incidents; `multiply()` makes it large. Same arguments, same rows.
"""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb

from warehouse_fixture.schema import TABLES

LAST_DAY = date(2026, 11, 19)
HOSTILE_HOST = "<script>alert(1)</script>.example.net"
HOSTILE_USER = "=cmd()|' /c calc'!a0"
HOSTILE_SOURCE = '"><img src=x onerror=alert(2)>'

APPS: list[tuple[str, str, str, str, str | None, float | None, str | None, str]] = [
    # app_id, name, vendor, category, country, risk score (ten is safe), tag, host
    (
        "microsoft-teams",
        "Microsoft Teams",
        "Microsoft",
        "Collaboration",
        "US",
        9.4,
        "sanctioned",
        "teams.microsoft.com",
    ),
    (
        "sharepoint-online",
        "SharePoint Online",
        "Microsoft",
        "Collaboration",
        "US",
        9.3,
        "sanctioned",
        "contoso.sharepoint.com",
    ),
    ("exchange-online", "Exchange Online", "Microsoft", "Webmail", "US", 9.3, "sanctioned", "outlook.office365.com"),
    ("slack", "Slack", "Salesforce", "Messaging", "US", 8.8, None, "app.slack.com"),
    ("zoom", "Zoom", "Zoom Communications", "Online meetings", "US", 8.2, None, "us02web.zoom.us"),
    ("dropbox", "Dropbox", "Dropbox", "Cloud storage", "US", 7.9, "unsanctioned", "www.dropbox.com"),
    ("google-drive", "Google Drive", "Google", "Cloud storage", "US", 8.7, None, "drive.google.com"),
    ("mega", "MEGA", "Mega Limited", "Cloud storage", "NZ", 4.1, None, "mega.nz"),
    ("wetransfer", "WeTransfer", "Bending Spoons", "File transfer", "NL", 5.2, None, "wetransfer.com"),
    ("chatgpt", "ChatGPT", "OpenAI", "Generative AI", "US", 6.9, "monitored", "chatgpt.com"),
    ("claude", "Claude", "Anthropic", "Generative AI", "US", 7.4, None, "claude.ai"),
    ("deepseek", "DeepSeek", "DeepSeek", "Generative AI", "CN", 2.6, None, "chat.deepseek.com"),
    ("github", "GitHub", "Microsoft", "Code hosting", "US", 9.0, "sanctioned", "github.com"),
    ("gitlab", "GitLab", "GitLab", "Code hosting", "US", 8.6, None, "gitlab.com"),
    ("protonvpn", "Proton VPN", "Proton", "VPN and anonymisers", "CH", 5.0, None, "vpn-api.proton.me"),
    ("torproject", "Tor", "The Tor Project", "VPN and anonymisers", "US", 1.8, None, "bridges.torproject.org"),
    ("teamviewer", "TeamViewer", "TeamViewer", "Remote access", "DE", 6.1, None, "master15.teamviewer.com"),
    ("anydesk", "AnyDesk", "AnyDesk", "Remote access", "DE", 4.6, None, "relay-1.net.anydesk.com"),
    ("salesforce", "Salesforce", "Salesforce", "CRM", "US", 9.1, "sanctioned", "eu12.salesforce.com"),
    ("hubspot", "HubSpot", "HubSpot", "CRM", "US", 8.0, None, "app.hubspot.com"),
    ("personio", "Personio", "Personio", "Human resources", "DE", 8.3, None, "acme.personio.de"),
    ("docusign", "DocuSign", "DocuSign", "E-signature", "US", 8.9, None, "eu.docusign.net"),
    ("trello", "Trello", "Atlassian", "Project management", "AU", 8.1, None, "trello.com"),
    ("notion", "Notion", "Notion Labs", "Productivity", "US", 7.2, None, "www.notion.so"),
    ("canva", "Canva", "Canva", "Design", "AU", 7.0, None, "www.canva.com"),
    ("deepl", "DeepL", "DeepL", "Translation", "DE", 7.6, None, "www.deepl.com"),
    ("youtube", "YouTube", "Google", "Media streaming", "US", 7.8, None, "www.youtube.com"),
    ("spotify", "Spotify", "Spotify", "Media streaming", "SE", 7.1, None, "api.spotify.com"),
    ("whatsapp", "WhatsApp", "Meta", "Messaging", "US", 6.4, None, "web.whatsapp.com"),
    ("telegram", "Telegram", "Telegram", "Messaging", "AE", 4.4, None, "web.telegram.org"),
    ("pastebin", "Pastebin", "Pastebin", "Text sharing", None, None, None, "pastebin.com"),
    ("yandex-disk", "Yandex Disk", "Yandex", "Cloud storage", "RU", 3.0, None, "disk.yandex.com"),
]
RARE = {"torproject", "deepseek", "protonvpn", "mega"}  # only the planted incidents use them
OTHERS = (
    [
        "not_an_app:windowsupdate.com",
        "not_an_app:doubleclick.net",
        "not_an_app:akamaiedge.net",
        "not_an_app:digicert.com",
    ],
    ["download.windowsupdate.com", "ad.doubleclick.net", "e1234.a.akamaiedge.net", "ocsp.digicert.com"],
)
SOURCES = {  # name → kind, format, knows uploads, knows downloads, knows users, weight
    "endpoints": ("endpoint", "endpoint_chunk", False, False, True, 30),
    "proxy-hamburg": ("proxy", "bluecoat_proxysg", True, True, True, 28),
    "proxy-lisbon": ("proxy", "squid_native", False, True, True, 18),
    "zscaler-roaming": ("proxy", "zscaler_nss_web", True, True, True, 16),
    "branch-firewall": ("proxy", "fortigate", True, True, False, 8),
}


def build(path: Path, *, devices: int = 60, days: int = 7, seed: int = 7, hostile: bool = True) -> Path:
    """Write the warehouse file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    facts = _facts(random.Random(seed), devices, days, hostile)
    uploads, rejects = _uploads(facts, days)
    with duckdb.connect(str(path)) as con:
        create(con)
        _insert(con, "fct_usage_daily", facts)
        _insert(con, "dim_apps", _dim_apps(facts))
        _insert(con, "dim_devices", _dim(facts, "device_key"))
        _insert(con, "dim_users", _dim(facts, "user_key"))
        _insert(con, "uploads", uploads)
        _insert(con, "rejects", rejects)
        _insert(con, "fct_device_risk_daily", _risk(facts))
        con.execute(COVERAGE)
        con.execute(LATER_COVERAGE)
    return path


def empty(path: Path) -> Path:
    """A warehouse that has its tables and no row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        create(con)
    return path


def multiply(path: Path, rows: int) -> None:
    """Copy the facts, each time with other devices, users and addresses, until there are `rows`; coverage follows."""
    with duckdb.connect(str(path)) as con:
        have = con.execute("select count(*) from fct_usage_daily").fetchall()[0][0]
        con.execute(f"""
            insert into fct_usage_daily
            select f.* replace (
                device_key || '-' || k as device_key, user_key || '-' || k as user_key,
                '10.' || (k % 250) || '.' || substr(src_ip, 6) as src_ip)
            from fct_usage_daily f, range(1, {max(rows // have, 1)}) r(k)""")
        con.execute("""
            insert into dim_devices select device_key, upper(device_key), null, 'proxy', min(first_at), max(last_at), max(user_key)
            from fct_usage_daily where device_key not in (select device_key from dim_devices) group by 1, 2""")
        con.execute("""
            insert into dim_users select user_key, user_key, min(first_at), max(last_at)
            from fct_usage_daily where user_key not in (select user_key from dim_users) group by 1, 2""")
        con.execute("delete from fct_coverage_daily")
        con.execute(COVERAGE)


def create(con: duckdb.DuckDBPyConnection) -> None:
    for name, columns in TABLES.items():
        con.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")


COVERAGE = """
    insert into fct_coverage_daily
    select day, source, source_kind, 2, count(*), 3, 1, cast(sum(transactions) as bigint),
           cast(coalesce(sum(transactions) filter (where app_class = 'internal'), 0) as bigint),
           cast(sum(uploaded_bytes) as bigint), cast(sum(downloaded_bytes) as bigint), cast(sum(total_bytes) as bigint),
           cast(sum(unknown_bytes_transactions) as bigint), 0, min(first_at), max(last_at)
    from fct_usage_daily group by day, source, source_kind"""
LATER_COVERAGE = (
    "update fct_coverage_daily set missing_chunks = 2 where source = 'endpoints' and day = date '2026-11-17'"
)


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Through JSON lines' faster cousin: a list of dicts becomes an Arrow table with the table's own types."""
    import pyarrow as pa

    if not rows:
        return
    columns = list(TABLES[table])
    arrow = pa.table({column: [row.get(column) for row in rows] for column in columns})
    con.register("incoming", arrow)
    casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in TABLES[table].items())
    con.execute(f"insert into {table} select {casts} from incoming")
    con.unregister("incoming")


def _facts(rng: random.Random, devices: int, days: int, hostile: bool) -> list[dict[str, Any]]:
    people = [
        "anna.schmidt",
        "bob.okafor",
        "carla.rossi",
        "dan.levi",
        "eva.novak",
        "finn.berg",
        "gita.rao",
        "hugo.leroy",
    ]
    rows = []
    weights = [1 / (rank + 1) ** 0.8 for rank in range(len(APPS))]
    for number in range(devices):
        device = f"lap-{number:04d}"
        user = f"{people[number % 8]}{'' if number < 8 else number}"
        favourites = {rng.choices(APPS[:28], weights[:28])[0][0] for _ in range(rng.randint(5, 14))} - RARE
        home = rng.choices(list(SOURCES), [kind[5] for kind in SOURCES.values()])[0]
        for back in range(days - 1, -1, -1):
            day = LAST_DAY - timedelta(days=back)
            if day.weekday() >= 5 and rng.random() < 0.75:
                continue
            source = home if rng.random() < 0.8 else "zscaler-roaming"
            ip = (
                f"10.20.{number % 30}.{rng.randint(2, 60)}"
                if source != "zscaler-roaming"
                else f"192.168.{number % 9}.{number % 200 + 2}"
            )
            for app in APPS:
                if app[0] in favourites and rng.random() < 0.7:
                    rows.append(_fact(rng, day, source, device, user, ip, app[0], "app", app[7]))
            for app_id, host in zip(*OTHERS, strict=True):
                if rng.random() < 0.6:
                    rows.append(_fact(rng, day, source, device, user, ip, app_id, "not_an_app", host))
            for _ in range(rng.randint(0, 4)):
                tail = f"shop{int(rng.paretovariate(0.6)) % 400}.example.{rng.choice(['com', 'net', 'org'])}"
                rows.append(
                    _fact(rng, day, source, device, user, ip, f"uncatalogued:{tail}", "uncatalogued", f"www.{tail}")
                )
            if rng.random() < 0.3:
                rows.append(_fact(rng, day, source, device, user, ip, "internal", "internal", "intranet.corp.example"))
    return rows + _incidents(rng, hostile)


def _fact(
    rng: random.Random,
    day: date,
    source: str,
    device: str | None,
    user: str | None,
    ip: str,
    app_id: str,
    app_class: str,
    host: str,
    *,
    up: int | None = None,
    blocked: int | None = None,
    transactions: int | None = None,
    hour: int | None = None,
) -> dict[str, Any]:
    kind, log_format, knows_up, knows_down, knows_user, _ = SOURCES.get(
        source, ("proxy", "squid_native", False, True, True, 1)
    )
    count = transactions or int(rng.paretovariate(1.1) * 3) % 400 + 1
    uploaded = (up if up is not None else int(rng.lognormvariate(10, 1.6))) if knows_up else None
    downloaded = int(rng.lognormvariate(14, 1.9)) if knows_down else None
    start = datetime.combine(
        day, time(hour if hour is not None else rng.randint(6, 17), rng.randint(0, 59), rng.randint(0, 59))
    )
    return {
        "day": day, "source": source, "source_kind": kind, "log_format": log_format, "device_key": device,
        "user_key": user if knows_user else None, "src_ip": ip, "host": host, "app_id": app_id, "app_class": app_class,
        "registrable_domain": host.removeprefix("www.") if app_class == "uncatalogued" else ".".join(host.split(".")[-2:]),
        "transactions": count,
        "blocked_transactions": blocked if blocked is not None else (1 if rng.random() < 0.02 else 0),
        "failed_transactions": 0,
        "unknown_bytes_transactions": 0 if knows_up and knows_down else (count if not knows_down else 0),
        "uploaded_bytes": uploaded, "downloaded_bytes": downloaded,
        "total_bytes": None if downloaded is None else downloaded + (uploaded or 0),
        "first_at": start, "last_at": start + timedelta(minutes=rng.randint(0, 55)),
    }  # fmt: skip


def _incidents(rng: random.Random, hostile: bool) -> list[dict[str, Any]]:
    day = LAST_DAY - timedelta(days=2)
    rows = [
        _fact(rng, day, "proxy-hamburg", "lap-0003", "dan.levi", "10.20.3.44", "mega", "app", "g.api.mega.co.nz",
              up=4_730_000_000, blocked=0, transactions=61, hour=21),
        _fact(rng, LAST_DAY, "zscaler-roaming", "lap-0011", "dan.levi11", "192.168.2.13", "deepseek", "app", "chat.deepseek.com",
              up=1_400_000, blocked=0, transactions=35, hour=10),
        _fact(rng, day, "proxy-hamburg", "lap-0005", "finn.berg", "10.20.5.9", "torproject", "app", "bridges.torproject.org",
              up=220_000, blocked=4, transactions=12, hour=19),
        _fact(rng, day, "proxy-hamburg", "lap-0002", "carla.rossi", "10.20.2.17", "wetransfer", "app", "wetransfer.com",
              up=0, blocked=9, transactions=9, hour=9),
        _fact(rng, day, "proxy-hamburg", "lap-0002", "carla.rossi", "10.20.2.18", "wetransfer", "app", "backup.wetransfer.com",
              up=37_000_000, blocked=0, transactions=14, hour=13),
    ]  # fmt: skip
    if hostile:
        rows += [
            _fact(rng, day, HOSTILE_SOURCE, "<b>lap</b>", HOSTILE_USER, "10.20.9.9", f"uncatalogued:{HOSTILE_HOST}", "uncatalogued",
                  HOSTILE_HOST, blocked=0, transactions=900, hour=11),
            _fact(rng, day, HOSTILE_SOURCE, None, "</script><script>alert(3)</script>", "2001:db8::9", "uncatalogued:198.51.100.7",
                  "uncatalogued", "198.51.100.7", blocked=0, transactions=3, hour=11),
            _fact(rng, day, HOSTILE_SOURCE, "x" * 300, "'; drop table uploads; --", "10.20.9.9", "github", "app", "github.com",
                  blocked=1, transactions=3, hour=11),
        ]  # fmt: skip
    return rows


def _dim(facts: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in facts:
        if row[key] is None:
            continue
        entry = found.setdefault(
            row[key], {key: row[key], "first_seen_at": row["first_at"], "last_seen_at": row["last_at"]}
        )
        entry["first_seen_at"] = min(entry["first_seen_at"], row["first_at"])
        entry["last_seen_at"] = max(entry["last_seen_at"], row["last_at"])
        if key == "device_key":
            entry |= {
                "device_name": row[key].upper() if "<" not in row[key] else row[key],
                "source_kinds": "endpoint proxy",
                "last_user_key": row["user_key"],
            }
        else:
            entry["user_name"] = row[key]
    return list(found.values())


def _dim_apps(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seen: dict[str, tuple[datetime, datetime, str]] = {}
    for row in facts:
        first, last, _ = seen.get(row["app_id"], (row["first_at"], row["last_at"], ""))
        seen[row["app_id"]] = (min(first, row["first_at"]), max(last, row["last_at"]), row["app_class"])
    rows = []
    for app_id, name, vendor, category, country, score, tag, host in APPS:
        band = "unknown" if score is None else "low" if score >= 8 else "medium" if score >= 5 else "high"
        factors = (
            None
            if score is None
            else json.dumps(
                [
                    {
                        "group": "security",
                        "factor": "MFA",
                        "value": "yes" if score > 6 else "no",
                        "points": score,
                        "weight": 2,
                    }
                ]
            )
        )
        first, last, _ = seen.pop(app_id, (None, None, ""))
        rows.append({"app_id": app_id, "app_name": name, "app_class": "app", "vendor": vendor, "category": category,
                     "headquarters_country": country, "risk_score": score, "risk_band": band, "risk_factors": factors, "tag": tag,
                     "domains": ".".join(host.split(".")[-2:]), "first_seen_at": first, "last_seen_at": last})  # fmt: skip
    for app_id, (first, last, app_class) in seen.items():
        rows.append({"app_id": app_id, "app_name": app_id.partition(":")[2] or "Internal", "app_class": app_class, "risk_band": "unknown",
                     "first_seen_at": first, "last_seen_at": last})  # fmt: skip
    return rows


def _risk(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[date, str], list[dict[str, Any]]] = {}
    for row in facts:
        if row["device_key"]:
            groups.setdefault((row["day"], row["device_key"]), []).append(row)
    bad = {"mega": 35, "torproject": 45, "deepseek": 30, "anydesk": 12, "telegram": 8}
    rows = []
    for (day, device), found in groups.items():
        reasons = [
            {"feature": "risky_app", "points": bad[app], "detail": f"used {app}"}
            for app in sorted({r["app_id"] for r in found} & set(bad))
        ]
        if max(r["uploaded_bytes"] or 0 for r in found) > 1_000_000_000:
            reasons.append({"feature": "large_upload", "points": 40, "detail": "uploaded more than 1 GB to one app"})
        score = float(min(100, sum(r["points"] for r in reasons)))
        level = "high" if score >= 70 else "medium" if score >= 30 else "low" if score > 0 else "informational"
        uploaded = [r["uploaded_bytes"] for r in found if r["uploaded_bytes"] is not None]
        rows.append({"day": day, "device_key": device, "risk_score": score, "risk_level": level, "reasons": json.dumps(reasons),
                     "transactions": sum(r["transactions"] for r in found), "apps": len({r["app_id"] for r in found if r["app_class"] == "app"}),
                     "uploaded_bytes": sum(uploaded) if uploaded else None,
                     "blocked_transactions": sum(r["blocked_transactions"] for r in found)})  # fmt: skip
    return rows


def _uploads(facts: list[dict[str, Any]], days: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    counts: dict[tuple[str, date], tuple[int, int]] = {}
    for row in facts:
        events, transactions = counts.get((row["source"], row["day"]), (0, 0))
        counts[row["source"], row["day"]] = (events + 1, transactions + row["transactions"])
    uploads, rejects = [], []
    late = LAST_DAY - timedelta(days=min(4, days - 1))
    for number, ((source, day), (events, transactions)) in enumerate(
        sorted(counts.items(), key=lambda item: (item[0][1], item[0][0]))
    ):
        kind, log_format, *_ = SOURCES.get(source, ("proxy", "squid_native"))
        bad = 3 if number % 5 == 0 else 0
        taken = datetime.combine(day + timedelta(days=1), time(1, number % 60))
        if source == "branch-firewall" and day == late:
            taken = datetime.combine(LAST_DAY + timedelta(days=1), time(5, 1))
        upload_id = f"20261120T01{number:04d}-{number:06x}"
        uploads.append({"upload_id": upload_id, "source": source, "source_kind": kind, "file_name": f"{source[:13]}-{day:%Y%m%d}.log.gz",
                        "file_bytes": events * 40, "content_bytes": events * 190, "content_sha256": f"{number:064x}", "log_format": log_format,
                        "is_detected": True, "outcome": "loaded_with_rejects" if bad else "loaded", "records": events + 5 + bad, "events": events,
                        "transactions": transactions, "skips": 5, "rejects": bad, "skip_reasons": json.dumps({"header": 1, "inbound": 4}),
                        "reject_reasons": json.dumps({"bad_time": bad} if bad else {}), "first_event_at": datetime.combine(day, time(6, 2)),
                        "last_event_at": datetime.combine(day, time(18, 40)), "days": day.isoformat(), "started_at": taken,
                        "finished_at": taken + timedelta(seconds=8)})  # fmt: skip
        rejects += [{"upload_id": upload_id, "record_no": 17 + i, "source": source, "reason": "bad_time",
                     "raw": "=HYPERLINK(\"x\") <script>alert(4)</script> 1970-01-01 TCP_MISS/200"} for i in range(bad)]  # fmt: skip
    at = datetime.combine(LAST_DAY + timedelta(days=1), time(2, 0))
    odd = {"source_kind": "proxy", "records": 0, "events": 0, "transactions": 0, "skips": 0, "rejects": 0, "skip_reasons": "{}",
           "reject_reasons": "{}", "started_at": at, "finished_at": at, "days": ""}  # fmt: skip
    if uploads:
        uploads.append(odd | {"upload_id": "20261120T020000-aaaaaa", "source": "proxy-hamburg", "file_name": "main-20261118.log.gz",
                              "file_bytes": 120_411, "outcome": "quarantined", "reason": "corrupted",
                              "message": "main-20261118.log.gz: the gzip stream ends early at byte 120,411. Send the complete file again."})  # fmt: skip
        uploads.append(odd | {"upload_id": "20261120T020001-bbbbbb", "source": "proxy-lisbon", "file_name": "access.log.1", "file_bytes": 81_000,
                              "outcome": "duplicate", "duplicate_of": uploads[0]["upload_id"], "message": "the same content was taken in before."})  # fmt: skip
    return uploads, rejects
