-- policy_matches: what policies that send mail matched, the newest first.
-- grain:  one row per policy, app_id and day
-- reads:  fct_policy_matches, fct_coverage_daily, dim_apps
-- units:  *_bytes are bytes as the client saw them, null when no record says; instants in UTC
-- params: first_day, last_day (UTC days, both included), source (one, or several joined by /; null: all)
-- caveat: matches beyond a policy's daily cap are not here; held_back says how many they were that day. A match over several sources
--         belongs to each of them
select
    m.day, m.policy, m.severity, m.app_id, coalesce(a.app_name, m.app_id) as app_name, m.users, m.devices, m.ip_addresses,
    m.transactions, m.uploaded_bytes, m.total_bytes, m.first_seen_day, m.held_back, replace(m.source, '/', ', ') as sources
from fct_policy_matches m
left join dim_apps a on a.app_id = m.app_id
where m.is_mail
  and m.acts
  and m.day between cast(:first_day as date) and cast(:last_day as date)
  and (cast(:source as varchar) is null or exists (
      select 1
      from fct_coverage_daily c
      where c.day = m.day
        and strpos('/' || m.source || '/', '/' || c.source || '/') > 0
        and strpos('/' || cast(:source as varchar) || '/', '/' || c.source || '/') > 0
  ))
order by m.day desc, case m.severity when 'high' then 1 when 'medium' then 2 else 3 end, m.policy, m.app_id
