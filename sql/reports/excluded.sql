-- excluded: how much each exclusion of the configuration leaves out of this report.
-- grain:  one row per exclusion
-- reads:  fct_excluded_daily
-- units:  *_bytes are bytes as the client saw them, null when no record says
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: what several exclusions name is counted under the one that the configuration names first
select
    x.exclusion,
    max(x.comment) as comment,
    cast(sum(x.events) as bigint) as events,
    cast(sum(x.transactions) as bigint) as transactions,
    cast(sum(x.total_bytes) as bigint) as total_bytes,
    count(distinct x.day) as active_days
from fct_excluded_daily x
where x.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || x.source || '/') > 0)
group by x.exclusion
order by events desc, x.exclusion
