"""Facts of the invented organisation: a working week, and the incidents planted in it."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.warehouse_fixture.organisation import (
    APPS,
    HOSTILE_HOST,
    HOSTILE_SOURCE,
    HOSTILE_USER,
    LAST_DAY,
    NOT_AN_APP,
    OTHER_SOURCE,
    PEOPLE,
    RARE,
    SOURCES,
    TRAITS,
)

Row = dict[str, Any]


def facts(devices: int, days: int, seed: int, hostile: bool) -> list[Row]:
    """Rows of fct_usage_daily."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    rows: list[Row] = []
    weights = [1 / (rank + 1) ** 0.8 for rank in range(len(APPS))]
    for number in range(devices):
        device = f"lap-{number:04d}"
        user = f"{PEOPLE[number % 8]}{'' if number < 8 else number}"
        favourites = {rng.choices(APPS, weights)[0].app_id for _ in range(rng.randint(5, 14))} - RARE
        home = rng.choices(list(SOURCES), [source.share for source in SOURCES.values()])[0]
        for back in range(days - 1, -1, -1):
            day = LAST_DAY - timedelta(days=back)
            if day.weekday() < 5 or rng.random() < 0.25:
                source = home if rng.random() < 0.8 else "zscaler-roaming"
                roaming = source == "zscaler-roaming"
                ip = f"192.168.{number % 9}.{number % 200}" if roaming else f"10.20.{number % 30}.{rng.randint(2, 60)}"
                where = {"day": day, "source": source, "device": device, "user": user, "ip": ip}
                rows += _day_of_work(rng, where, favourites)
    return rows + incidents(rng, hostile)


def _day_of_work(rng: random.Random, where: Row, favourites: set[str]) -> list[Row]:
    rows = [
        fact(rng, where, app.app_id, "app", app.host) for app in APPS if app.app_id in favourites and rng.random() < 0.7
    ]
    rows += [fact(rng, where, app_id, "not_an_app", host) for app_id, host in NOT_AN_APP.items() if rng.random() < 0.6]
    for _ in range(rng.randint(0, 4)):
        domain = f"shop{int(rng.paretovariate(0.6)) % 400}.example.{rng.choice(['com', 'net', 'org'])}"
        rows.append(fact(rng, where, f"uncatalogued:{domain}", "uncatalogued", f"www.{domain}"))
    if rng.random() < 0.3:
        rows.append(fact(rng, where, "internal", "internal", "intranet.corp.example"))
    return rows


def fact(rng: random.Random, where: Row, app_id: str, app_class: str, host: str, **fixed: Any) -> Row:
    """One row; what `fixed` does not say (uploaded, blocked, transactions, hour) is drawn."""
    source = SOURCES.get(where["source"], OTHER_SOURCE)
    count = fixed.get("transactions") or int(rng.paretovariate(1.1) * 3) % 400 + 1
    drawn_up, drawn_down = int(rng.lognormvariate(10, 1.6)), int(rng.lognormvariate(14, 1.9))
    uploaded = fixed.get("uploaded", drawn_up) if source.knows_uploads else None
    downloaded = drawn_down if source.knows_downloads else None
    start = datetime.combine(where["day"], time(fixed.get("hour", rng.randint(6, 17)), rng.randint(0, 59)))
    return {
        "day": where["day"],
        "source": where["source"],
        "source_kind": source.kind,
        "log_format": source.log_format,
        "device_key": where["device"],
        "user_key": where["user"] if source.knows_users else None,
        "src_ip": where["ip"],
        "host": host,
        "app_id": app_id,
        "app_class": app_class,
        "registrable_domain": host.removeprefix("www.")
        if app_class == "uncatalogued"
        else ".".join(host.split(".")[-2:]),
        "transactions": count,
        "blocked_transactions": fixed.get("blocked", 1 if rng.random() < 0.02 else 0),
        "failed_transactions": 0,
        "unknown_bytes_transactions": 0 if source.knows_downloads else count,
        "uploaded_bytes": uploaded,
        "downloaded_bytes": downloaded,
        "total_bytes": None if downloaded is None else downloaded + (uploaded or 0),
        "first_at": start,
        "last_at": start + timedelta(minutes=rng.randint(0, 55)),
    }


def incidents(rng: random.Random, hostile: bool) -> list[Row]:
    """What the report must surface, and texts that mean harm."""
    day = LAST_DAY - timedelta(days=2)

    def at(device: str | None, user: str, ip: str, source: str = "proxy-hamburg", day: date = day) -> Row:
        return {"day": day, "source": source, "device": device, "user": user, "ip": ip}

    dan, carla = at("lap-0003", "dan.levi", "10.20.3.44"), at("lap-0002", "carla.rossi", "10.20.2.17")
    finn = at("lap-0005", "finn.berg", "10.20.5.9")
    start = at("lap-0011", "dan.levi11", "192.168.2.13", "zscaler-roaming", LAST_DAY)
    big = {"uploaded": 4_730_000_000, "blocked": 0, "transactions": 61, "hour": 21}
    rows = [
        fact(rng, dan, "mega", "app", "g.api.mega.co.nz", **big),
        fact(
            rng, start, "deepseek", "app", "chat.deepseek.com", uploaded=1_400_000, blocked=0, transactions=35, hour=10
        ),
        fact(rng, finn, "tor", "app", "bridges.torproject.org", uploaded=220_000, blocked=4, transactions=12, hour=19),
        fact(rng, carla, "wetransfer", "app", "wetransfer.com", uploaded=0, blocked=9, transactions=9, hour=9),
        fact(rng, carla, "wetransfer", "app", "backup.wetransfer.com", uploaded=37_000_000, blocked=0, hour=13),
    ]
    if hostile:
        odd = at("<b>lap</b>", HOSTILE_USER, "10.20.9.9", HOSTILE_SOURCE)
        script = at(None, "</script><script>alert(3)</script>", "2001:db8::9", HOSTILE_SOURCE)
        long = at("x" * 300, "'; drop table uploads; --", "10.20.9.9", HOSTILE_SOURCE)
        host = f"uncatalogued:{HOSTILE_HOST}"
        rows += [
            fact(rng, odd, host, "uncatalogued", HOSTILE_HOST, blocked=0, transactions=900, hour=11),
            fact(rng, script, "uncatalogued:198.51.100.7", "uncatalogued", "198.51.100.7", blocked=0, hour=11),
            fact(rng, long, "github", "app", "github.com", blocked=1, transactions=3, hour=11),
        ]
    return rows


def apps(rows: list[Row]) -> list[Row]:
    """Rows of dim_apps: the catalog, and every app_id met."""
    seen: dict[str, tuple[datetime, datetime, str]] = {}
    for row in rows:
        first, last, _ = seen.get(row["app_id"], (row["first_at"], row["last_at"], ""))
        seen[row["app_id"]] = (min(first, row["first_at"]), max(last, row["last_at"]), row["app_class"])
    found: list[Row] = []
    for app in APPS:
        first_seen, last_seen, _ = seen.pop(app.app_id, (None, None, ""))
        factor = {"group": "security", "factor": "MFA", "value": "yes", "points": app.score, "weight": 2}
        found.append(
            {
                "app_id": app.app_id,
                "app_name": app.name,
                "app_class": "app",
                "vendor": app.vendor,
                "category": app.category,
                "headquarters_country": app.country,
                "risk_score": app.score,
                "risk_band": app.band,
                "risk_factors": json.dumps([factor]) if app.score is not None else None,
                "traits": TRAITS.get(app.category),
                "tag": app.tag,
                "domains": ".".join(app.host.split(".")[-2:]),
                "first_seen_at": first_seen,
                "last_seen_at": last_seen,
            }
        )
    for app_id, (first, last, app_class) in seen.items():
        name = app_id.partition(":")[2] or "Internal"
        times = {"first_seen_at": first, "last_seen_at": last}
        found.append({"app_id": app_id, "app_name": name, "app_class": app_class, "risk_band": "unknown", **times})
    return found


def entities(rows: list[Row], key: str) -> list[Row]:
    """Rows of dim_devices (`device_key`) or dim_users (`user_key`)."""
    found: dict[str, Row] = {}
    for row in rows:
        name = row[key]
        if name is None:
            continue
        new = {key: name, "first_seen_at": row["first_at"], "last_seen_at": row["last_at"]}
        entry = found.setdefault(name, new)
        entry["first_seen_at"] = min(entry["first_seen_at"], row["first_at"])
        entry["last_seen_at"] = max(entry["last_seen_at"], row["last_at"])
        if key == "device_key":
            shown = name if "<" in name else name.upper()
            entry |= {"device_name": shown, "source_kinds": "endpoint proxy", "last_user_key": row["user_key"]}
        else:
            entry["user_name"] = name
    return list(found.values())


def risk(rows: list[Row]) -> list[Row]:
    """Rows of fct_device_risk_daily."""
    groups: dict[tuple[date, str], list[Row]] = {}
    for row in rows:
        if row["device_key"]:
            groups.setdefault((row["day"], row["device_key"]), []).append(row)
    bad = {"mega": 35, "tor": 45, "deepseek": 30, "anydesk": 12, "telegram": 8}
    found = []
    for (day, device), used in groups.items():
        apps_used = sorted({row["app_id"] for row in used} & set(bad))
        reasons = [{"feature": "risky_app", "points": bad[app], "detail": f"used {app}"} for app in apps_used]
        if max(row["uploaded_bytes"] or 0 for row in used) > 1_000_000_000:
            reasons.append({"feature": "large_upload", "points": 40, "detail": "uploaded more than 1 GB to one app"})
        score = float(min(100, sum(int(str(reason["points"])) for reason in reasons)))
        level = "high" if score >= 70 else "medium" if score >= 30 else "low" if score else "informational"
        known = [row["uploaded_bytes"] for row in used if row["uploaded_bytes"] is not None]
        found.append(
            {
                "day": day,
                "device_key": device,
                "risk_score": score,
                "risk_level": level,
                "reasons": json.dumps(reasons),
                "transactions": sum(row["transactions"] for row in used),
                "apps": len({row["app_id"] for row in used if row["app_class"] == "app"}),
                "uploaded_bytes": sum(known) if known else None,
                "blocked_transactions": sum(row["blocked_transactions"] for row in used),
            }
        )
    return found
