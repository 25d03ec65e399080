-- destinations: where the transactions went: apps, uncatalogued domains, hosts that are not an app, internal hosts.
-- grain:  one row per app_class
-- reads:  fct_usage_daily
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- adds up: the rows sum to the totals of counters
select
    f.app_class,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    count(distinct f.app_id) as destinations
from fct_usage_daily f
where f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.app_class
order by total_bytes desc nulls last, transactions desc, f.app_class
