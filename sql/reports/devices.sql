-- devices: the devices that were active, with risk and usage.
-- grain:  one row per device_key
-- reads:  fct_usage_daily, fct_device_risk_daily, dim_devices
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: risk is that of the device's worst day in the period, over all sources; transactions without a device are not here
with used as (
    select
        f.device_key,
        count(distinct case when f.app_class = 'app' then f.app_id end) as apps,
        count(distinct f.user_key) as users,
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
    where f.device_key is not null
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.device_key
),
worst as (
    select
        device_key, risk_score, risk_level, reasons, day as risk_day,
        row_number() over (partition by device_key order by risk_score desc, day desc) as place
    from fct_device_risk_daily
    where day between cast(:first_day as date) and cast(:last_day as date)
)
select
    u.device_key, coalesce(d.device_name, u.device_key) as device_name, r.risk_score, r.risk_level, r.risk_day, r.reasons,
    d.last_user_key, u.users, u.apps, u.ip_addresses, u.total_bytes, u.uploaded_bytes, u.downloaded_bytes,
    u.unknown_bytes_transactions, u.transactions, u.blocked_transactions, u.active_days, d.first_seen_at, u.last_seen_at
from used u
left join dim_devices d on d.device_key = u.device_key
left join worst r on r.device_key = u.device_key and r.place = 1
order by r.risk_score desc nulls last, u.total_bytes desc nulls last, u.transactions desc, u.device_key
