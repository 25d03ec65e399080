-- devices_have_one_risk: a device has one risk a day, between 0 and 100
-- severity: fail
-- reads:   fct_device_risk_daily

select day, device_key, count(*) as copies, min(risk_score) as lowest, max(risk_score) as highest
from fct_device_risk_daily
group by day, device_key
having count(*) > 1 or min(risk_score) < 0 or max(risk_score) > 100 or device_key is null
