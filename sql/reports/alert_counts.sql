-- alert_counts: how many alerts there are, by what became of the access.
-- grain:  one row
-- reads:  fct_alerts, fct_coverage_daily
-- units:  *_bytes are bytes as the client saw them, null when no record says
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an alert of several sources belongs to each of them
select
    count(*) as alerts,
    count(case when l.severity = 'high' then 1 end) as high_alerts,
    count(case when l.status = 'not_blocked' then 1 end) as not_blocked_alerts,
    count(case when l.status = 'pending_enforcement' then 1 end) as pending_alerts,
    count(case when l.status = 'blocked' then 1 end) as blocked_alerts,
    count(case when l.kind = 'policy' then 1 end) as policy_alerts,
    count(case when l.kind <> 'policy' then 1 end) as session_alerts,
    count(distinct case when l.kind <> 'policy' then l.app_id end) as unsanctioned_apps,
    count(distinct l.app_id) as apps,
    count(distinct l.device_key) as devices,
    count(distinct l.user_key) as users,
    cast(sum(case when l.status = 'not_blocked' then l.uploaded_bytes end) as bigint) as uploaded_bytes
from fct_alerts l
where l.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or exists (
      select 1
      from fct_coverage_daily c
      where c.day = l.day
        and strpos('/' || l.source || '/', '/' || c.source || '/') > 0
        and strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0
  ))
