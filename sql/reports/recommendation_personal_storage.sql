-- recommendation_personal_storage: data goes to storage that is not sanctioned.
-- grain:  one row, or none when it does not apply
-- reads:  fct_usage_daily, dim_apps
-- units:  uploaded_bytes, null when no source reports it
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- title: Offer one place for files
-- says: {{ uploaded_bytes | size }} went up to {{ apps | count }} storage and transfer apps that are not sanctioned. Name the one to use, move people there, and block uploads to the others.
select
    70 as weight,
    count(distinct f.app_id) as apps,
    count(distinct f.user_key) as users,
    cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes
from fct_usage_daily f
join dim_apps a on a.app_id = f.app_id
where (
    strpos(' ' || coalesce(a.traits, '') || ' ', ' personal_storage ') > 0
    or strpos(' ' || coalesce(a.traits, '') || ' ', ' paste ') > 0
    or (
        coalesce(a.risk_band, 'unknown') <> 'low'
        and (strpos(' ' || coalesce(a.traits, '') || ' ', ' file_sharing ') > 0 or strpos(' ' || coalesce(a.traits, '') || ' ', ' webmail ') > 0)
    )
  )
  and coalesce(a.tag, '') <> 'sanctioned'
  and f.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or strpos('/' || cast(:source as varchar) || '/', '/' || f.source || '/') > 0)
having count(distinct f.app_id) > 1
