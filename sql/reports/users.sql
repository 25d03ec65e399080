-- users: the people seen in the logs, with reach and traffic.
-- grain:  one row per user_key
-- reads:  fct_usage_daily, dim_users
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: display_name, upn, department and groups are null where the organisation's directory says nothing; transactions without a user are not here; counters says how many they are
with used as (
    select
        f.user_key,
        count(distinct case when f.app_class = 'app' then f.app_id end) as apps,
        count(distinct f.device_key) as devices,
        count(distinct f.src_ip) as ip_addresses,
        count(distinct f.day) as active_days,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(f.total_bytes) as bigint) as total_bytes,
        cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
        max(f.last_at) as last_seen_at
    from fct_usage_daily f
    where f.user_key is not null
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.user_key
)
select
    u.user_key, coalesce(n.user_name, u.user_key) as user_name, n.display_name, n.upn, n.department, n.groups, u.apps, u.devices, u.ip_addresses, u.total_bytes, u.uploaded_bytes,
    u.downloaded_bytes, u.unknown_bytes_transactions, u.transactions, u.blocked_transactions, u.active_days,
    n.first_seen_at, u.last_seen_at
from used u
left join dim_users n on n.user_key = u.user_key
order by u.total_bytes desc nulls last, u.transactions desc, u.user_key
