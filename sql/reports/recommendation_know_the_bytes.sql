-- recommendation_know_the_bytes: sources that do not say how much was transferred.
-- grain:  one row, or none when it does not apply
-- reads:  fct_coverage_daily
-- units:  count of sources; names are the five with the most transactions
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Let every source say how much
-- says: {{ sources | things("source") }} without uploaded bytes, the largest first: {{ names }}. Large uploads through them stay invisible: add the byte fields to their log format.
with known as (
    select c.source, row_number() over (order by sum(c.transactions) desc, c.source) as place
    from fct_coverage_daily c
    where c.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
    group by c.source
    having sum(c.uploaded_bytes) is null
)
select 40 as weight, count(*) as sources, string_agg(source, ', ' order by place) filter (where place <= 5) as names
from known
having count(*) > 0
