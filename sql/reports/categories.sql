-- categories: app categories by tag, with uncatalogued domains as a category of their own.
-- grain:  one row per category and tag
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: hosts that are not an app and internal hosts are left out; category_* repeat for each tag of a category
with used as (
    select
        case when f.app_class = 'uncatalogued' then 'Uncatalogued' else coalesce(a.category, 'unknown') end as category,
        coalesce(a.tag, 'untagged') as tag,
        count(distinct f.app_id) as apps,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(f.downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(f.total_bytes) as bigint) as total_bytes,
        cast(sum(f.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions
    from fct_usage_daily f
    left join dim_apps a on a.app_id = f.app_id
    where f.app_class in ('app', 'uncatalogued')
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by 1, 2
)
select
    category, tag, apps, transactions, blocked_transactions, uploaded_bytes, downloaded_bytes, total_bytes,
    unknown_bytes_transactions,
    cast(sum(total_bytes) over (partition by category) as bigint) as category_total_bytes,
    cast(sum(transactions) over (partition by category) as bigint) as category_transactions
from used
order by category_total_bytes desc nulls last, category_transactions desc, category, tag
