-- int_seen_daily: the apps, devices, users and client addresses of a day, so that dimensions cost days, not events
-- grain:   one row per day, kind, key, other_key (kind: app, device, user, ip; other_key: the user of a device, else null)
-- reads:   int_included_daily, fct_usage_daily
-- kept:    day
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a name is the greatest of those logged that day, so that the order of uploads does not matter

with named as (
    select
        day,
        device_key,
        user_key,
        max(device_name) as device_name,
        max(device_id) as device_id,
        max(user_name) as user_name,
        count(case when source_kind = 'endpoint' then 1 end) > 0 as is_on_endpoint,
        count(case when source_kind <> 'endpoint' then 1 end) > 0 as is_on_proxy,
        min(first_at) as first_at,
        max(last_at) as last_at
    from int_included_daily
    group by day, device_key, user_key
)

select
    day,
    'app' as kind,
    app_id as key,
    cast(null as varchar) as other_key,
    cast(null as varchar) as name,
    app_class as id,
    cast(null as boolean) as is_on_endpoint,
    cast(null as boolean) as is_on_proxy,
    min(first_at) as first_at,
    max(last_at) as last_at
from fct_usage_daily
group by day, app_id, app_class
union all
select day, 'device', device_key, user_key, device_name, device_id, is_on_endpoint, is_on_proxy, first_at, last_at
from named
where device_key is not null
union all
select day, 'user', user_key, null, max(user_name), null, null, null, min(first_at), max(last_at)
from named
where user_key is not null
group by day, user_key
union all
select day, 'ip', src_ip, null, null, null, null, null, min(first_at), max(last_at)
from fct_usage_daily
where src_ip is not null
group by day, src_ip
