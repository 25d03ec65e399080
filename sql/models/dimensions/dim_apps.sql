-- dim_apps: every app of the catalog and every destination group met in the facts
-- grain:   one row per app_id
-- reads:   int_seen_daily, catalog_apps, current_tags
-- kept:    whole
-- units:   risk_score 0 to 10, ten is safe; *_at are UTC
-- adds up: nothing
-- caveat:  first_seen_at is null for a catalog app that nobody has used. tag is null when nothing was decided; labels are
--          separated by blanks

with seen as (
    select key as app_id, max(id) as app_class, min(first_at) as first_seen_at, max(last_at) as last_seen_at
    from int_seen_daily
    where kind = 'app'
    group by key
)

select
    coalesce(c.app_id, s.app_id) as app_id,
    coalesce(
        c.app_name,
        case when s.app_id = 'internal' then 'Internal destinations' else substr(s.app_id, strpos(s.app_id, ':') + 1) end
    ) as app_name,
    coalesce(s.app_class, 'app') as app_class,
    c.vendor,
    c.category,
    c.headquarters_country,
    c.risk_score,
    coalesce(c.risk_band, 'unknown') as risk_band,
    c.risk_factors,
    c.traits,
    t.tag,
    t.labels,
    t.tagged_at,
    t.tagged_by,
    t.tag_note,
    c.domains,
    s.first_seen_at,
    s.last_seen_at
from catalog_apps as c
full outer join seen as s on c.app_id = s.app_id
left join current_tags as t on coalesce(c.app_id, s.app_id) = t.app_id
