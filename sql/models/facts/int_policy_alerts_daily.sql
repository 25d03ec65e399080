-- int_policy_alerts_daily: the matches of policies that raise alerts, as alerts
-- grain:   one row per day, alert_id
-- reads:   int_policy_matches
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known; *_at are UTC
-- adds up: attempts, *_transactions, *_bytes within a policy
-- caveat:  an alert is about an app's use by all: it names no device, user or address, the note says how many they are

select
    day,
    -- names are hashed one by one, so that none of them can be made to look like another's
    md5(concat_ws('|', 'policy', cast(day as varchar), md5(policy), md5(app_id))) as alert_id,
    'policy' as kind,
    severity,
    policy,
    'matched' as status,
    source,
    source_kind,
    cast(null as varchar) as device_key,
    cast(null as varchar) as user_key,
    cast(null as varchar) as src_ips,
    app_id,
    hosts,
    first_at,
    last_at,
    transactions as attempts,
    blocked_transactions,
    cast(transactions - blocked_transactions - failed_transactions as bigint) as not_blocked_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    cast(null as varchar) as records,
    cast(null as timestamp) as tagged_at,
    'users ' || users || ', devices ' || devices || ', IP addresses ' || ip_addresses || '; first seen ' || first_seen_day
    || case when held_back > 0 then '; ' || held_back || ' more apps matched, beyond the daily cap' else '' end as note
from int_policy_matches
where is_alert and acts
