-- finding_unsanctioned_app: an unsanctioned app is still reached.
-- grain:  one row per app_id
-- reads:  fct_alerts, fct_coverage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Unsanctioned app was not blocked
-- says: {{ app_name }} is unsanctioned, yet it was reached from {{ devices | things("device") }}: {{ allowed_transactions | count }} of {{ transactions | count }} attempts went through after the block was due.
-- check: Put the app's hosts on the block list of the proxy that let it through, and tell its users what to use instead.
-- rule: an alert with the status not blocked: something went through later than the propagation time after the tag
select
    'medium' as severity,
    l.app_id, coalesce(a.app_name, l.app_id) as app_name,
    count(distinct l.user_key) as users,
    count(distinct coalesce(l.device_key, l.src_ips)) as devices,
    cast(sum(l.attempts) as bigint) as transactions,
    cast(sum(l.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(l.not_blocked_transactions) as bigint) as allowed_transactions,
    cast(sum(l.uploaded_bytes) as bigint) as uploaded_bytes,
    min(split_part(l.source, '/', 1)) as source,
    max(l.day) as day,
    min(l.first_at) as first_at,
    max(l.last_at) as last_at
from fct_alerts l
left join dim_apps a on a.app_id = l.app_id
where l.kind = 'unsanctioned_access'
  and l.status = 'not_blocked'
  and l.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or exists (
      select 1
      from fct_coverage_daily c
      where c.day = l.day
        and strpos('/' || l.source || '/', '/' || c.source || '/') > 0
        and strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0
  ))
group by l.app_id, a.app_name
order by transactions desc
