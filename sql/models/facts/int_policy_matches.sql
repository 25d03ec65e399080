-- int_policy_matches: what policies matched: an app once per policy and period, over all sources
-- grain:   one row per policy, app_id, day
-- reads:   int_policy_candidates_daily, int_seen_daily, policies
-- kept:    whole
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known; *_at are UTC
-- adds up: within a policy: transactions, *_transactions, *_bytes of the days shown. Not users, devices or ip_addresses
-- caveat:  the first day of a period (day, week, month, ever) that meets all conditions is the match. An app is new within
--          new_within_days from the day it was first seen on, unless that is one of the first learning_days of all logs.
--          match_no orders a policy's matches of a day by traffic; those beyond the daily cap are kept, but do not act (acts)

with seen as (
    select key as app_id, min(day) as first_day
    from int_seen_daily
    where kind = 'app'
    group by key
),

began as (
    select min(day) as first_day from int_seen_daily
),

due as (
    select
        c.*,
        p.severity,
        p.once_per,
        p.is_alert,
        p.is_mail,
        p.tag_action,
        p.daily_cap,
        s.first_day as first_seen_day,
        case p.once_per
            when 'day' then c.day
            when 'week' then cast(date_trunc('week', c.day) as date)
            when 'month' then cast(date_trunc('month', c.day) as date)
            else date '1970-01-01'
        end as period_from
    from int_policy_candidates_daily as c
    inner join policies as p on c.policy = p.policy
    inner join seen as s on c.app_id = s.app_id
    cross join began as b
    where
        p.new_within_days is null
        or (
            date_diff('day', s.first_day, c.day) < p.new_within_days
            and date_diff('day', b.first_day, s.first_day) >= p.learning_days
        )
),

firsts as (
    select policy, app_id, period_from, min(day) as day
    from due
    group by policy, app_id, period_from
),

matches as (
    select
        d.*,
        row_number() over (
            partition by d.policy, d.day order by d.total_bytes desc nulls last, d.transactions desc, d.app_id
        ) as match_no,
        count(*) over (partition by d.policy, d.day) as matches_of_day
    from due as d
    inner join firsts as f on d.policy = f.policy and d.app_id = f.app_id and d.period_from = f.period_from and d.day = f.day
)

select
    policy,
    app_id,
    day,
    severity,
    cast(match_no as bigint) as match_no,
    match_no <= daily_cap as acts,
    cast(case when matches_of_day > daily_cap then matches_of_day - daily_cap else 0 end as bigint) as held_back,
    is_alert,
    is_mail,
    tag_action,
    first_seen_day,
    source,
    source_kind,
    cast(users as bigint) as users,
    cast(devices as bigint) as devices,
    cast(ip_addresses as bigint) as ip_addresses,
    transactions,
    blocked_transactions,
    failed_transactions,
    unknown_bytes_transactions,
    uploaded_bytes,
    downloaded_bytes,
    total_bytes,
    hosts,
    latest_breach,
    first_at,
    last_at
from matches
