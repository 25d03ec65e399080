-- int_included_daily: the day's usage without those whom an exclusion names
-- grain:   one row per day, source, source_kind, log_format, device_name, device_id, user_name, src_ip, host, app_hint,
--          app_path
-- reads:   int_usage_daily, int_exclusions_daily
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: events, transactions, *_transactions, *_bytes. Not devices, users or hosts: count them distinct from the keys
-- caveat:  what is left out is counted in fct_excluded_daily

select u.*
from int_usage_daily as u
where not exists (
    select 1
    from int_exclusions_daily as x
    where
        u.device_key is not distinct from x.device_key
        and u.user_key is not distinct from x.user_key
        and u.src_ip is not distinct from x.src_ip
)
