-- user_ip_addresses: from which addresses a user came.
-- grain:  one row per user_key and src_ip
-- reads:  fct_usage_daily, dim_users
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
with p as (
    select
        f.user_key, f.src_ip,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(f.total_bytes) as bigint) as total_bytes,
        cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
        max(f.last_at) as last_seen_at
    from fct_usage_daily f
    where f.user_key is not null
      and f.src_ip is not null
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.user_key, f.src_ip
)
select
    p.user_key, coalesce(n.user_name, p.user_key) as user_name, p.src_ip,
    p.transactions, p.blocked_transactions, p.uploaded_bytes, p.downloaded_bytes, p.total_bytes,
    p.unknown_bytes_transactions, p.last_seen_at
from p
left join dim_users n on n.user_key = p.user_key
order by p.total_bytes desc nulls last, p.transactions desc, p.user_key, p.src_ip
