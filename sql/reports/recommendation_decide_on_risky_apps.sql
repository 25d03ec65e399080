-- recommendation_decide_on_risky_apps: risky apps that nobody has judged.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily, dim_apps
-- units:  count of apps
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Decide on the risky apps
-- says: In use without a tag: {{ apps | things("app") }} with high risk. Begin with the most used: {{ names }}.
with used as (
    select f.app_id, a.app_name, count(distinct f.user_key) as users, count(distinct f.device_key) as devices, sum(f.transactions) as transactions
    from fct_usage_daily f
    join dim_apps a on a.app_id = f.app_id
    where f.app_class = 'app'
      and a.risk_band = 'high'
      and a.tag is null
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.app_id, a.app_name
),
placed as (
    select app_name, row_number() over (order by devices desc, users desc, transactions desc, app_name) as place from used
)
select 90 as weight, count(*) as apps, string_agg(app_name, ', ' order by place) filter (where place <= 5) as names
from placed
having count(*) > 0
