-- fct_coverage_daily: what each source delivered on a day, and what is known to be missing
-- grain:   one row per day, source
-- reads:   events, superseded, int_uploads_daily, int_usage_daily, fct_usage_daily, fct_excluded_daily, missing_chunks
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: everything but uploads (a file may touch several days)
-- caveat:  events = those in the facts + repeated_events + superseded_events + excluded_events; transactions and bytes are those in
--          the facts, without what exclusions leave out; missing_chunks counts gaps in the sequence numbers of
--          the endpoint chunks that have records on this day

with given as (
    select
        e.source,
        min(e.source_kind) as source_kind,
        count(distinct e.upload_id) as uploads,
        count(*) as events,
        count(x.upload_id) as superseded_events,
        min(e.event_at) as first_at,
        max(e.event_at) as last_at
    from events as e
    left join superseded as x on e.upload_id = x.upload_id and e.record_no = x.record_no
    group by e.source
),

counted as (
    select source, cast(sum(events) as bigint) as events
    from int_usage_daily
    group by source
),

excluded as (
    select source, cast(sum(events) as bigint) as events, cast(sum(transactions) as bigint) as transactions
    from fct_excluded_daily
    group by source
),

used as (
    select
        source,
        cast(sum(transactions) as bigint) as transactions,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(total_bytes) as bigint) as total_bytes,
        cast(sum(unknown_bytes_transactions) as bigint) as unknown_bytes_transactions
    from fct_usage_daily
    group by source
),

internal as (
    select source, cast(sum(transactions) as bigint) as transactions
    from fct_usage_daily
    where app_class = 'internal'
    group by source
)

select
    (select max(day) from int_uploads_daily) as day,
    g.source,
    g.source_kind,
    cast(g.uploads as bigint) as uploads,
    cast(g.events as bigint) as events,
    cast(g.events - g.superseded_events - coalesce(c.events, 0) as bigint) as repeated_events,
    cast(g.superseded_events as bigint) as superseded_events,
    coalesce(x.events, 0) as excluded_events,
    coalesce(u.transactions, 0) as transactions,
    coalesce(x.transactions, 0) as excluded_transactions,
    coalesce(i.transactions, 0) as internal_transactions,
    u.uploaded_bytes,
    u.downloaded_bytes,
    u.total_bytes,
    coalesce(u.unknown_bytes_transactions, 0) as unknown_bytes_transactions,
    cast(coalesce(m.missing, 0) as bigint) as missing_chunks,
    g.first_at,
    g.last_at
from given as g
left join counted as c on g.source = c.source
left join excluded as x on g.source = x.source
left join used as u on g.source = u.source
left join internal as i on g.source = i.source
left join missing_chunks as m on g.source = m.source
