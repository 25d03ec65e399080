-- countries: where the vendors of the apps in use have their headquarters.
-- grain:  one row per country
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: a vendor's seat, not where data is kept; null is unknown
select
    a.headquarters_country,
    count(distinct f.app_id) as apps,
    count(distinct f.user_key) as users,
    count(distinct f.device_key) as devices,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions
from fct_usage_daily f
left join dim_apps a on a.app_id = f.app_id
where f.app_class = 'app'
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by 1
order by total_bytes desc nulls last, transactions desc, a.headquarters_country
