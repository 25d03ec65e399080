-- finding_silent_source: a source has stopped sending.
-- grain:  one row per source
-- reads:  fct_coverage_daily
-- units:  UTC days
-- params: last_day (UTC day), source (one, or several joined by /; null: all)
-- title: Source has gone silent
-- says: {{ source }} sent nothing after {{ last_at | instant }}, while the report runs to {{ until_day | day }}.
-- check: Look at the device or its transfer: a source that is silent is invisible, not safe.
-- rule: data on two days or more of the last 30, and none on the last two days of the period
select
    'high' as severity, c.source, max(c.day) as day, max(c.last_at) as last_at, min(c.first_at) as first_at,
    count(distinct c.day) as days_with_data, cast(:last_day as date) as until_day
from fct_coverage_daily c
where c.day <= cast(:last_day as date)
  and c.day > cast(:last_day as date) - 30
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
group by c.source
having max(c.day) < cast(:last_day as date) - 1 and count(distinct c.day) >= 2
order by max(c.day), c.source
