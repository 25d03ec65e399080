-- uploads: every file that was dropped, and what became of it.
-- grain:  one row per upload
-- reads:  uploads
-- units:  file_bytes as dropped, content_bytes after decompression; records = events + skips + rejects
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an upload without events counts when it was taken in during the period, or after it when the period ends with the latest day
select
    u.source, u.file_name, u.outcome, u.reason, u.message, u.log_format, u.is_detected, u.records, u.events, u.transactions, u.skips,
    u.rejects, u.skip_reasons, u.reject_reasons, u.file_bytes, u.content_bytes, u.first_event_at, u.last_event_at, u.days,
    o.file_name as duplicate_of_file, u.duplicate_of, u.continues, u.finished_at, u.upload_id, u.content_sha256
from uploads u
left join uploads o on o.upload_id = u.duplicate_of
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
order by
    case u.outcome when 'quarantined' then 0 when 'duplicate' then 1 when 'loaded_with_rejects' then 2 else 3 end,
    u.finished_at desc, u.upload_id
