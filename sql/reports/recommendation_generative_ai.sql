-- recommendation_generative_ai: generative AI is in use.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily, dim_apps
-- units:  counts; names are the five that most devices use
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Set rules for generative AI
-- says: {{ devices | things("device") }} and {{ apps | things("generative-AI app") }}, of which {{ open_apps | count }} not sanctioned; the most used: {{ names }}. Sanction what may be used, say what may be entered, and block the rest.
with used as (
    select f.app_id, a.app_name, coalesce(a.tag, '') as tag, f.device_key, sum(f.transactions) as transactions
    from fct_usage_daily f
    join dim_apps a on a.app_id = f.app_id
    where strpos(' ' || coalesce(a.traits, '') || ' ', ' generative_ai ') > 0
      and f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.app_id, a.app_name, coalesce(a.tag, ''), f.device_key
),
open_apps as (
    select app_name, row_number() over (order by count(distinct device_key) desc, sum(transactions) desc, app_name) as place
    from used
    where tag <> 'sanctioned'
    group by app_id, app_name
)
select
    80 as weight,
    (select count(distinct app_id) from used) as apps,
    (select count(distinct device_key) from used) as devices,
    count(*) as open_apps,
    string_agg(app_name, ', ' order by place) filter (where place <= 5) as names
from open_apps
having count(*) > 0
