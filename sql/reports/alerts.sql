-- alerts: what somebody should look at: sessions with unsanctioned apps, and apps that policies matched, the worst first.
-- grain:  one row per alert_id
-- reads:  fct_alerts, fct_coverage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: an alert of several sources belongs to each of them; attempts are blocked, not blocked, or failed and warned (the rest)
select
    l.day, l.severity, l.status, l.kind, l.policy, l.app_id, coalesce(a.app_name, l.app_id) as app_name, l.device_key, l.user_key,
    l.src_ips, l.hosts as host_list, replace(l.source, '/', ', ') as sources, l.first_at, l.last_at, l.attempts,
    l.blocked_transactions, l.not_blocked_transactions, l.uploaded_bytes, l.downloaded_bytes, l.total_bytes,
    l.tagged_at, l.note, l.records as sample_records, l.alert_id
from fct_alerts l
left join dim_apps a on a.app_id = l.app_id
where l.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or exists (
      select 1
      from fct_coverage_daily c
      where c.day = l.day
        and strpos('/' || l.source || '/', '/' || c.source || '/') > 0
        and strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0
  ))
order by
    case l.severity when 'high' then 1 when 'medium' then 2 else 3 end, l.uploaded_bytes desc nulls last, l.last_at desc, l.alert_id
