-- int_policy_candidates_daily: which app meets which policy's conditions on a day, apart from being new and from how often it is told
-- grain:   one row per day, policy, app_id
-- reads:   fct_usage_daily, catalog_apps, catalog_facts, day_tags, policies, policy_filters
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: within a policy: transactions, *_transactions, *_bytes. Not users, devices or ip_addresses
-- caveat:  counts are of the use that the policy's filters on sources, users and addresses let through, over all sources at once.
--          A limit is exceeded, not met; what is unknown exceeds nothing and is in no range of scores. hosts are the five with
--          the most transactions. It lies among the facts, since it reads them, and is not published

with used as (
    select
        app_id,
        max(app_class) as app_class,
        cast(sum(transactions) as bigint) as transactions,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(total_bytes) as bigint) as total_bytes
    from fct_usage_daily
    where app_class in ('app', 'uncatalogued')
    group by app_id
),

apps as (
    select
        u.app_id,
        u.app_class,
        c.app_name,
        c.vendor,
        c.category,
        c.headquarters_country,
        c.risk_score,
        coalesce(c.risk_band, 'unknown') as risk_band,
        ' ' || coalesce(c.traits, '') || ' ' as traits
    from used as u
    left join catalog_apps as c on u.app_id = c.app_id
),

-- what filters on apps ask for
asked as (
    select distinct field, value
    from policy_filters
    where scope = 'app' and value is not null
),

-- what apps are, one row a word
attributes as (
    select app_id, 'app' as field, lower(app_id) as value from apps
    union
    select app_id, 'app', lower(app_name) from apps
    union
    select app_id, 'class', app_class from apps
    union
    select app_id, 'category', coalesce(lower(category), 'unknown') from apps
    union
    select app_id, 'vendor', coalesce(lower(vendor), 'unknown') from apps
    union
    select app_id, 'country', coalesce(lower(headquarters_country), 'unknown') from apps
    union
    select app_id, 'risk_band', risk_band from apps
    union
    select a.app_id, q.field, q.value
    from apps as a
    inner join asked as q on q.field = 'trait' and contains(a.traits, ' ' || q.value || ' ')
    union
    select a.app_id, 'tag', coalesce(t.tag, 'none')
    from apps as a
    left join day_tags as t on a.app_id = t.app_id
    union
    select f.app_id, q.field, q.value
    from catalog_facts as f
    inner join asked as q
        on q.field = 'factor:' || f.factor and contains('+' || lower(f.value) || '+', '+' || q.value || '+')
    union
    select a.app_id, q.field, 'unknown'
    from apps as a
    inner join asked as q on starts_with(q.field, 'factor:') and q.value = 'unknown'
    where not exists (select 1 from catalog_facts as f where a.app_id = f.app_id and q.field = 'factor:' || f.factor)
    union
    select app_id, 'has', factor
    from catalog_facts
    where lower(value) not in ('no', 'none')
),

app_matches as (
    select
        f.policy,
        f.filter_no,
        f.rule,
        a.app_id,
        count(distinct f.row_no) as words,
        count(distinct case when m.app_id is not null then f.row_no end) as matched
    from policy_filters as f
    cross join apps as a
    left join attributes as m on a.app_id = m.app_id and f.field = m.field and f.value = m.value
    where f.scope = 'app'
    group by f.policy, f.filter_no, f.rule, a.app_id
),

app_passes as (
    select policy, app_id, count(*) as passed
    from app_matches
    where
        (rule = 'any' and matched > 0)
        or (rule = 'none' and matched = 0)
        or (rule = 'lacks' and matched < words)
    group by policy, app_id
),

-- sums without filters are never smaller than those with them: most apps end here, before their rows are read
eligible as (
    select p.policy, a.app_id
    from policies as p
    cross join apps as a
    inner join used as u on a.app_id = u.app_id
    left join app_passes as g on p.policy = g.policy and a.app_id = g.app_id
    where
        coalesce(g.passed, 0) = p.filters
        and (p.score_from is null or a.risk_score >= p.score_from)
        and (p.score_below is null or a.risk_score < p.score_below)
        and (p.over_transactions is null or u.transactions > p.over_transactions)
        and (p.over_total_bytes is null or u.total_bytes > p.over_total_bytes)
        and (p.over_uploaded_bytes is null or u.uploaded_bytes > p.over_uploaded_bytes)
        and (p.over_downloaded_bytes is null or u.downloaded_bytes > p.over_downloaded_bytes)
),

usage as (
    select
        e.policy,
        f.day,
        f.source,
        f.source_kind,
        f.device_key,
        f.user_key,
        f.src_ip,
        f.host,
        f.app_id,
        f.transactions,
        f.blocked_transactions,
        f.failed_transactions,
        f.unknown_bytes_transactions,
        f.uploaded_bytes,
        f.downloaded_bytes,
        f.total_bytes,
        f.first_at,
        f.last_at
    from fct_usage_daily as f
    inner join eligible as e on f.app_id = e.app_id
),

-- what a filter leaves out: sources, users and addresses of the day, each of them once
sources_out as (
    select u.policy, u.source, u.source_kind
    from (select distinct policy, source, source_kind from usage) as u
    inner join policy_filters as f on u.policy = f.policy and f.scope = 'source'
    group by u.policy, u.source, u.source_kind, f.filter_no, f.rule
    having
        (count(case
            when (f.field = 'source' and f.value = lower(u.source)) or (f.field = 'source_kind' and f.value = u.source_kind) then 1
        end) > 0) <> (f.rule = 'any')
),

users_out as (
    select u.policy, u.user_key
    from (select distinct policy, user_key from usage) as u
    inner join policy_filters as f on u.policy = f.policy and f.scope = 'user'
    group by u.policy, u.user_key, f.filter_no, f.rule
    having (count(case when f.value = u.user_key then 1 end) > 0) <> (f.rule = 'any')
),

addresses_out as (
    select u.policy, u.src_ip
    from (
        select policy, src_ip, case when src_ip is not null then address_key(src_ip) end as address_key
        from usage
        group by policy, src_ip
    ) as u
    inner join policy_filters as f on u.policy = f.policy and f.scope = 'ip'
    group by u.policy, u.src_ip, f.filter_no, f.rule
    having
        (count(case when u.address_key >= f.first_key and u.address_key <= f.last_key then 1 end) > 0) <> (f.rule = 'any')
),

kept as (
    select u.*
    from usage as u
    where
        not exists (
            select 1 from sources_out as x where u.policy = x.policy and u.source = x.source and u.source_kind = x.source_kind
        )
        and not exists (select 1 from users_out as x where u.policy = x.policy and u.user_key is not distinct from x.user_key)
        and not exists (select 1 from addresses_out as x where u.policy = x.policy and u.src_ip is not distinct from x.src_ip)
),

summed as (
    select
        day,
        policy,
        app_id,
        string_agg(distinct source, '/' order by source) as source,
        string_agg(distinct source_kind, ' ' order by source_kind) as source_kind,
        count(distinct user_key) as users,
        count(distinct device_key) as devices,
        count(distinct src_ip) as ip_addresses,
        cast(sum(transactions) as bigint) as transactions,
        cast(sum(blocked_transactions) as bigint) as blocked_transactions,
        cast(sum(failed_transactions) as bigint) as failed_transactions,
        cast(sum(unknown_bytes_transactions) as bigint) as unknown_bytes_transactions,
        cast(sum(uploaded_bytes) as bigint) as uploaded_bytes,
        cast(sum(downloaded_bytes) as bigint) as downloaded_bytes,
        cast(sum(total_bytes) as bigint) as total_bytes,
        min(first_at) as first_at,
        max(last_at) as last_at
    from kept
    group by day, policy, app_id
),

by_host as (
    select policy, app_id, host, cast(sum(transactions) as bigint) as transactions
    from kept
    group by policy, app_id, host
),

ranked as (
    select *, row_number() over (partition by policy, app_id order by transactions desc, host) as host_no
    from by_host
),

hosts as (
    select policy, app_id, string_agg(host, ' ' order by host_no) as hosts
    from ranked
    where host_no <= 5
    group by policy, app_id
),

breaches as (
    select app_id, max(value) as latest_breach
    from catalog_facts
    where factor = 'breach'
    group by app_id
)

select s.*, h.hosts, b.latest_breach
from summed as s
inner join policies as p on s.policy = p.policy
inner join hosts as h on s.policy = h.policy and s.app_id = h.app_id
left join breaches as b on s.app_id = b.app_id
where
    (p.since is null or s.day >= p.since)
    and (p.over_transactions is null or s.transactions > p.over_transactions)
    and (p.over_total_bytes is null or s.total_bytes > p.over_total_bytes)
    and (p.over_uploaded_bytes is null or s.uploaded_bytes > p.over_uploaded_bytes)
    and (p.over_downloaded_bytes is null or s.downloaded_bytes > p.over_downloaded_bytes)
    and (p.over_users is null or s.users > p.over_users)
    and (p.over_devices is null or s.devices > p.over_devices)
    and (p.over_ip_addresses is null or s.ip_addresses > p.over_ip_addresses)
    -- a date of a breach may be a year or a month only: it is compared as far as it goes
    and (
        p.breached_within_months is null
        or b.latest_breach >= substr(
            cast(cast(s.day - p.breached_within_months * interval '1' month as date) as varchar), 1, length(b.latest_breach)
        )
    )
