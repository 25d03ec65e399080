-- finding_duplicate_file: a file came twice and was counted once.
-- grain:  one row per upload
-- reads:  uploads
-- units:  instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Duplicate file
-- says: {{ file_name }} of {{ source }} has the same content as {{ original_file or duplicate_of }}; it was counted once.
-- check: Nothing is wrong in the numbers. If it happens every night, the log's rotation or its transfer sends files twice.
-- rule: an upload with the outcome duplicate
select
    'info' as severity, u.source, u.file_name, u.upload_id, o.file_name as original_file, u.duplicate_of,
    cast(u.finished_at as date) as day, u.finished_at as first_at, u.finished_at as last_at
from uploads u
left join uploads o on o.upload_id = u.duplicate_of
where u.outcome = 'duplicate'
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
