-- conservation: nothing lost, nothing twice: the records of each source and what became of them.
-- grain:  one row per source
-- reads:  uploads
-- units:  records as framed from the file; file_bytes as dropped
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- adds up: records = events + skips + rejects; unexplained_records is 0
-- caveat: whole uploads: one that reaches over the edge of the period counts whole
select
    u.source,
    count(*) as uploads,
    cast(sum(u.file_bytes) as bigint) as file_bytes,
    cast(sum(u.records) as bigint) as records,
    cast(sum(u.events) as bigint) as events,
    cast(sum(u.skips) as bigint) as skips,
    cast(sum(u.rejects) as bigint) as rejects,
    cast(sum(u.records) - sum(u.events) - sum(u.skips) - sum(u.rejects) as bigint) as unexplained_records,
    cast(sum(case when u.outcome = 'quarantined' then 1 else 0 end) as bigint) as quarantined_uploads,
    cast(sum(case when u.outcome = 'duplicate' then 1 else 0 end) as bigint) as duplicate_uploads
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
order by records desc, u.source
