-- recommendation_consolidate: many apps do the same.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily, dim_apps
-- units:  count of apps
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Consolidate
-- says: {{ apps | things("different app") }} of the category {{ category }} in use. Fewer apps cost less and are easier to protect.
with used as (
    select a.category, count(distinct f.app_id) as apps, count(distinct f.user_key) as users
    from fct_usage_daily f
    join dim_apps a on a.app_id = f.app_id
    where f.app_class = 'app'
      and a.category is not null
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by a.category
),
placed as (select category, apps, row_number() over (order by apps desc, users desc, category) as place from used where apps >= 4)
select 30 as weight, min(case when place = 1 then category end) as category, max(case when place = 1 then apps end) as apps
from placed
having count(*) > 0
