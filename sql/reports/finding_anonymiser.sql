-- finding_anonymiser: an anonymiser or a private VPN was used.
-- grain:  one row per source, device_key, user_key
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Use of an anonymiser
-- says: {{ who }} used {{ app_name }} from {{ first_at | instant }}: {{ transactions | things("transaction") }}, {{ blocked_transactions | count }} of them blocked.
-- check: An anonymiser hides everything behind it from this report. Talk to the person, check the device, and block the app's hosts.
-- rule: any use of an app that hides who talks to whom (a VPN for private persons, a proxy, Tor) and is not sanctioned; high when some of it was not blocked
select
    case when sum(f.transactions) > sum(f.blocked_transactions) + sum(f.failed_transactions) then 'high' else 'medium' end as severity,
    min(f.day) as day, f.source, f.device_key, f.user_key, min(f.app_id) as app_id,
    string_agg(distinct a.app_name, ', ' order by a.app_name) as app_name,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.total_bytes) as bigint) as total_bytes,
    min(f.first_at) as first_at,
    max(f.last_at) as last_at
from fct_usage_daily f
join dim_apps a on a.app_id = f.app_id
where strpos(' ' || coalesce(a.traits, '') || ' ', ' anonymiser ') > 0
  and coalesce(a.tag, '') <> 'sanctioned'
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.source, f.device_key, f.user_key
order by severity, transactions desc, f.source, f.device_key, f.user_key
