-- fct_alerts: what somebody should look at: access to unsanctioned apps, a session each; and what policies matched, an app each
-- grain:   one row per day, alert_id
-- reads:   int_unsanctioned_alerts_daily, int_policy_alerts_daily
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no attempt's bytes are known; *_at are UTC
-- adds up: attempts, *_transactions, *_bytes within a kind
-- caveat:  source may be several, separated by / (which no source has); src_ips, hosts and records (upload_id:record_no, at most five,
--          those that went through first) are separated by blanks. attempts are blocked, not blocked, or failed and warned (the rest).
--          status: blocked when nothing went through; not_blocked when something did after the block should have
--          arrived (tagged_at and the propagation time of the configuration); else pending_enforcement. Of kind policy: matched; it
--          speaks of all use of the app, names the policy, and no device, user, address or record

select
    day,
    alert_id,
    kind,
    severity,
    policy,
    status,
    source,
    source_kind,
    device_key,
    user_key,
    src_ips,
    app_id,
    hosts,
    first_at,
    last_at,
    attempts,
    blocked_transactions,
    not_blocked_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    records,
    tagged_at,
    note
from int_unsanctioned_alerts_daily
union all
select
    day,
    alert_id,
    kind,
    severity,
    policy,
    status,
    source,
    source_kind,
    device_key,
    user_key,
    src_ips,
    app_id,
    hosts,
    first_at,
    last_at,
    attempts,
    blocked_transactions,
    not_blocked_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    records,
    tagged_at,
    note
from int_policy_alerts_daily
