-- finding_high_risk_device: a device stands out.
-- grain:  one row per device_key
-- reads:  fct_device_risk_daily, fct_usage_daily
-- units:  risk_score from 0 to 100, 100 is the worst; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Device with high risk
-- says: {{ who }} reached a risk of {{ risk_score | number }} of 100 on {{ day | day }}: {{ reasons | reasons }}.
-- check: Open the device's page: it lists the reasons and every app, user and address of that day.
-- rule: a day on which the device's risk level is high
with worst as (
    select device_key, day, risk_score, reasons, transactions, uploaded_bytes,
        row_number() over (partition by device_key order by risk_score desc, day desc) as place
    from fct_device_risk_daily
    where risk_level = 'high'
      and day between cast(:first_day as date) and cast(:last_day as date)
)
select
    'high' as severity,
    w.device_key, max(f.user_key) as user_key, w.day, w.risk_score, w.reasons, w.transactions, w.uploaded_bytes,
    min(f.source) as source, min(f.first_at) as first_at, max(f.last_at) as last_at
from worst w
join fct_usage_daily f on f.device_key = w.device_key and f.day = w.day
where w.place = 1
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by w.device_key, w.day, w.risk_score, w.reasons, w.transactions, w.uploaded_bytes
order by w.risk_score desc, w.device_key
