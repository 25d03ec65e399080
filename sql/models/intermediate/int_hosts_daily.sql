-- int_hosts_daily: what each destination of a day is: an app, not an app, internal, or uncatalogued
-- grain:   one row per day, host, app_hint, app_path
-- reads:   int_usage_daily, catalog_domains, catalog_hints, catalog_paths, catalog_ranges, public_suffixes, internal_domains
-- kept:    day
-- units:   none
-- adds up: nothing
-- caveat:  the longest of the catalog's and the organisation's own domains that is the host or ends it on a whole label decides
--          (of equals the organisation's; before the catalog's, the part of the host that app_path names); then internal addresses
--          and names of one label are internal; then the vendor's own app label decides, then the range of an address; the rest is
--          uncatalogued under its registrable domain. A destination known by its app label only is `app:<label>`. A domain that
--          begins with a hyphen stands for the tail of a label. Of a host the last eight labels are looked at: no domain of the
--          catalog has more. All that is told of a suffix is one row, so that a host costs one look-up for each of its labels

with hosts as (
    select distinct day, host, lower(app_hint) as app_hint, app_path from int_usage_daily
),

-- what is told of a suffix: whose it is, by how much the public part of a host is longer (an exception outweighs all others),
-- and whether tails of labels before it are known
told as (
    select
        domain as suffix,
        case when host_class = 'app' then app_id else 'not_an_app:' || domain end as app_id,
        cast(null as boolean) as is_own,
        cast(null as integer) as public_more,
        cast(null as boolean) as has_tails
    from catalog_domains
    where not starts_with(domain, '-')
    union all
    select domain, null, true, null, null from internal_domains
    union all
    select suffix, null, null, case kind when 'exception' then 999 when 'wildcard' then 1 else 0 end, null
    from public_suffixes
    -- that the last label is public goes without saying
    where kind <> 'normal' or contains(suffix, '.')
    union all
    select substr(domain, strpos(domain, '.') + 1), null, null, null, true
    from catalog_domains
    where starts_with(domain, '-')
),

known as (
    select
        suffix,
        case when max(is_own) then 'internal' else max(app_id) end as app_id,
        max(public_more) as public_more,
        max(has_tails) as has_tails
    from told
    group by suffix
),

tails as (
    select domain, case when host_class = 'app' then app_id else 'not_an_app:' || domain end as app_id
    from catalog_domains
    where starts_with(domain, '-')
),

hints as (
    select hint, min(app_id) as app_id from catalog_hints group by hint
),

paths as (
    select
        domain || path_prefix as app_path,
        max(app_id) as app_id,
        max(length(domain) - length(replace(domain, '.', '')) + 1) as labels
    from catalog_paths
    group by domain || path_prefix
),

classed as (
    select
        *,
        starts_with(host, 'app:') as is_label,
        case
            when contains(host, ':') then not starts_with(host, 'app:')
            when right(host, 1) between '0' and '9' then translate(host, '0123456789.', '') = ''
            else false
        end as is_address
    from hosts
),

-- a.b.c, b.c, c: null where the host has fewer labels
s0 as (
    select
        *,
        case
            when is_label or is_address then null
            when host like '%.%.%.%.%.%.%.%.%'
                then
                    split_part(host, '.', -8) || '.' || split_part(host, '.', -7) || '.' || split_part(host, '.', -6) || '.'
                    || split_part(host, '.', -5) || '.' || split_part(host, '.', -4) || '.' || split_part(host, '.', -3) || '.'
                    || split_part(host, '.', -2) || '.' || split_part(host, '.', -1)
            else host
        end as n0
    from classed
),

s1 as (select *, case when contains(n0, '.') then substr(n0, strpos(n0, '.') + 1) end as n1 from s0),
s2 as (select *, case when contains(n1, '.') then substr(n1, strpos(n1, '.') + 1) end as n2 from s1),
s3 as (select *, case when contains(n2, '.') then substr(n2, strpos(n2, '.') + 1) end as n3 from s2),
s4 as (select *, case when contains(n3, '.') then substr(n3, strpos(n3, '.') + 1) end as n4 from s3),
s5 as (select *, case when contains(n4, '.') then substr(n4, strpos(n4, '.') + 1) end as n5 from s4),
s6 as (select *, case when contains(n5, '.') then substr(n5, strpos(n5, '.') + 1) end as n6 from s5),
s7 as (select *, case when contains(n6, '.') then substr(n6, strpos(n6, '.') + 1) end as n7 from s6),

split as (
    select
        *,
        case
            when n0 is null then 0
            when n1 is null then 1
            when n2 is null then 2
            when n3 is null then 3
            when n4 is null then 4
            when n5 is null then 5
            when n6 is null then 6
            when n7 is null then 7
            else 8
        end as labels
    from s7
),

found as (
    select
        s.*,
        coalesce(k0.app_id, k1.app_id, k2.app_id, k3.app_id, k4.app_id, k5.app_id, k6.app_id, k7.app_id) as app_id,
        case
            when k0.app_id is not null then 0
            when k1.app_id is not null then 1
            when k2.app_id is not null then 2
            when k3.app_id is not null then 3
            when k4.app_id is not null then 4
            when k5.app_id is not null then 5
            when k6.app_id is not null then 6
            when k7.app_id is not null then 7
        end as app_at,
        greatest(
            1,
            s.labels - 0 + k0.public_more,
            s.labels - 1 + k1.public_more,
            s.labels - 2 + k2.public_more,
            s.labels - 3 + k3.public_more,
            s.labels - 4 + k4.public_more,
            s.labels - 5 + k5.public_more,
            s.labels - 6 + k6.public_more,
            s.labels - 7 + k7.public_more
        ) as public_labels,
        case
            when k1.has_tails and contains(split_part(s.n0, '.', 1), '-') then 1
            when k2.has_tails and contains(split_part(s.n1, '.', 1), '-') then 2
            when k3.has_tails and contains(split_part(s.n2, '.', 1), '-') then 3
            when k4.has_tails and contains(split_part(s.n3, '.', 1), '-') then 4
            when k5.has_tails and contains(split_part(s.n4, '.', 1), '-') then 5
            when k6.has_tails and contains(split_part(s.n5, '.', 1), '-') then 6
            when k7.has_tails and contains(split_part(s.n6, '.', 1), '-') then 7
        end as tail_at
    from split as s
    left join known as k0 on s.n0 = k0.suffix
    left join known as k1 on s.n1 = k1.suffix
    left join known as k2 on s.n2 = k2.suffix
    left join known as k3 on s.n3 = k3.suffix
    left join known as k4 on s.n4 = k4.suffix
    left join known as k5 on s.n5 = k5.suffix
    left join known as k6 on s.n6 = k6.suffix
    left join known as k7 on s.n7 = k7.suffix
),

named as (
    select
        *,
        case labels - least(case when public_labels > 900 then public_labels - 1000 else public_labels end + 1, labels)
            when 0 then n0
            when 1 then n1
            when 2 then n2
            when 3 then n3
            when 4 then n4
            when 5 then n5
            when 6 then n6
            when 7 then n7
        end as registrable_domain,
        case tail_at
            when 1 then '-' || split_part(split_part(n0, '.', 1), '-', -1) || '.' || n1
            when 2 then '-' || split_part(split_part(n1, '.', 1), '-', -1) || '.' || n2
            when 3 then '-' || split_part(split_part(n2, '.', 1), '-', -1) || '.' || n3
            when 4 then '-' || split_part(split_part(n3, '.', 1), '-', -1) || '.' || n4
            when 5 then '-' || split_part(split_part(n4, '.', 1), '-', -1) || '.' || n5
            when 6 then '-' || split_part(split_part(n5, '.', 1), '-', -1) || '.' || n6
            when 7 then '-' || split_part(split_part(n6, '.', 1), '-', -1) || '.' || n7
        end as tail
    from found
),

-- from the input, not from above: what is read twice would be kept in memory as a whole
addresses as (
    select host, address_key(host) as address_key
    from int_usage_daily
    where right(host, 1) between '0' and '9' or (contains(host, ':') and not starts_with(host, 'app:'))
    group by host
),

ranges as (
    select a.host, coalesce(r.app_id, 'not_an_app:' || r.cidr) as app_id
    from addresses as a
    inner join catalog_ranges as r on a.address_key >= r.first_key and a.address_key <= r.last_key
),

judged as (
    select
        n.day,
        n.host,
        n.app_hint,
        n.app_path,
        n.is_label,
        n.registrable_domain,
        case
            -- the tail of a label says more than what follows the label, and less than the whole label
            when t.app_id is not null and n.tail_at <= coalesce(n.app_at, n.tail_at) then t.app_id
            when p.app_id is not null and n.app_id is distinct from 'internal'
                and n.labels - p.labels <= coalesce(n.app_at, n.labels) then p.app_id
            when n.app_id is not null then n.app_id
            when n.labels = 1 or (n.is_address and is_internal_address(n.host)) then 'internal'
            else coalesce(g.app_id, r.app_id)
        end as app_id
    from named as n
    left join tails as t on n.tail = t.domain
    left join paths as p on n.app_path = p.app_path
    left join hints as g on n.app_hint = g.hint
    left join ranges as r on n.host = r.host
)

select
    day,
    host,
    app_hint,
    app_path,
    case
        when app_id is not null then app_id
        when is_label then 'uncatalogued:' || substr(host, 5)
        else 'uncatalogued:' || coalesce(registrable_domain, host)
    end as app_id,
    case
        when app_id is null then 'uncatalogued'
        when app_id = 'internal' then 'internal'
        when starts_with(app_id, 'not_an_app:') then 'not_an_app'
        else 'app'
    end as app_class,
    registrable_domain
from judged
