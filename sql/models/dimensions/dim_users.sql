-- dim_users: every user that any source named
-- grain:   one row per user_key
-- reads:   int_seen_daily
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  a domain before a backslash and the organisation's own mail domains are taken off, so that one person is one user

select key as user_key, arg_max(name, last_at) as user_name, min(first_at) as first_seen_at, max(last_at) as last_seen_at
from int_seen_daily
where kind = 'user'
group by key
