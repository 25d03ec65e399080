-- facts_grain_is_unique: no two facts have the same day, source, device, user, address, host and app
-- severity: fail
-- reads:   fct_usage_daily

with twice as (
    -- the hash of a grain is small, and says which facts need a closer look
    select hash(day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id) as grain_hash
    from fct_usage_daily
    group by hash(day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id)
    having count(*) > 1
)

select day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id, count(*) as copies
from fct_usage_daily
where
    hash(day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id)
    in (select grain_hash from twice)
group by day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id
having count(*) > 1
