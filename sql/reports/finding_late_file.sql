-- finding_late_file: a file brought data of days that had been reported.
-- grain:  one row per upload
-- reads:  uploads
-- units:  instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Late file
-- says: {{ file_name }} of {{ source }} arrived late: {{ events | count }} events of {{ first_at | day }}, taken in when {{ known_until | day }} was already known. Those days were built again.
-- check: Reports sent before did not have this data. Compare them with this one if they were used for a decision.
-- rule: an upload whose last event lies two days or more before what its source had already brought; where that is so of more than a quarter of the uploads around it (ten before, ten after), its files come in no order (copied at once, say) or are always behind, and only one is late that lies at least three times as far behind as three quarters of all uploads of its source
with ordered as (
    select
        u.source, u.file_name, u.upload_id, u.events, u.first_event_at, u.last_event_at, u.finished_at, u.days,
        max(u.last_event_at) over (partition by u.source order by u.finished_at, u.upload_id rows between unbounded preceding and 1 preceding) as known_until
    from uploads u
    where u.first_event_at is not null
),
compared as (
    select o.*, coalesce(cast(o.known_until as date) - cast(o.last_event_at as date), 0) as days_behind
    from ordered o
),
around as (
    select
        c.*,
        count(*) over (partition by c.source order by c.finished_at, c.upload_id rows between 10 preceding and 10 following) as uploads_around,
        sum(case when c.days_behind >= 2 then 1 else 0 end)
            over (partition by c.source order by c.finished_at, c.upload_id rows between 10 preceding and 10 following) as behind_around
    from compared c
),
lags as (
    select c.source, c.days_behind, count(*) as uploads
    from compared c
    group by c.source, c.days_behind
),
usual as (
    select
        l.source, l.days_behind,
        sum(case when o.days_behind >= 2 and 3 * o.days_behind > l.days_behind then o.uploads else 0 end) as uploads_as_far,
        sum(o.uploads) as uploads
    from lags l
    join lags o on o.source = l.source
    where l.days_behind >= 2
    group by l.source, l.days_behind
)
select
    'info' as severity, u.source, u.file_name, u.upload_id, u.events, u.known_until, u.days,
    cast(u.first_event_at as date) as day, u.first_event_at as first_at, u.last_event_at as last_at, u.finished_at
from around u
join usual w on w.source = u.source and w.days_behind = u.days_behind
where (4 * u.behind_around <= u.uploads_around or 4 * w.uploads_as_far <= w.uploads)
    and cast(u.last_event_at as date) >= cast(:first_day as date)
    and cast(u.first_event_at as date) <= cast(:last_day as date)
    and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || u.source || '/') > 0)
order by u.finished_at desc, u.upload_id
