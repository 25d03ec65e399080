-- recommendation_repair_uploads: files and records that were not read.
-- grain:  one row, or none when it does not apply
-- reads:  uploads
-- units:  counts; names are the five sources with the most of both
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Repair what could not be read
-- says: {{ files | things("file") }} in quarantine and {{ rejects | things("record") }} that could not be read; most in {{ names }}. The page Uploads says what to do with each.
with bad as (
    select
        u.source,
        sum(case when u.outcome = 'quarantined' then 1 else 0 end) as files,
        sum(u.rejects) as rejects
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
    having sum(case when u.outcome = 'quarantined' then 1 else 0 end) > 0 or sum(u.rejects) > 0
),
placed as (
    select source, files, rejects, row_number() over (order by files desc, rejects desc, source) as place from bad
)
select
    60 as weight,
    cast(sum(files) as bigint) as files,
    cast(sum(rejects) as bigint) as rejects,
    string_agg(source, ', ' order by place) filter (where place <= 5) as names
from placed
having count(*) > 0
