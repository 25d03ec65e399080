-- dim_ip_addresses: every client address that any source named, and the named range that it is in
-- grain:   one row per src_ip
-- reads:   int_seen_daily, ip_ranges
-- kept:    whole
-- units:   *_at are UTC
-- adds up: nothing
-- caveat:  range_name, range_category and tags are null for an address in no range; the ranges of today hold for all days

with seen as (
    select
        key as src_ip,
        nullif(address_key(key), '') as address_key,
        min(first_at) as first_seen_at,
        max(last_at) as last_seen_at
    from int_seen_daily
    where kind = 'ip'
    group by key
)

select s.src_ip, r.name as range_name, r.category as range_category, r.tags, s.first_seen_at, s.last_seen_at
from seen as s
left join ip_ranges as r on s.address_key >= r.first_key and s.address_key <= r.last_key
