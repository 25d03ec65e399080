-- int_exclusions_daily: which users, devices and addresses of a day are left out of facts and reports, and by which exclusion
-- grain:   one row per day, device_key, user_key, src_ip
-- reads:   int_usage_daily, exclusions
-- kept:    day
-- units:   none
-- adds up: nothing
-- caveat:  only what is excluded has a row; where several exclusions hold, the one that the configuration names first counts

with entities as (
    select distinct day, device_key, user_key, src_ip from int_usage_daily
),

addresses as (
    select src_ip, address_key(src_ip) as address_key
    from entities
    where src_ip is not null
    group by src_ip
),

found as (
    select e.day, e.device_key, e.user_key, e.src_ip, x.position
    from entities as e
    inner join exclusions as x on x.kind = 'user' and e.user_key = x.key
    union all
    select e.day, e.device_key, e.user_key, e.src_ip, x.position
    from entities as e
    inner join exclusions as x on x.kind = 'device' and e.device_key = x.key
    union all
    select e.day, e.device_key, e.user_key, e.src_ip, x.position
    from entities as e
    inner join addresses as a on e.src_ip = a.src_ip
    inner join exclusions as x on x.kind = 'ip' and a.address_key >= x.first_key and a.address_key <= x.last_key
),

decided as (
    select day, device_key, user_key, src_ip, min(position) as position
    from found
    group by day, device_key, user_key, src_ip
)

select d.day, d.device_key, d.user_key, d.src_ip, max(x.exclusion) as exclusion, max(x.comment) as comment
from decided as d
inner join exclusions as x on d.position = x.position
group by d.day, d.device_key, d.user_key, d.src_ip
