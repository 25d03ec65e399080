-- finding_rejected_records: a source's records could often not be read.
-- grain:  one row per source
-- reads:  uploads
-- units:  records as framed; rejects_pct in percent of records
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Many records could not be read
-- says: {{ rejects | count }} of the {{ records | things("record") }} of {{ source }} ({{ rejects_pct | number }} %) could not be read.
-- check: The page Uploads shows the reasons and the lines. Often the log's format has changed, or two formats are mixed.
-- rule: at least 1 % of a source's records; high from 10 %
select
    case when sum(u.rejects) * 10 >= sum(u.records) then 'high' else 'medium' end as severity,
    u.source,
    cast(sum(u.rejects) as bigint) as rejects,
    cast(sum(u.records) as bigint) as records,
    cast(100.0 * sum(u.rejects) / sum(u.records) as double precision) as rejects_pct,
    cast(max(u.last_event_at) as date) as day,
    min(u.first_event_at) as first_at,
    max(u.last_event_at) as last_at
from uploads u
where (
    (cast(u.last_event_at as date) >= cast(:first_day as date) and cast(u.first_event_at as date) <= cast(:last_day as date))
    or (
        u.first_event_at is null
        and cast(u.finished_at as date) >= cast(:first_day as date)
        and (
            cast(u.finished_at as date) <= cast(:last_day as date) + 1
            or cast(:last_day as date) >= (select coalesce(max(cast(x.last_event_at as date)), cast(:last_day as date)) from uploads x)
        )
    )
)
and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || u.source || '/') > 0)
group by u.source
having sum(u.records) > 0 and sum(u.rejects) * 100 >= sum(u.records)
order by rejects desc
