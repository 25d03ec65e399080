-- counters: the key figures of a period.
-- grain:  one row
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
select
    count(distinct case when f.app_class = 'app' then f.app_id end) as apps,
    count(distinct case when f.app_class = 'uncatalogued' then f.app_id end) as uncatalogued_domains,
    count(distinct f.device_key) as devices,
    count(distinct f.user_key) as users,
    count(distinct f.src_ip) as ip_addresses,
    count(distinct f.source) as sources,
    count(distinct f.day) as days_with_data,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    cast(sum(f.failed_transactions) as bigint) as failed_transactions,
    cast(coalesce(sum(f.transactions) filter (where f.app_class = 'internal'), 0) as bigint) as internal_transactions,
    cast(coalesce(sum(f.transactions) filter (where f.user_key is null), 0) as bigint) as unknown_user_transactions,
    cast(coalesce(sum(f.transactions) filter (where f.device_key is null), 0) as bigint) as unknown_device_transactions,
    count(distinct case when a.risk_band = 'high' and f.app_class = 'app' then f.app_id end) as high_risk_apps,
    count(distinct case when f.app_class = 'app' and a.tag = 'unsanctioned' then f.app_id end) as unsanctioned_apps,
    min(f.first_at) as first_seen_at,
    max(f.last_at) as last_seen_at
from fct_usage_daily f
left join dim_apps a on a.app_id = f.app_id
where f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
