-- recommendation_generative_ai: generative AI is in use.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily, dim_apps
-- units:  counts
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Set rules for generative AI
-- says: {{ devices | things("device") }} and {{ apps | things("generative-AI app") }}, of which {{ open_apps | count }} not sanctioned ({{ names }}). Sanction what may be used, say what may be entered, and block the rest.
select
    80 as weight,
    count(distinct f.app_id) as apps,
    count(distinct f.device_key) as devices,
    count(distinct case when coalesce(a.tag, '') <> 'sanctioned' then f.app_id end) as open_apps,
    string_agg(
        distinct case when coalesce(a.tag, '') <> 'sanctioned' then a.app_name end, ', '
        order by case when coalesce(a.tag, '') <> 'sanctioned' then a.app_name end
    ) as names
from fct_usage_daily f
join dim_apps a on a.app_id = f.app_id
where strpos(' ' || coalesce(a.traits, '') || ' ', ' generative_ai ') > 0
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
having count(distinct case when coalesce(a.tag, '') <> 'sanctioned' then f.app_id end) > 0
