-- finding_large_upload: much data went to storage that the organisation has not sanctioned.
-- grain:  one row per day, source, device_key, user_key, app_id
-- reads:  fct_usage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Large upload to personal storage
-- says: {{ who }} uploaded {{ uploaded_bytes | size }} to {{ app_name }} on {{ day | day }}, between {{ first_at | clock }} and {{ last_at | clock }} UTC.
-- check: Ask the person what was uploaded and why. If the app is a business need, sanction it; if not, tag it unsanctioned and block it.
-- rule: at least 100 MB in a day from one device to one app that is not sanctioned and keeps personal files, publishes texts, or shares files or mail with more than a low risk, or to an uncatalogued domain; high from 1 GB
select
    case when sum(f.uploaded_bytes) >= 1000000000 then 'high' else 'medium' end as severity,
    f.day, f.source, f.device_key, f.user_key, f.app_id,
    coalesce(a.app_name, f.registrable_domain) as app_name,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(f.transactions) as bigint) as transactions,
    min(f.first_at) as first_at,
    max(f.last_at) as last_at
from fct_usage_daily f
left join dim_apps a on a.app_id = f.app_id
where f.app_class in ('app', 'uncatalogued')
  and coalesce(a.tag, '') <> 'sanctioned'
  and (f.app_class = 'uncatalogued' or (
    strpos(' ' || coalesce(a.traits, '') || ' ', ' personal_storage ') > 0
    or strpos(' ' || coalesce(a.traits, '') || ' ', ' paste ') > 0
    or (
        coalesce(a.risk_band, 'unknown') <> 'low'
        and (strpos(' ' || coalesce(a.traits, '') || ' ', ' file_sharing ') > 0 or strpos(' ' || coalesce(a.traits, '') || ' ', ' webmail ') > 0)
    )
  ))
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.day, f.source, f.device_key, f.user_key, f.app_id, coalesce(a.app_name, f.registrable_domain)
having sum(f.uploaded_bytes) >= 100000000
order by uploaded_bytes desc
