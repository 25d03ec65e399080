-- int_unsanctioned_alerts_daily: the attempts to reach unsanctioned apps as sessions, an alert each
-- grain:   one row per day, alert_id
-- reads:   int_unsanctioned_daily
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null when no attempt's bytes are known; *_at are UTC
-- adds up: attempts, *_transactions, *_bytes
-- caveat:  a session ends when its device (or, unknown, its address), user and app pause for more than 30 minutes, and with the day

with gaps as (
    select
        *,
        coalesce(device_key, src_ip) as client,
        lag(event_at) over (
            partition by coalesce(device_key, src_ip), user_key, app_id, tagged_at order by event_at, upload_id, record_no
        ) as before_at
    from int_unsanctioned_daily
),

numbered as (
    select
        *,
        cast(sum(case when before_at is null or epoch(event_at) - epoch(before_at) > 1800 then 1 else 0 end) over (
            partition by client, user_key, app_id, tagged_at order by event_at, upload_id, record_no
            rows between unbounded preceding and current row
        ) as bigint) as session_no
    from gaps
),

-- what went through comes first among the samples
ranked as (
    select
        *,
        row_number() over (
            partition by client, user_key, app_id, tagged_at, session_no order by is_stopped, event_at, upload_id, record_no
        ) as sample_no
    from numbered
),

sessions as (
    select
        day,
        client,
        user_key,
        app_id,
        tagged_at,
        session_no,
        string_agg(distinct source, '/' order by source) as source,
        string_agg(distinct source_kind, ' ' order by source_kind) as source_kind,
        max(device_key) as device_key,
        string_agg(distinct src_ip, ' ' order by src_ip) as src_ips,
        string_agg(distinct host, ' ' order by host) as hosts,
        min(event_at) as first_at,
        max(event_at) as last_at,
        cast(sum(transactions) as bigint) as attempts,
        cast(coalesce(sum(case when action = 'blocked' or is_proven then transactions end), 0) as bigint) as blocked_transactions,
        cast(coalesce(sum(case when not is_stopped then transactions end), 0) as bigint) as not_blocked_transactions,
        cast(coalesce(sum(case when not is_stopped and event_at >= enforced_at then transactions end), 0) as bigint)
            as late_transactions,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(total_bytes) as bigint) as total_bytes,
        string_agg(case when sample_no <= 5 then upload_id || ':' || record_no end, ' ' order by sample_no) as records,
        max(note) as note
    from ranked
    group by day, client, user_key, app_id, tagged_at, session_no
),

judged as (
    select
        *,
        case
            when not_blocked_transactions = 0 then 'blocked'
            when late_transactions = 0 then 'pending_enforcement'
            else 'not_blocked'
        end as status
    from sessions
)

select
    day,
    -- names are hashed one by one, so that none of them can be made to look like another's
    md5(concat_ws('|', 'unsanctioned_access', cast(day as varchar), md5(coalesce(client, '')), md5(coalesce(user_key, '')),
        md5(app_id), cast(first_at as varchar), cast(tagged_at as varchar))) as alert_id,
    'unsanctioned_access' as kind,
    case status when 'not_blocked' then 'high' when 'pending_enforcement' then 'medium' else 'low' end as severity,
    cast(null as varchar) as policy,
    status,
    source,
    source_kind,
    device_key,
    user_key,
    src_ips,
    app_id,
    hosts,
    first_at,
    last_at,
    attempts,
    blocked_transactions,
    not_blocked_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    records,
    tagged_at,
    note
from judged
