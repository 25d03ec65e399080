-- alerts_conserve_attempts: every attempt to reach an unsanctioned app is in one alert, and in no second
-- severity: fail
-- reads:   int_unsanctioned_daily, fct_alerts

with expected as (
    select
        cast(coalesce(sum(transactions), 0) as bigint) as transactions,
        cast(coalesce(sum(total_bytes), 0) as bigint) as total_bytes
    from int_unsanctioned_daily
),

found as (
    select
        cast(coalesce(sum(attempts), 0) as bigint) as transactions,
        cast(coalesce(sum(total_bytes), 0) as bigint) as total_bytes,
        count(*) - count(distinct alert_id) as repeated_alerts
    from fct_alerts
    where kind = 'unsanctioned_access'
)

select e.transactions, f.transactions as alerted_transactions, e.total_bytes, f.total_bytes as alerted_bytes, f.repeated_alerts
from expected as e
cross join found as f
where e.transactions <> f.transactions or e.total_bytes <> f.total_bytes or f.repeated_alerts > 0
