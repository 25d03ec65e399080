-- fct_usage_daily: who used which host of which app, through which source, how much, per day
-- grain:   one row per day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id
-- reads:   int_included_daily, int_hosts_daily
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: transactions, *_transactions, *_bytes. Not devices or users: count them distinct from the keys
-- caveat:  many endpoint sources carry no bytes; unknown_bytes_transactions says for how many transactions

select
    u.day,
    u.source,
    u.source_kind,
    u.log_format,
    u.device_key,
    u.user_key,
    u.src_ip,
    u.host,
    h.app_id,
    h.app_class,
    h.registrable_domain,
    cast(sum(u.transactions) as bigint) as transactions,
    cast(sum(u.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(u.failed_transactions) as bigint) as failed_transactions,
    cast(sum(u.unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
    cast(sum(u.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(u.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(u.total_bytes) as bigint) as total_bytes,
    min(u.first_at) as first_at,
    max(u.last_at) as last_at
from int_included_daily as u
inner join int_hosts_daily as h
    on
        u.host = h.host
        and lower(u.app_hint) is not distinct from h.app_hint
        and u.app_path is not distinct from h.app_path
group by
    u.day, u.source, u.source_kind, u.log_format, u.device_key, u.user_key, u.src_ip, u.host,
    h.app_id, h.app_class, h.registrable_domain
