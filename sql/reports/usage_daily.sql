-- usage_daily: traffic, transactions and who was active, day by day.
-- grain:  one row per day with data
-- reads:  fct_usage_daily
-- units:  passed_transactions were not blocked; *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
select
    f.day,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.transactions - f.blocked_transactions) as bigint) as passed_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    count(distinct case when f.app_class = 'app' then f.app_id end) as apps,
    count(distinct f.device_key) as devices,
    count(distinct f.user_key) as users
from fct_usage_daily f
where f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.day
order by f.day
