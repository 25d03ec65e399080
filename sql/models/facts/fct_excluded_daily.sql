-- fct_excluded_daily: how much each exclusion leaves out of facts and reports
-- grain:   one row per day, source, exclusion
-- reads:   int_usage_daily, int_exclusions_daily
-- kept:    day
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known
-- adds up: events, transactions, *_bytes
-- caveat:  an event that several exclusions name is counted under the one that the configuration names first

select
    u.day,
    u.source,
    x.exclusion,
    max(x.comment) as comment,
    cast(sum(u.events) as bigint) as events,
    cast(sum(u.transactions) as bigint) as transactions,
    cast(sum(u.uploaded_bytes) as bigint) as uploaded_bytes,
    cast(sum(u.downloaded_bytes) as bigint) as downloaded_bytes,
    cast(sum(u.total_bytes) as bigint) as total_bytes
from int_usage_daily as u
inner join int_exclusions_daily as x
    on
        u.device_key is not distinct from x.device_key
        and u.user_key is not distinct from x.user_key
        and u.src_ip is not distinct from x.src_ip
group by u.day, u.source, x.exclusion
