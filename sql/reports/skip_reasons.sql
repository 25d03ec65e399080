-- skip_reasons: records that were read and left out on purpose, by reason.
-- grain:  one row per source, format and reason
-- reads:  uploads
-- units:  records as framed from the file
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an upload without events counts when it was taken in during the period, or after it when the period ends with the latest day
select
    u.source,
    u.log_format,
    e.key as reason,
    cast(sum(cast(cast(e.value as varchar) as bigint)) as bigint) as records,
    count(distinct u.upload_id) as uploads
from uploads u
cross join lateral json_each(cast(coalesce(u.skip_reasons, '{}') as json)) as e(key, value)
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
group by u.source, u.log_format, e.key
order by records desc, u.source, e.key
