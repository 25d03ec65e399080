-- facts_conserve_events: for each source, transactions and bytes in the events that count = those in the facts + those excluded
-- severity: fail
-- reads:   stg_counted, fct_usage_daily, fct_excluded_daily

with events_sum as (
    select
        source,
        cast(sum(transactions) as bigint) as transactions,
        cast(coalesce(sum(uploaded_bytes), 0) as bigint) as uploaded_bytes,
        cast(coalesce(sum(downloaded_bytes), 0) as bigint) as downloaded_bytes,
        cast(coalesce(sum(total_bytes), 0) as bigint) as total_bytes
    from stg_counted
    group by source
),

facts_sum as (
    select
        source,
        cast(sum(transactions) as bigint) as transactions,
        cast(coalesce(sum(uploaded_bytes), 0) as bigint) as uploaded_bytes,
        cast(coalesce(sum(downloaded_bytes), 0) as bigint) as downloaded_bytes,
        cast(coalesce(sum(total_bytes), 0) as bigint) as total_bytes
    from (
        select source, transactions, uploaded_bytes, downloaded_bytes, total_bytes from fct_usage_daily
        union all
        select source, transactions, uploaded_bytes, downloaded_bytes, total_bytes from fct_excluded_daily
    ) as accounted
    group by source
)

select
    coalesce(e.source, f.source) as source,
    e.transactions as event_transactions,
    f.transactions as fact_and_excluded_transactions,
    e.total_bytes as event_bytes,
    f.total_bytes as fact_and_excluded_bytes
from events_sum as e
full outer join facts_sum as f on e.source = f.source
where
    e.transactions is distinct from f.transactions
    or e.uploaded_bytes is distinct from f.uploaded_bytes
    or e.downloaded_bytes is distinct from f.downloaded_bytes
    or e.total_bytes is distinct from f.total_bytes
