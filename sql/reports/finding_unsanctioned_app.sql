-- finding_unsanctioned_app: an unsanctioned app is still reached.
-- grain:  one row per app_id
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Unsanctioned app was not blocked
-- says: {{ app_name }} is unsanctioned, yet it was reached from {{ devices | things("device") }}: {{ allowed_transactions | count }} of {{ transactions | count }} transactions went through.
-- check: Put the app's hosts on the block list of the proxy that let it through, and tell its users what to use instead.
-- rule: a transaction to an app tagged unsanctioned that was neither blocked nor failed
select
    'medium' as severity,
    f.app_id, a.app_name,
    count(distinct f.user_key) as users,
    count(distinct f.device_key) as devices,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
    cast(sum(f.transactions - f.blocked_transactions - f.failed_transactions) as bigint) as allowed_transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    min(f.source) as source,
    max(f.day) as day,
    min(f.first_at) as first_at,
    max(f.last_at) as last_at
from fct_usage_daily f
join dim_apps a on a.app_id = f.app_id
where a.tag = 'unsanctioned'
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.app_id, a.app_name
having sum(f.transactions - f.blocked_transactions - f.failed_transactions) > 0
order by transactions desc
