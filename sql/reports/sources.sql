-- sources: what each source brought, and what it cannot know.
-- grain:  one row per source
-- reads:  fct_coverage_daily
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- adds up: uploads is counted by day: an upload that spans two days counts in both
select
    c.source,
    min(c.source_kind) as source_kind,
    count(distinct c.day) as days_with_data,
    cast(sum(c.uploads) as bigint) as uploads,
    cast(sum(c.events) as bigint) as events,
    cast(sum(c.repeated_events) as bigint) as repeated_events,
    cast(sum(c.superseded_events) as bigint) as superseded_events,
    cast(sum(c.transactions) as bigint) as transactions,
    cast(sum(c.internal_transactions) as bigint) as internal_transactions,
    cast(sum(c.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(c.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(c.total_bytes) as bigint) as total_bytes,
    cast(sum(c.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    case
        when sum(c.total_bytes) is null then 'does not report bytes'
        when sum(c.uploaded_bytes) is null then 'reports downloaded bytes, not uploaded'
        when sum(c.unknown_bytes_transactions) > 0 then 'reports bytes for a part of its transactions'
        else 'reports uploaded and downloaded bytes'
    end as bytes_known,
    cast(sum(c.missing_chunks) as bigint) as missing_chunks,
    min(c.first_at) as first_seen_at,
    max(c.last_at) as last_seen_at
from fct_coverage_daily c
where c.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
group by c.source
order by transactions desc, c.source
