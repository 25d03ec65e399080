-- int_hosts_daily: what each destination of a day is: an app, not an app, internal, or uncatalogued
-- grain:   one row per day, host, app_hint
-- reads:   int_usage_daily, catalog_domains, catalog_hints, public_suffixes, internal_domains
-- kept:    day
-- units:   none
-- adds up: nothing
-- caveat:  the longest catalog domain that is the host or ends it on a whole label wins; then the organisation's own names and
--          addresses are internal; then the vendor's own app label decides; the rest is uncatalogued under its registrable domain

with recursive hosts as (
    select distinct
        day,
        host,
        app_hint,
        (not contains(host, ':') and regexp_matches(host, '^[0-9.]+$')) or (contains(host, ':') and not starts_with(host, 'app:')) as is_address
    from int_usage_daily
),

names as (
    select distinct host from hosts where not is_address and not starts_with(host, 'app:')
),

suffixes as (
    select host, host as suffix from names
    union all
    select host, substr(suffix, strpos(suffix, '.') + 1) as suffix from suffixes where contains(suffix, '.')
),

catalogued as (
    select s.host, arg_max(d.domain, length(d.domain)) as domain
    from suffixes as s
    inner join catalog_domains as d on s.suffix = d.domain
    group by s.host
),

own as (
    select distinct s.host
    from suffixes as s
    inner join internal_domains as i on s.suffix = i.domain
),

public_labels as (
    select
        s.host,
        max(case p.kind
            when 'exception' then 1000 + length(s.suffix) - length(replace(s.suffix, '.', ''))
            when 'wildcard' then length(s.suffix) - length(replace(s.suffix, '.', '')) + 2
            else length(s.suffix) - length(replace(s.suffix, '.', '')) + 1 end) as labels
    from suffixes as s
    inner join public_suffixes as p on s.suffix = p.suffix
    group by s.host
),

registrable as (
    select s.host, s.suffix as registrable_domain
    from suffixes as s
    left join public_labels as p on s.host = p.host
    -- an exception rule ends all others: one label less than itself is public
    where length(s.suffix) - length(replace(s.suffix, '.', '')) + 1
        = least(
            case when coalesce(p.labels, 1) >= 1000 then p.labels - 1000 else coalesce(p.labels, 1) end + 1,
            length(s.host) - length(replace(s.host, '.', '')) + 1
        )
),

told as (
    select
        h.day,
        h.host,
        h.app_hint,
        h.is_address,
        d.app_id,
        d.domain,
        d.host_class,
        g.app_id as hinted_app_id,
        r.registrable_domain,
        case
            when d.domain is not null then false
            when h.is_address then is_internal_address(h.host)
            when starts_with(h.host, 'app:') then false
            else o.host is not null or not contains(h.host, '.')
        end as is_internal
    from hosts as h
    left join catalogued as c on h.host = c.host
    left join catalog_domains as d on c.domain = d.domain
    left join catalog_hints as g on h.app_hint = g.hint
    left join registrable as r on h.host = r.host
    left join own as o on h.host = o.host
)

select
    day,
    host,
    app_hint,
    case
        when host_class = 'app' then app_id
        when host_class = 'not_an_app' then 'not_an_app:' || domain
        when is_internal then 'internal'
        when hinted_app_id is not null then hinted_app_id
        when starts_with(host, 'app:') then 'uncatalogued:' || substr(host, 5)
        else 'uncatalogued:' || coalesce(registrable_domain, host)
    end as app_id,
    case
        when host_class = 'app' then 'app'
        when host_class = 'not_an_app' then 'not_an_app'
        when is_internal then 'internal'
        when hinted_app_id is not null then 'app'
        else 'uncatalogued'
    end as app_class,
    registrable_domain
from told
