-- finding_late_file: a file brought data of days that had been reported.
-- grain:  one row per upload
-- reads:  uploads
-- units:  instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Late file
-- says: {{ file_name }} of {{ source }} arrived late: {{ events | count }} events of {{ first_at | day }}, taken in when {{ known_until | day }} was already known. Those days were built again.
-- check: Reports sent before did not have this data. Compare them with this one if they were used for a decision.
-- rule: an upload whose last event lies two days or more before what its source had already brought; where that is so of more than a quarter of a source's uploads, its files come in no order (copied at once, say) and none is late
with ordered as (
    select
        u.source, u.file_name, u.upload_id, u.events, u.first_event_at, u.last_event_at, u.finished_at, u.days,
        max(u.last_event_at) over (partition by u.source order by u.finished_at, u.upload_id rows between unbounded preceding and 1 preceding) as known_until
    from uploads u
    where u.first_event_at is not null
),
compared as (
    select o.*, coalesce(cast(o.last_event_at as date) < cast(o.known_until as date) - 1, false) as is_behind
    from ordered o
),
rhythm as (
    select
        c.*,
        count(*) over (partition by c.source) as uploads,
        sum(case when c.is_behind then 1 else 0 end) over (partition by c.source) as uploads_behind
    from compared c
)
select
    'info' as severity, u.source, u.file_name, u.upload_id, u.events, u.known_until, u.days,
    cast(u.first_event_at as date) as day, u.first_event_at as first_at, u.last_event_at as last_at, u.finished_at
from rhythm u
where u.is_behind and 4 * u.uploads_behind <= u.uploads
    and cast(u.last_event_at as date) >= cast(:first_day as date)
    and cast(u.first_event_at as date) <= cast(:last_day as date)
    and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || u.source || '/') > 0)
order by u.finished_at desc, u.upload_id
