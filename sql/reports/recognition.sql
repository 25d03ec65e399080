-- recognition: how much of what bears a host name the catalog recognises, by source.
-- grain:  one row per source
-- reads:  fct_usage_daily
-- units:  transactions; destinations known by an address or a vendor's label only are left out
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- adds up: transactions = internal + app + not_an_app + uncatalogued
select
    f.source,
    cast(sum(f.transactions) as bigint) as transactions,
    cast(coalesce(sum(case when f.app_class = 'internal' then f.transactions end), 0) as bigint) as internal,
    cast(coalesce(sum(case when f.app_class = 'app' then f.transactions end), 0) as bigint) as app,
    cast(coalesce(sum(case when f.app_class = 'not_an_app' then f.transactions end), 0) as bigint) as not_an_app,
    cast(coalesce(sum(case when f.app_class = 'uncatalogued' then f.transactions end), 0) as bigint) as uncatalogued
from fct_usage_daily f
where f.registrable_domain is not null
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
group by f.source
order by f.source
