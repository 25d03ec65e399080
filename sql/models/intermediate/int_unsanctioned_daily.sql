-- int_unsanctioned_daily: every attempt to reach an app that was unsanctioned at that time, and whether it was stopped
-- grain:   one row per day, upload_id, record_no
-- reads:   stg_placed, int_usage_daily, int_hosts_daily, int_exclusions_daily, tags
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null where the source cannot know; *_at are UTC
-- adds up: transactions, *_bytes
-- caveat:  a blocked site may still log a connection that succeeded, since the verdict comes after the TCP handshake. So a connection of
--          at most 16,384 bytes, or of unknown size, counts as stopped (is_proven) when a block of the same host is logged within 60
--          seconds for the same device, or, where one of the two records names no device, for the same address. A proxy's own records
--          speak for themselves: what it let through after a denial went through. A record without user belongs to the only
--          user of its device and app that day. A record that names no device belongs to the device that its user had at the
--          same address that day, if that is one device

with hosts as (
    select host, app_hint, app_path, app_id from int_hosts_daily where app_id in (select app_id from tags)
),

names as (
    select distinct device_name, device_id, user_name, device_key, user_key from int_usage_daily
),

attempts as (
    select
        e.day,
        e.upload_id,
        e.record_no,
        e.event_at,
        e.source,
        e.source_kind,
        n.device_key,
        n.user_key,
        e.src_ip,
        e.host,
        h.app_id,
        e.action,
        e.transactions,
        e.uploaded_bytes,
        e.downloaded_bytes,
        e.total_bytes,
        t.since as tagged_at,
        t.enforced_at,
        t.note
    from stg_placed as e
    inner join hosts as h
        on
            e.host = h.host
            and lower(e.app_hint) is not distinct from h.app_hint
            and e.app_path is not distinct from h.app_path
    inner join tags as t on h.app_id = t.app_id and e.event_at >= t.since and (t.until is null or e.event_at < t.until)
    inner join names as n
        on
            e.device_name is not distinct from n.device_name
            and e.device_id is not distinct from n.device_id
            and e.user_name is not distinct from n.user_name
    where not exists (
        select 1
        from int_exclusions_daily as x
        where
            n.device_key is not distinct from x.device_key
            and n.user_key is not distinct from x.user_key
            and e.src_ip is not distinct from x.src_ip
    )
),

-- a block speaks for the minute it is in and for those beside it; what is further than 60 seconds away is left out below
blocks as (
    select distinct
        a.host,
        a.source,
        a.device_key,
        a.src_ip,
        a.event_at,
        cast(floor(epoch(a.event_at) / 60) as bigint) + s.shift as minute_no
    from attempts as a
    cross join (select -1 as shift union all select 0 as shift union all select 1 as shift) as s
    where a.action = 'blocked'
),

doubtful as (
    select *, cast(floor(epoch(event_at) / 60) as bigint) as minute_no
    from attempts
    where action in ('allowed', 'unknown') and coalesce(total_bytes, 0) <= 16384
),

proven as (
    select d.upload_id, d.record_no
    from doubtful as d
    inner join blocks as b on d.host = b.host and d.minute_no = b.minute_no and d.device_key = b.device_key
    where
        abs(epoch(d.event_at) - epoch(b.event_at)) <= 60
        and (d.source_kind = 'endpoint' or d.source <> b.source)
    union
    select d.upload_id, d.record_no
    from doubtful as d
    inner join blocks as b on d.host = b.host and d.minute_no = b.minute_no and d.src_ip = b.src_ip
    where
        abs(epoch(d.event_at) - epoch(b.event_at)) <= 60
        and (d.source_kind = 'endpoint' or d.source <> b.source)
        and (d.device_key is null or b.device_key is null)
),

-- first whose it is, then from where: a user found by the device helps to find the device of records that name the user only
owned as (
    select
        *,
        case
            when user_key is not null then user_key
            when min(user_key) over (partition by coalesce(device_key, src_ip), app_id)
                = max(user_key) over (partition by coalesce(device_key, src_ip), app_id)
                then min(user_key) over (partition by coalesce(device_key, src_ip), app_id)
        end as owner_key
    from attempts
),

placed as (
    select
        *,
        case
            when device_key is not null then device_key
            when owner_key is null or src_ip is null then null
            when min(device_key) over (partition by src_ip, owner_key) = max(device_key) over (partition by src_ip, owner_key)
                then min(device_key) over (partition by src_ip, owner_key)
        end as place_key
    from owned
)

select
    a.day,
    a.upload_id,
    a.record_no,
    a.event_at,
    a.source,
    a.source_kind,
    a.place_key as device_key,
    a.owner_key as user_key,
    a.src_ip,
    a.host,
    a.app_id,
    a.action,
    p.upload_id is not null as is_proven,
    -- a connection that failed reached nothing, and a page that warns is not the site: who goes on is logged again
    a.action in ('blocked', 'failed', 'warned') or p.upload_id is not null as is_stopped,
    a.transactions,
    a.uploaded_bytes,
    a.downloaded_bytes,
    a.total_bytes,
    a.tagged_at,
    a.enforced_at,
    a.note
from placed as a
left join proven as p on a.upload_id = p.upload_id and a.record_no = p.record_no
