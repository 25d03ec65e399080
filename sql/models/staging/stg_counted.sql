-- stg_counted: the events of a day that count: once each
-- grain:   one row per upload_id, record_no
-- reads:   events, superseded
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null where the source cannot know
-- adds up: transactions, *_bytes
-- caveat:  an event with a key of its own counts once, whichever uploads and sources hold it: the first by source, upload and
--          record. A line that a later upload read again in full does not count.

with twice as (
    -- the hash of a key is small, and says which keys need a closer look
    select hash(event_key) as key_hash
    from events
    where event_key is not null
    group by hash(event_key)
    having count(*) > 1
),

copies as (
    select
        e.upload_id,
        e.record_no,
        row_number() over (partition by e.event_key order by e.source, e.upload_id, e.record_no) as copy_no
    from events as e
    where
        e.event_key is not null
        and hash(e.event_key) in (select key_hash from twice)
        and not exists (select 1 from superseded as x where e.upload_id = x.upload_id and e.record_no = x.record_no)
),

left_out as (
    select upload_id, record_no from superseded
    union all
    select upload_id, record_no from copies where copy_no > 1
)

select cast(e.event_at as date) as day, e.*, coalesce(e.dst_host, e.dst_ip, 'app:' || lower(e.app_hint)) as host
from events as e
where not exists (select 1 from left_out as x where e.upload_id = x.upload_id and e.record_no = x.record_no)
