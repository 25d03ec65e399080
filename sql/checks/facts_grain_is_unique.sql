-- facts_grain_is_unique: no two facts have the same day, source, device, user, address, host and app
-- severity: fail
-- reads:   fct_usage_daily

select day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id, count(*) as copies
from fct_usage_daily
group by day, source, source_kind, log_format, device_key, user_key, src_ip, host, app_id
having count(*) > 1
