-- int_usage_daily: a day's events summed by everything that later models need: the one wide pass over them
-- grain:   one row per day, source, source_kind, log_format, device_name, device_id, user_name, src_ip, host, app_hint,
--          app_path
-- reads:   stg_placed, stg_names
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: events, transactions, *_transactions, *_bytes. Not devices, users or hosts: count them distinct from the keys
-- caveat:  unknown_bytes_transactions says how much the byte sums lack. Names are as logged; keys are found for names, not events

with summed as (
    select
        day,
        source,
        source_kind,
        log_format,
        device_name,
        device_id,
        user_name,
        src_ip,
        host,
        app_hint,
        app_path,
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
    from stg_placed
    group by day, source, source_kind, log_format, device_name, device_id, user_name, src_ip, host, app_hint, app_path
)

select s.*, n.device_key, n.user_key
from summed as s
inner join stg_names as n
    on
        s.device_name is not distinct from n.device_name
        and s.device_id is not distinct from n.device_id
        and s.user_name is not distinct from n.user_name
