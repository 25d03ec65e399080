-- app_alerts: the alerts of each app, the worst first.
-- grain:  one row per app_id and alert
-- reads:  fct_alerts, fct_coverage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
select
    l.app_id, l.severity, l.status, l.device_key, coalesce(a.app_name, l.app_id) as app_name, l.user_key, l.first_at, l.attempts,
    l.not_blocked_transactions, l.uploaded_bytes, l.note
from fct_alerts l
left join dim_apps a on a.app_id = l.app_id
where l.app_id is not null
  and l.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or exists (
      select 1
      from fct_coverage_daily c
      where c.day = l.day
        and strpos('/' || l.source || '/', '/' || c.source || '/') > 0
        and strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0
  ))
order by case l.severity when 'high' then 1 when 'medium' then 2 else 3 end, l.last_at desc, l.alert_id
