-- finding_denied_then_allowed: a person was denied an app and then got through.
-- grain:  one row per source, device_key, user_key, app_id
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Denied, then allowed
-- says: {{ who }} was denied {{ app_name }} {{ blocked_transactions | things("time") }} from {{ first_at | instant }}, and got through by {{ allowed_at | instant }}.
-- check: Find out what changed: another address, another host, an exception in the proxy. Close the gap, or allow the app for everyone who needs it.
-- rule: at least 3 denials of one app, no access before the first denial, access after it; within one day and one host the order of the two is not known
with tried as (
    select
        f.source, f.device_key, f.user_key, f.app_id,
        min(f.first_at) filter (where f.blocked_transactions > 0) as denied_at,
        min(f.first_at) filter (where f.transactions > f.blocked_transactions + f.failed_transactions and f.blocked_transactions = 0) as allowed_at,
        max(f.last_at) filter (where f.transactions > f.blocked_transactions + f.failed_transactions) as last_allowed_at,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
        max(f.last_at) as last_at
    from fct_usage_daily f
    where f.app_class in ('app', 'uncatalogued')
      and (f.device_key is not null or f.user_key is not null)
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.source, f.device_key, f.user_key, f.app_id
)
select
    'high' as severity,
    cast(t.denied_at as date) as day, t.source, t.device_key, t.user_key, t.app_id, coalesce(a.app_name, t.app_id) as app_name,
    t.blocked_transactions, t.transactions, t.uploaded_bytes,
    t.denied_at as first_at,
    coalesce(t.allowed_at, t.last_allowed_at) as allowed_at,
    t.last_at
from tried t
left join dim_apps a on a.app_id = t.app_id
where t.blocked_transactions >= 3
  and t.last_allowed_at > t.denied_at
  and (t.allowed_at is null or t.allowed_at > t.denied_at)
order by t.blocked_transactions desc, t.denied_at
