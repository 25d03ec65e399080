-- ip_addresses: the client addresses seen in the logs.
-- grain:  one row per src_ip
-- reads:  fct_usage_daily, dim_ip_addresses
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: range_name, range_category and tags are null for an address in no named range. first_seen_at and last_seen_at are within the period
select
    f.src_ip,
    max(i.range_name) as range_name,
    max(i.range_category) as range_category,
    max(i.tags) as tags,
    count(distinct case when f.app_class = 'app' then f.app_id end) as apps,
    count(distinct f.device_key) as devices,
    count(distinct f.user_key) as users,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    count(distinct f.day) as active_days,
    min(f.first_at) as first_seen_at,
    max(f.last_at) as last_seen_at
from fct_usage_daily f
left join dim_ip_addresses i on i.src_ip = f.src_ip
where f.src_ip is not null
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.src_ip
order by total_bytes desc nulls last, transactions desc, f.src_ip
