-- int_seen_daily: the apps, devices and users of a day, so that dimensions cost days, not events
-- grain:   one row per day, kind (app, device, user), key
-- reads:   int_usage_daily, fct_usage_daily
-- kept:    day
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a name is the greatest of those logged that day, so that the order of uploads does not matter

select
    day, 'app' as kind, app_id as key, cast(null as varchar) as name, app_class as id, cast(null as varchar) as source_kinds,
    cast(null as varchar) as last_user_key, min(first_at) as first_at, max(last_at) as last_at
from fct_usage_daily
group by day, app_id, app_class
union all
select
    day, 'device', device_key, max(device_name), max(device_id), string_agg(distinct source_kind, ' ' order by source_kind),
    arg_max(user_key, last_at), min(first_at), max(last_at)
from int_usage_daily
where device_key is not null
group by day, device_key
union all
select day, 'user', user_key, max(user_name), null, null, null, min(first_at), max(last_at)
from int_usage_daily
where user_key is not null
group by day, user_key
