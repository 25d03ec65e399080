-- stg_events: the events of a day that count, with the keys that devices, users and destinations are known by
-- grain:   one row per transaction record
-- reads:   events, superseded, user_domains
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null where the source cannot know
-- adds up: transactions, *_bytes
-- caveat:  an event with a key of its own counts once, whichever uploads and sources hold it: the first by source, upload and record

with keyed as (
    select *, row_number() over (partition by event_key order by source, upload_id, record_no) as copy_no
    from events
    where event_key is not null
),

counted as (
    select * from events where event_key is null
    union all
    select * exclude (copy_no) from keyed where copy_no = 1
)

select
    cast(e.event_at as date) as day,
    e.*,
    lower(coalesce(nullif(split_part(e.device_name, '.', 1), ''), e.device_id)) as device_key,
    case
        -- accounts of the machine are not people
        when lower(split_part(e.user_name, '\', -1)) in ('system', 'network service', 'local service', 'root') then null
        when ends_with(e.user_name, '$') then null
        when contains(e.user_name, '@') and lower(split_part(e.user_name, '@', 2)) in (select domain from user_domains)
            then lower(split_part(split_part(e.user_name, '@', 1), '\', -1))
        else lower(split_part(e.user_name, '\', -1))
    end as user_key,
    coalesce(e.dst_host, e.dst_ip, 'app:' || lower(e.app_hint)) as host
from counted as e
where not exists (select 1 from superseded as x where e.upload_id = x.upload_id and e.record_no = x.record_no)
