-- fct_device_risk_daily: how risky a device's day was, as the sum of a few features that anybody can check
-- grain:   one row per day, device_key
-- reads:   fct_usage_daily, catalog_apps
-- kept:    day
-- units:   risk_score 0 to 100: the points in reasons, capped at 100. Levels: high from 60, medium from 30, low from 10
-- adds up: transactions, uploaded_bytes, blocked_transactions. Not risk_score
-- caveat:  devices whose sources log no bytes cannot score by volume; a day is judged by itself and by the other devices of that
--          day, not by the days before it. An app counts as used when at least one transaction with it was not blocked

with apps as (
    select
        f.day,
        f.device_key,
        f.app_id,
        f.app_class,
        coalesce(c.risk_band, 'unknown') as risk_band,
        ' ' || coalesce(c.traits, '') || ' ' as traits,
        cast(sum(f.transactions) as bigint) as transactions,
        cast(sum(f.blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(f.transactions - f.blocked_transactions) as bigint) as passed_transactions,
        cast(sum(f.uploaded_bytes) as bigint) as uploaded_bytes
    from fct_usage_daily as f
    left join catalog_apps as c on f.app_id = c.app_id
    where f.device_key is not null and f.app_class in ('app', 'uncatalogued')
    group by f.day, f.device_key, f.app_id, f.app_class, coalesce(c.risk_band, 'unknown'), ' ' || coalesce(c.traits, '') || ' '
),

used_by as (
    select app_id, count(*) as devices from apps where passed_transactions > 0 group by app_id
),

measured as (
    select
        a.day,
        a.device_key,
        cast(sum(a.transactions) as bigint) as transactions,
        count(*) as apps,
        cast(sum(a.uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(a.blocked_transactions) as bigint) as blocked_transactions,
        count(case when a.passed_transactions > 0 and contains(a.traits, ' anonymiser ') then 1 end) as anonymisers,
        count(case when a.passed_transactions = 0 and contains(a.traits, ' anonymiser ') then 1 end) as denied_anonymisers,
        count(case
            when a.passed_transactions > 0 and (contains(a.traits, ' remote_access ') or contains(a.traits, ' tunnel ')) then 1
        end) as remote_access_apps,
        count(case when a.passed_transactions > 0 and contains(a.traits, ' generative_ai ') then 1 end) as ai_apps,
        count(case
            when a.passed_transactions > 0 and (contains(a.traits, ' file_sharing ') or contains(a.traits, ' paste ')) then 1
        end) as sharing_apps,
        count(case when a.passed_transactions > 0 and a.risk_band = 'high' then 1 end) as high_risk_apps,
        count(case when a.passed_transactions > 0 and a.app_class = 'app' and u.devices = 1 then 1 end) as rare_apps,
        cast(coalesce(sum(case
            when contains(a.traits, ' personal_storage ') or a.risk_band = 'high' or a.app_class = 'uncatalogued' then a.uploaded_bytes
        end), 0) as bigint) as risky_upload
    from apps as a
    left join used_by as u on a.app_id = u.app_id
    group by a.day, a.device_key
),

others as (
    select count(*) as devices, median(uploaded_bytes) as usual_upload from measured
),

scored as (
    select
        m.*,
        cast(o.usual_upload as bigint) as usual_upload,
        case when m.anonymisers > 0 then 30 when m.denied_anonymisers > 0 then 15 else 0 end as anonymiser_points,
        case
            when m.risky_upload >= 1000000000 then 40
            when m.risky_upload >= 100000000 then 25
            when m.risky_upload >= 10000000 then 10
            else 0
        end as upload_points,
        case
            when o.devices >= 10 and m.uploaded_bytes >= 50000000 and m.uploaded_bytes >= 10 * o.usual_upload then 10 else 0
        end as volume_points,
        least(m.high_risk_apps * 10, 20) as high_risk_points,
        case when m.remote_access_apps > 0 then 10 else 0 end as remote_points,
        case when m.ai_apps > 0 then 5 else 0 end as ai_points,
        case when m.sharing_apps > 0 then 5 else 0 end as sharing_points,
        case when o.devices >= 10 and m.rare_apps >= 3 then 5 else 0 end as rare_points,
        case when m.blocked_transactions >= 100 then 20 when m.blocked_transactions >= 10 then 10 else 0 end as blocked_points
    from measured as m
    cross join others as o
),

summed as (
    select
        *,
        least(
            anonymiser_points + upload_points + volume_points + high_risk_points + remote_points + ai_points + sharing_points
            + rare_points + blocked_points, 100
        ) as points
    from scored
)

select
    day,
    device_key,
    cast(points as double) as risk_score,
    case when points >= 60 then 'high' when points >= 30 then 'medium' when points >= 10 then 'low' else 'informational' end as risk_level,
    '[' || concat_ws(', ',
        case when anonymiser_points > 0 then '{"feature": "anonymiser", "points": ' || anonymiser_points || ', "detail": "'
            || anonymisers || ' VPN or anonymiser apps used, ' || denied_anonymisers || ' more were blocked"}' end,
        case when upload_points > 0 then '{"feature": "risky upload", "points": ' || upload_points || ', "detail": "'
            || risky_upload || ' bytes uploaded to personal storage, high-risk or uncatalogued destinations"}' end,
        case when volume_points > 0 then '{"feature": "unusual upload", "points": ' || volume_points || ', "detail": "'
            || uploaded_bytes || ' bytes uploaded; the median of all devices that day is ' || usual_upload || ' bytes"}' end,
        case when high_risk_points > 0 then '{"feature": "high-risk apps", "points": ' || high_risk_points || ', "detail": "'
            || high_risk_apps || ' app' || case when high_risk_apps = 1 then '' else 's' end || ' with a high risk used"}' end,
        case when remote_points > 0 then '{"feature": "remote access", "points": ' || remote_points || ', "detail": "'
            || remote_access_apps || ' remote access or tunnel app' || case when remote_access_apps = 1 then '' else 's' end || ' used"}' end,
        case when ai_points > 0 then '{"feature": "generative AI", "points": ' || ai_points || ', "detail": "'
            || ai_apps || ' generative AI app' || case when ai_apps = 1 then '' else 's' end || ' used"}' end,
        case when sharing_points > 0 then '{"feature": "file sharing", "points": ' || sharing_points || ', "detail": "'
            || sharing_apps || ' file sharing or paste app' || case when sharing_apps = 1 then '' else 's' end || ' used"}' end,
        case when rare_points > 0 then '{"feature": "rare apps", "points": ' || rare_points || ', "detail": "'
            || rare_apps || ' apps used that no other device used that day"}' end,
        case when blocked_points > 0 then '{"feature": "blocked attempts", "points": ' || blocked_points || ', "detail": "'
            || blocked_transactions || ' transactions blocked"}' end
    ) || ']' as reasons,
    transactions,
    cast(apps as bigint) as apps,
    uploaded_bytes,
    blocked_transactions
from summed
