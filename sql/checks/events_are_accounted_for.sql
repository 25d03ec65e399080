-- events_are_accounted_for: for each source, events = facts + excluded + repeated + superseded, and none of them is negative
-- severity: fail
-- reads:   events, stg_counted, fct_excluded_daily, fct_coverage_daily

with given as (
    select source, count(*) as events from events group by source
),

counted as (
    select source, count(*) as events from stg_counted group by source
),

excluded as (
    select source, cast(sum(events) as bigint) as events from fct_excluded_daily group by source
)

select
    coalesce(g.source, v.source) as source,
    g.events as events_in_lake,
    c.events as events_that_count,
    v.repeated_events,
    v.superseded_events,
    x.events as excluded_events
from given as g
left join counted as c on g.source = c.source
left join excluded as x on g.source = x.source
full outer join fct_coverage_daily as v on g.source = v.source
where
    g.events is distinct from coalesce(c.events, 0) + v.repeated_events + v.superseded_events
    or v.repeated_events < 0
    or v.superseded_events < 0
    or v.excluded_events is distinct from coalesce(x.events, 0)
    or v.excluded_events > coalesce(c.events, 0)
