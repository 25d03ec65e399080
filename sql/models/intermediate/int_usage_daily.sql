-- int_usage_daily: a day's events summed by everything that later models need: the one wide pass over them
-- grain:   one row per day, source, source_kind, log_format, device_name, device_id, user_name, src_ip, host, app_hint,
--          app_path
-- reads:   stg_placed, user_domains
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: events, transactions, *_transactions, *_bytes. Not devices, users or hosts: count them distinct from the keys
-- caveat:  unknown_bytes_transactions says how much the byte sums lack. Names are as logged; keys are found for the sums, not for events:
--          a device is known by the first label of its name, so that a short and a full name are one device; a device without a
--          name by its id. A user is known by the account, without a domain before a backslash and without the organisation's own
--          domains behind an @. Accounts of the machine itself are not users

with summed as (
    select
        day,
        source,
        source_kind,
        log_format,
        device_name,
        device_id,
        user_name,
        src_ip,
        host,
        app_hint,
        app_path,
        cast(count(*) as bigint) as events,
        cast(sum(transactions) as bigint) as transactions,
        cast(coalesce(sum(case when action = 'blocked' then transactions end), 0) as bigint) as blocked_transactions,
        cast(coalesce(sum(case when action = 'failed' then transactions end), 0) as bigint) as failed_transactions,
        cast(coalesce(sum(case when total_bytes is null then transactions end), 0) as bigint) as unknown_bytes_transactions,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(total_bytes) as bigint) as total_bytes,
        min(event_at) as first_at,
        max(event_at) as last_at
    from stg_placed
    group by day, source, source_kind, log_format, device_name, device_id, user_name, src_ip, host, app_hint, app_path
),

named as (
    select
        *,
        -- a device named by its address has no labels
        case
            when translate(device_name, '0123456789.', '') = '' then nullif(device_name, '')
            else coalesce(nullif(split_part(device_name, '.', 1), ''), device_name)
        end as device_label,
        lower(split_part(user_name, '\', -1)) as account
    from summed
)

select
    day,
    source,
    source_kind,
    log_format,
    device_name,
    device_id,
    user_name,
    src_ip,
    host,
    app_hint,
    app_path,
    events,
    transactions,
    blocked_transactions,
    failed_transactions,
    unknown_bytes_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    first_at,
    last_at,
    lower(coalesce(device_label, device_id)) as device_key,
    case
        when account in ('', 'system', 'network service', 'local service', 'root') or ends_with(account, '$') then null
        when split_part(account, '@', 2) in (select domain from user_domains) then nullif(split_part(account, '@', 1), '')
        else account
    end as user_key
from named
