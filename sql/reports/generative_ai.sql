-- generative_ai: the generative-AI apps in use.
-- grain:  one row per app_id
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
select
    f.app_id,
    a.app_name,
    a.tag,
    a.risk_band,
    count(distinct f.user_key) as users,
    count(distinct f.device_key) as devices,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    min(f.first_at) as first_seen_at,
    max(f.last_at) as last_seen_at
from fct_usage_daily f
join dim_apps a on a.app_id = f.app_id
where strpos(' ' || coalesce(a.traits, '') || ' ', ' generative_ai ') > 0
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.app_id, a.app_name, a.tag, a.risk_band
order by devices desc, transactions desc, f.app_id
