-- int_usage_daily: the one pass over a day's events: everything that later models need, summed
-- grain:   one row per day, source, device_key, user_key, src_ip, host, app_hint
-- reads:   stg_events
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: events, transactions, *_transactions, *_bytes. Not devices, users or hosts: count them distinct from the keys
-- caveat:  unknown_bytes_transactions says how much the byte sums lack

select
    day,
    source,
    source_kind,
    device_key,
    user_key,
    src_ip,
    host,
    lower(app_hint) as app_hint,
    max(device_name) as device_name,
    max(device_id) as device_id,
    max(user_name) as user_name,
    cast(count(*) as bigint) as events,
    cast(sum(transactions) as bigint) as transactions,
    cast(coalesce(sum(case when action = 'blocked' then transactions end), 0) as bigint) as blocked_transactions,
    cast(coalesce(sum(case when action = 'failed' then transactions end), 0) as bigint) as failed_transactions,
    cast(coalesce(sum(case when total_bytes is null then transactions end), 0) as bigint) as unknown_bytes_transactions,
    cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(total_bytes) as bigint) as total_bytes,
    min(event_at) as first_at,
    max(event_at) as last_at
from stg_events
group by day, source, source_kind, device_key, user_key, src_ip, host, lower(app_hint)
