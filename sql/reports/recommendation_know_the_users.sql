-- recommendation_know_the_users: sources that do not say who.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily
-- units:  count of sources; names are the five with the most transactions
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Let every source say who
-- says: Most records of {{ sources | things("source") }} name no user, the largest first: {{ names }}. Turn on authentication at the proxy, or log the user's name.
with known as (
    select f.source, row_number() over (order by sum(f.transactions) desc, f.source) as place
    from fct_usage_daily f
    where f.day between cast(:first_day as date) and cast(:last_day as date)
      and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
    group by f.source
    having sum(case when f.user_key is null then f.transactions else 0 end) * 2 > sum(f.transactions)
)
select 20 as weight, count(*) as sources, string_agg(source, ', ' order by place) filter (where place <= 5) as names
from known
having count(*) > 0
