-- recommendation_catalogue_domains: traffic that no catalog entry explains.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily
-- units:  transactions_pct in percent of transactions to apps and uncatalogued domains
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Look at the uncatalogued domains
-- says: In no catalog entry: {{ domains | things("domain") }}, with {{ transactions_pct | number }} % of the transactions that reach apps or such domains. Add those that are apps: {{ names }}.
with used as (
    select f.app_id, min(f.registrable_domain) as domain, f.app_class, sum(f.transactions) as transactions, count(distinct f.device_key) as devices
    from fct_usage_daily f
    where f.app_class in ('app', 'uncatalogued')
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.app_id, f.app_class
),
placed as (
    select domain, app_class, transactions, row_number() over (partition by app_class order by devices desc, transactions desc, domain) as place from used
)
select
    50 as weight,
    sum(case when app_class = 'uncatalogued' then 1 else 0 end) as domains,
    cast(100.0 * sum(case when app_class = 'uncatalogued' then transactions else 0 end) / sum(transactions) as double precision) as transactions_pct,
    string_agg(domain, ', ' order by place) filter (where app_class = 'uncatalogued' and place <= 5) as names
from placed
having sum(case when app_class = 'uncatalogued' then 1 else 0 end) > 0
