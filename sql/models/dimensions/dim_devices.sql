-- dim_devices: every device that any source named
-- grain:   one row per device_key
-- reads:   int_seen_daily
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a device is known by the first label of its name, so that a short and a full name are one device

with latest as (
    select
        key,
        max(case when name is not null then last_at end) as named_at,
        max(case when id is not null then last_at end) as identified_at,
        max(case when other_key is not null then last_at end) as used_at,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from int_seen_daily
    where kind = 'device'
    group by key
)

select
    s.key as device_key,
    max(case when s.last_at = l.named_at then s.name end) as device_name,
    max(case when s.last_at = l.identified_at then s.id end) as device_id,
    case
        when count(case when s.is_on_endpoint then 1 end) = 0 then 'proxy'
        when count(case when s.is_on_proxy then 1 end) = 0 then 'endpoint'
        else 'endpoint proxy'
    end as source_kinds,
    l.first_seen_at,
    l.last_seen_at,
    max(case when s.last_at = l.used_at then s.other_key end) as last_user_key
from int_seen_daily as s
inner join latest as l on s.key = l.key
where s.kind = 'device'
group by s.key, l.first_seen_at, l.last_seen_at
