-- balance: does the usage that the report shows equal the events that were taken in?
-- grain:  one row per source
-- reads:  fct_coverage_daily, fct_usage_daily
-- units:  excluded_events are left out by an exclusion of the configuration; events_counted_before came again, by the sender's own id or as a line that was cut off before; bytes that are unknown count as 0 here on both sides, so that the difference is a number
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- adds up: both differences are 0
with taken as (
    select
        c.source,
        sum(c.events) as events,
        sum(c.repeated_events + c.superseded_events) as counted_before,
        sum(c.excluded_events) as excluded_events,
        sum(c.transactions) as transactions,
        coalesce(sum(c.total_bytes), 0) as total_bytes
    from fct_coverage_daily c
    where c.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
    group by c.source
),
shown as (
    select f.source, sum(f.transactions) as transactions, coalesce(sum(f.total_bytes), 0) as total_bytes
    from fct_usage_daily f
    where f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.source
)
select
    coalesce(t.source, s.source) as source,
    cast(coalesce(t.events, 0) as bigint) as events,
    cast(coalesce(t.counted_before, 0) as bigint) as events_counted_before,
    cast(coalesce(t.excluded_events, 0) as bigint) as excluded_events,
    cast(coalesce(t.transactions, 0) as bigint) as taken_transactions,
    cast(coalesce(s.transactions, 0) as bigint) as shown_transactions,
    cast(coalesce(t.transactions, 0) - coalesce(s.transactions, 0) as bigint) as missing_transactions,
    cast(coalesce(t.total_bytes, 0) - coalesce(s.total_bytes, 0) as bigint) as missing_bytes
from taken t
full join shown s on s.source = t.source
order by 1
