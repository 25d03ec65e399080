-- rejects: records that could not be read, each with its line.
-- grain:  one row per rejected record
-- reads:  rejects, uploads
-- units:  record_no counts from 1 in the file's content; raw is the record's text, cut at 4 KiB
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an upload without events counts when it was taken in during the period, or after it when the period ends with the latest day
select r.source, u.file_name, r.record_no, r.reason, r.raw, r.upload_id
from rejects r
join uploads u on u.upload_id = r.upload_id
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
order by r.source, r.upload_id, r.record_no
