-- int_hosts_daily: what each destination of a day is: an app, not an app, internal, or uncatalogued
-- grain:   one row per day, host, app_hint
-- reads:   int_usage_daily, catalog_domains, catalog_hints, public_suffixes, internal_domains
-- kept:    day
-- units:   none
-- adds up: nothing
-- caveat:  the longest of the catalog's and the organisation's own domains that is the host or ends it on a whole label decides;
--          then internal addresses and names of one label are internal; then the vendor's own app label decides; the rest is
--          uncatalogued under its registrable domain. A destination known by its app label only is `app:<label>`

with recursive hosts as (
    select distinct
        day,
        host,
        lower(app_hint) as app_hint,
        starts_with(host, 'app:') as is_label,
        translate(host, '0123456789.', '') = '' or (contains(host, ':') and not starts_with(host, 'app:')) as is_address
    from int_usage_daily
),

names as (
    select distinct host, length(host) - length(replace(host, '.', '')) + 1 as labels
    from hosts
    where not is_address and not is_label
),

-- a.b.c, b.c, c
suffixes as (
    select host, labels as host_labels, host as suffix, labels from names
    union all
    select host, host_labels, substr(suffix, strpos(suffix, '.') + 1) as suffix, labels - 1 as labels
    from suffixes
    where labels > 1
),

catalogued as (
    select s.host, max(length(s.suffix)) as characters
    from suffixes as s
    inner join catalog_domains as d on s.suffix = d.domain
    group by s.host
),

own as (
    select s.host, max(length(s.suffix)) as characters
    from suffixes as s
    inner join internal_domains as i on s.suffix = i.domain
    group by s.host
),

-- how many labels of a host are public: the longest rule decides, an exception ends all others; without a rule it is one
public_labels as (
    select
        s.host,
        max(case p.kind when 'wildcard' then s.labels + 1 when 'normal' then s.labels else 1 end) as labels,
        max(case when p.kind = 'exception' then s.labels - 1 end) as exception_labels
    from suffixes as s
    inner join public_suffixes as p on s.suffix = p.suffix
    group by s.host
),

registrable as (
    select s.host, s.suffix as registrable_domain
    from suffixes as s
    left join public_labels as p on s.host = p.host
    where s.labels = least(coalesce(p.exception_labels, p.labels, 1) + 1, s.host_labels)
),

hints as (
    select hint, min(app_id) as app_id from catalog_hints group by hint
),

told as (
    select
        h.day,
        h.host,
        h.app_hint,
        h.is_label,
        d.app_id,
        d.domain,
        d.host_class,
        g.app_id as hinted_app_id,
        r.registrable_domain,
        case
            when h.is_label then false
            when h.is_address then is_internal_address(h.host)
            when o.characters >= coalesce(c.characters, 0) then true
            else c.characters is null and not contains(h.host, '.')
        end as is_internal
    from hosts as h
    left join catalogued as c on h.host = c.host
    left join catalog_domains as d on substr(h.host, length(h.host) - c.characters + 1) = d.domain
    left join hints as g on h.app_hint = g.hint
    left join registrable as r on h.host = r.host
    left join own as o on h.host = o.host
)

select
    day,
    host,
    app_hint,
    case
        when is_internal then 'internal'
        when host_class = 'app' then app_id
        when host_class = 'not_an_app' then 'not_an_app:' || domain
        when hinted_app_id is not null then hinted_app_id
        when is_label then 'uncatalogued:' || substr(host, 5)
        else 'uncatalogued:' || coalesce(registrable_domain, host)
    end as app_id,
    case
        when is_internal then 'internal'
        when host_class in ('app', 'not_an_app') then host_class
        when hinted_app_id is not null then 'app'
        else 'uncatalogued'
    end as app_class,
    registrable_domain
from told
