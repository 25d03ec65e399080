-- dim_users: every user that any source named
-- grain:   one row per user_key
-- reads:   int_seen_daily
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a domain before a backslash and the organisation's own mail domains are taken off, so that one person is one user

with latest as (
    select key, min(first_at) as first_seen_at, max(last_at) as last_seen_at
    from int_seen_daily
    where kind = 'user'
    group by key
)

select s.key as user_key, max(case when s.last_at = l.last_seen_at then s.name end) as user_name, l.first_seen_at, l.last_seen_at
from int_seen_daily as s
inner join latest as l on s.key = l.key
where s.kind = 'user'
group by s.key, l.first_seen_at, l.last_seen_at
