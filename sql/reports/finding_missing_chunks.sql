-- finding_missing_chunks: an endpoint's data has gaps.
-- grain:  one row per source and day
-- reads:  fct_coverage_daily
-- units:  chunks by their sequence numbers; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Missing chunks
-- says: {{ missing_chunks | things("chunk") }} of {{ source }} missing on {{ day | day }}: gaps in the sequence numbers.
-- check: Send them again if the sender still has them; the numbers of that day are too low until then.
-- rule: a gap in the sequence numbers that a device's chunks carry
select
    'medium' as severity, c.source, c.day, c.missing_chunks, c.first_at, c.last_at
from fct_coverage_daily c
where c.missing_chunks > 0
  and c.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
order by c.missing_chunks desc, c.day
