-- apps: the catalogued apps in use, with risk, reach and traffic.
-- grain:  one row per app_id
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: first_seen_at is the first time ever, in any source; last_seen_at is within the period
with used as (
    select
        f.app_id,
        count(distinct f.device_key) as devices,
        count(distinct f.user_key) as users,
        count(distinct f.src_ip) as ip_addresses,
        count(distinct f.host) as hosts,
        count(distinct f.day) as active_days,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(f.total_bytes) as bigint) as total_bytes,
        cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
        max(f.last_at) as last_seen_at
    from fct_usage_daily f
    where f.app_class = 'app'
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.app_id
)
select
    u.app_id, coalesce(a.app_name, u.app_id) as app_name, a.category, a.traits, a.vendor, a.headquarters_country,
    a.risk_score, coalesce(a.risk_band, 'unknown') as risk_band, a.tag, a.labels, u.users, u.devices, u.ip_addresses, u.hosts,
    u.total_bytes, u.uploaded_bytes, u.downloaded_bytes, u.unknown_bytes_transactions, u.transactions,
    u.blocked_transactions, u.active_days, a.first_seen_at, u.last_seen_at, a.domains, a.risk_factors,
    a.tag_note, a.tagged_by, a.tagged_at
from used u
left join dim_apps a on a.app_id = u.app_id
order by u.total_bytes desc nulls last, u.transactions desc, u.app_id
