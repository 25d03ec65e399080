-- fct_device_risk_daily: how risky a device's day was, as the sum of a few features that anybody can check
-- grain:   one row per day, device_key
-- reads:   fct_usage_daily, catalog_apps
-- kept:    day
-- units:   risk_score 0 to 100; points add up to it and are capped at 100
-- adds up: transactions, uploaded_bytes, blocked_transactions. Not risk_score
-- caveat:  devices whose sources log no bytes cannot score by volume; levels: high from 60, medium from 30, low from 10

with apps as (
    select
        f.day,
        f.device_key,
        f.app_id,
        f.app_class,
        coalesce(c.risk_band, 'unknown') as risk_band,
        coalesce(c.traits, '') as traits,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes
    from fct_usage_daily as f
    left join catalog_apps as c on f.app_id = c.app_id
    where f.device_key is not null and f.app_class in ('app', 'uncatalogued')
    group by f.day, f.device_key, f.app_id, f.app_class, coalesce(c.risk_band, 'unknown'), coalesce(c.traits, '')
),

measured as (
    select
        day,
        device_key,
        cast(sum(transactions) as bigint) as transactions,
        cast(count(*) as bigint) as apps,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(blocked_transactions) as bigint) as blocked_transactions,
        count(case when contains(traits, 'anonymiser') then 1 end) as anonymisers,
        count(case when contains(traits, 'remote_access') then 1 end) as remote_access_apps,
        count(case when contains(traits, 'generative_ai') then 1 end) as ai_apps,
        count(case when risk_band = 'high' then 1 end) as high_risk_apps,
        coalesce(sum(case when contains(traits, 'personal_storage') or risk_band = 'high' or app_class = 'uncatalogued' then uploaded_bytes end), 0) as risky_upload
    from apps
    group by day, device_key
),

scored as (
    select
        *,
        case when anonymisers > 0 then 30 else 0 end as anonymiser_points,
        least(high_risk_apps * 10, 20) as high_risk_points,
        case when risky_upload >= 1000000000 then 40 when risky_upload >= 100000000 then 25 when risky_upload >= 10000000 then 10 else 0 end as upload_points,
        case when remote_access_apps > 0 then 10 else 0 end as remote_points,
        case when ai_apps > 0 then 5 else 0 end as ai_points,
        case when blocked_transactions >= 100 then 20 when blocked_transactions >= 10 then 10 else 0 end as blocked_points
    from measured
),

summed as (
    select
        *,
        least(anonymiser_points + high_risk_points + upload_points + remote_points + ai_points + blocked_points, 100) as points
    from scored
)

select
    day,
    device_key,
    cast(points as double) as risk_score,
    case when points >= 60 then 'high' when points >= 30 then 'medium' when points >= 10 then 'low' else 'informational' end as risk_level,
    '[' || concat_ws(', ',
        case when anonymiser_points > 0 then '{"feature": "anonymiser", "points": ' || anonymiser_points || ', "detail": "' || anonymisers || ' VPN or anonymiser apps used"}' end,
        case when upload_points > 0 then '{"feature": "risky upload", "points": ' || upload_points || ', "detail": "' || risky_upload || ' bytes uploaded to personal storage, high-risk or uncatalogued destinations"}' end,
        case when high_risk_points > 0 then '{"feature": "high-risk apps", "points": ' || high_risk_points || ', "detail": "' || high_risk_apps || ' apps with a high risk used"}' end,
        case when remote_points > 0 then '{"feature": "remote access", "points": ' || remote_points || ', "detail": "' || remote_access_apps || ' remote access apps used"}' end,
        case when ai_points > 0 then '{"feature": "generative AI", "points": ' || ai_points || ', "detail": "' || ai_apps || ' generative AI apps used"}' end,
        case when blocked_points > 0 then '{"feature": "blocked attempts", "points": ' || blocked_points || ', "detail": "' || blocked_transactions || ' transactions blocked"}' end
    ) || ']' as reasons,
    transactions,
    apps,
    uploaded_bytes,
    blocked_transactions
from summed
