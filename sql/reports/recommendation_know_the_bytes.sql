-- recommendation_know_the_bytes: sources that do not say how much was transferred.
-- grain:  one row, or none when it does not apply
-- reads:  fct_coverage_daily
-- units:  count of sources
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Let every source say how much
-- says: {{ sources | things("source") }} without uploaded bytes ({{ names }}). Large uploads through them stay invisible: add the byte fields to their log format.
with known as (
    select c.source, sum(c.transactions) as transactions, sum(c.total_bytes) as total_bytes, sum(c.uploaded_bytes) as uploaded_bytes
    from fct_coverage_daily c
    where c.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
    group by c.source
)
select 40 as weight, count(*) as sources, string_agg(source, ', ' order by transactions desc) as names
from known
where uploaded_bytes is null
having count(*) > 0
