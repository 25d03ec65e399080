-- coverage_daily: which source brought data on which day.
-- grain:  one row per source and day
-- reads:  fct_coverage_daily
-- units:  *_bytes are bytes as the client saw them, null when no record says; unknown_bytes_transactions says how much is missing
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
select
    c.source, c.day, c.source_kind, c.uploads, c.events, c.repeated_events, c.superseded_events, c.excluded_events, c.transactions,
    c.excluded_transactions, c.internal_transactions, c.uploaded_bytes, c.downloaded_bytes, c.total_bytes, c.unknown_bytes_transactions,
    c.missing_chunks, c.first_at as first_seen_at, c.last_at as last_seen_at
from fct_coverage_daily c
where c.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0)
order by c.source, c.day
