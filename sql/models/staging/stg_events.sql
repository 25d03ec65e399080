-- stg_events: the events of a day that count, with the keys that devices, users and destinations are known by
-- grain:   one row per upload_id, record_no
-- reads:   stg_counted, stg_names
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null where the source cannot know
-- adds up: transactions, *_bytes
-- caveat:  what counts: stg_counted; how keys come about: stg_names

select e.*, n.device_key, n.user_key
from stg_counted as e
inner join stg_names as n
    on
        e.device_name is not distinct from n.device_name
        and e.device_id is not distinct from n.device_id
        and e.user_name is not distinct from n.user_name
