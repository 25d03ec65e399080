-- finding_generative_ai_start: a device that used no generative AI before began to.
-- grain:  one row per device_key
-- reads:  fct_usage_daily, dim_apps, dim_devices
-- units:  *_bytes are bytes as the client saw them; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Starts to use generative AI
-- says: {{ who }} used {{ app_name }} for the first time on {{ day | day }} at {{ first_at | clock }} UTC ({{ transactions | things("transaction") }} that day).
-- check: Make sure that the person knows what may be entered. Sanction the AI apps that you allow, so that others stand out.
-- rule: a device known for three days or more whose first use ever of a generative-AI app falls in the period; high when the app has a high risk
with used as (
    select f.device_key, f.user_key, f.app_id, a.app_name, a.risk_band, f.source, f.day, f.transactions, f.uploaded_bytes, f.first_at, f.last_at,
        min(f.day) over (partition by f.device_key) as start_day
    from fct_usage_daily f
    join dim_apps a on a.app_id = f.app_id
    where strpos(' ' || coalesce(a.traits, '') || ' ', ' generative_ai ') > 0
      and f.device_key is not null
      and f.transactions > f.blocked_transactions + f.failed_transactions
      and f.day <= cast(:last_day as date)
)
select
    case when max(case when f.risk_band = 'high' then 1 else 0 end) = 1 then 'high' else 'medium' end as severity,
    f.device_key, max(f.user_key) as user_key, min(f.app_id) as app_id,
    string_agg(distinct f.app_name, ', ' order by f.app_name) as app_name,
    min(f.source) as source,
    f.start_day as day,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes,
    min(f.first_at) as first_at,
    max(f.last_at) as last_at
from used f
join dim_devices d on d.device_key = f.device_key
where f.day = f.start_day
  and cast(d.first_seen_at as date) <= f.start_day - 3
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.device_key, f.start_day
order by severity, transactions desc, f.device_key
