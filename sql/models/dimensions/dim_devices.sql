-- dim_devices: every device that any source named
-- grain:   one row per device_key
-- reads:   int_seen_daily
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a device is known by the first label of its name, so that a short and a full name are one device

select
    key as device_key,
    arg_max(name, last_at) as device_name,
    arg_max(id, last_at) as device_id,
    case when bool_or(contains(source_kinds, 'endpoint')) and bool_or(contains(source_kinds, 'proxy')) then 'endpoint proxy'
        when bool_or(contains(source_kinds, 'endpoint')) then 'endpoint' else 'proxy' end as source_kinds,
    min(first_at) as first_seen_at,
    max(last_at) as last_seen_at,
    arg_max(last_user_key, last_at) as last_user_key
from int_seen_daily
where kind = 'device'
group by key
