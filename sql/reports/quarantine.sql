-- quarantine: files that could not be taken in, and what to do.
-- grain:  one row per upload
-- reads:  uploads
-- units:  file_bytes as dropped
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an upload without events counts when it was taken in during the period, or after it when the period ends with the latest day
select u.source, u.file_name, u.reason, u.message, u.file_bytes, u.finished_at, u.upload_id
from uploads u
where u.outcome = 'quarantined'
    and (
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
order by u.finished_at desc, u.upload_id
