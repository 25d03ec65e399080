-- finding_quarantined_file: a file could not be taken in.
-- grain:  one row per upload
-- reads:  uploads
-- units:  instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: File in quarantine
-- says: {% if message %}{{ source }}: {{ message }}{% else %}{{ file_name }} of {{ source }} was not taken in: {{ reason | words }}.{% endif %}
-- check: Until it is repaired and dropped again, what it holds is missing from every number in this report.
-- rule: an upload with the outcome quarantined
select
    'high' as severity, u.source, u.file_name, u.upload_id, u.reason, u.message, u.file_bytes,
    cast(u.finished_at as date) as day, u.finished_at as first_at, u.finished_at as last_at
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
