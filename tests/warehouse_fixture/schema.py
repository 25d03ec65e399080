"""Columns of the published tables, as docs/architecture.md states them; types as the warehouse keeps them."""

from __future__ import annotations


def _table(text: str) -> dict[str, str]:
    """`name type` pairs, one a blank-separated word with a colon."""
    pairs = (word.split(":") for word in text.split())
    return {name: kind.replace("_", " ") for name, kind in pairs}


SEEN = " first_seen_at:timestamp last_seen_at:timestamp "
BYTES = " uploaded_bytes:bigint downloaded_bytes:bigint total_bytes:bigint "

TABLES: dict[str, dict[str, str]] = {
    "fct_usage_daily": _table(
        "day:date source:varchar source_kind:varchar log_format:varchar device_key:varchar user_key:varchar src_ip:varchar "
        "host:varchar app_id:varchar app_class:varchar registrable_domain:varchar transactions:bigint "
        "blocked_transactions:bigint failed_transactions:bigint unknown_bytes_transactions:bigint"
        + BYTES
        + "first_at:timestamp last_at:timestamp"
    ),
    "fct_device_risk_daily": _table(
        "day:date device_key:varchar risk_score:double_precision risk_level:varchar reasons:varchar transactions:bigint "
        "apps:bigint uploaded_bytes:bigint blocked_transactions:bigint"
    ),
    "fct_coverage_daily": _table(
        "day:date source:varchar source_kind:varchar uploads:bigint events:bigint repeated_events:bigint "
        "superseded_events:bigint excluded_events:bigint transactions:bigint excluded_transactions:bigint "
        "internal_transactions:bigint"
        + BYTES
        + "unknown_bytes_transactions:bigint missing_chunks:bigint first_at:timestamp last_at:timestamp"
    ),
    "fct_alerts": _table(
        "day:date alert_id:varchar kind:varchar severity:varchar policy:varchar status:varchar source:varchar "
        "source_kind:varchar device_key:varchar user_key:varchar src_ips:varchar app_id:varchar hosts:varchar "
        "first_at:timestamp last_at:timestamp attempts:bigint blocked_transactions:bigint not_blocked_transactions:bigint"
        + BYTES
        + "records:varchar tagged_at:timestamp note:varchar"
    ),
    "dim_apps": _table(
        "app_id:varchar app_name:varchar app_class:varchar vendor:varchar category:varchar headquarters_country:varchar "
        "risk_score:double_precision risk_band:varchar risk_factors:varchar traits:varchar tag:varchar labels:varchar "
        "tagged_at:timestamp tagged_by:varchar tag_note:varchar domains:varchar" + SEEN
    ),
    "dim_devices": _table(
        "device_key:varchar device_name:varchar device_id:varchar source_kinds:varchar" + SEEN + "last_user_key:varchar"
    ),
    "dim_users": _table(
        "user_key:varchar user_name:varchar upn:varchar display_name:varchar department:varchar groups:varchar" + SEEN
    ),
    "dim_ip_ranges": _table(
        "cidr:varchar name:varchar category:varchar tags:varchar first_key:varchar last_key:varchar"
    ),
    "dim_ip_addresses": _table("src_ip:varchar range_name:varchar range_category:varchar tags:varchar" + SEEN),
    "fct_policy_matches": _table(
        "policy:varchar app_id:varchar day:date severity:varchar match_no:bigint acts:boolean held_back:bigint "
        "is_alert:boolean is_mail:boolean tag_action:varchar first_seen_day:date source:varchar source_kind:varchar "
        "users:bigint devices:bigint ip_addresses:bigint transactions:bigint blocked_transactions:bigint "
        "failed_transactions:bigint unknown_bytes_transactions:bigint"
        + BYTES
        + "hosts:varchar latest_breach:varchar first_at:timestamp last_at:timestamp"
    ),
    "fct_excluded_daily": _table(
        "day:date source:varchar exclusion:varchar comment:varchar events:bigint transactions:bigint" + BYTES
    ),
    "uploads": _table(
        "upload_id:varchar source:varchar source_kind:varchar file_name:varchar file_bytes:bigint content_bytes:bigint "
        "content_sha256:varchar log_format:varchar is_detected:boolean outcome:varchar reason:varchar message:varchar "
        "records:bigint events:bigint transactions:bigint skips:bigint rejects:bigint skip_reasons:varchar "
        "reject_reasons:varchar first_event_at:timestamp last_event_at:timestamp days:varchar duplicate_of:varchar "
        "continues:varchar started_at:timestamp finished_at:timestamp"
    ),
    "rejects": _table("upload_id:varchar record_no:bigint source:varchar reason:varchar raw:varchar"),
}
