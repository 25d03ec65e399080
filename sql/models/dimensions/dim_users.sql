-- dim_users: every user that any source named, and what the organisation's directory says of them
-- grain:   one row per user_key
-- reads:   int_seen_daily, directory_users
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a domain before a backslash and the organisation's own mail domains are taken off, so that one person is one user;
--          upn, display_name, department and groups (JSON text: list) are null for those whom the directory does not know

with latest as (
    select key, min(first_at) as first_seen_at, max(last_at) as last_seen_at
    from int_seen_daily
    where kind = 'user'
    group by key
),

named as (
    select s.key as user_key, max(case when s.last_at = l.last_seen_at then s.name end) as user_name, l.first_seen_at, l.last_seen_at
    from int_seen_daily as s
    inner join latest as l on s.key = l.key
    where s.kind = 'user'
    group by s.key, l.first_seen_at, l.last_seen_at
)

select n.user_key, n.user_name, d.upn, d.display_name, d.department, d.groups, n.first_seen_at, n.last_seen_at
from named as n
left join directory_users as d on n.user_key = d.user_key
