-- stg_placed: the events of a day that count, with the part of their host that is an app of its own
-- grain:   one row per upload_id, record_no
-- reads:   events, stg_counted, catalog_paths
-- kept:    view
-- units:   *_bytes are bytes as the client saw them; null where the source cannot know
-- adds up: transactions, *_bytes
-- caveat:  app_path is what the catalog knows as an app of its own (google.com/maps), on the host itself or one label below; null for
--          the other hosts. No two parts hold one event. Which hosts have such parts is asked once for each host, not for each event

with asked as (
    select distinct dst_host from events where url_path is not null
),

own as (
    select a.dst_host, p.domain || p.path_prefix as app_path, p.path_prefix || '/' as beginning
    from asked as a
    inner join catalog_paths as p on a.dst_host = p.domain
),

above as (
    select a.dst_host, p.domain || p.path_prefix as app_path, p.path_prefix || '/' as beginning
    from asked as a
    inner join catalog_paths as p on substr(a.dst_host, strpos(a.dst_host, '.') + 1) = p.domain
)

select e.*, coalesce(o.app_path, a.app_path) as app_path
from stg_counted as e
left join own as o on e.dst_host = o.dst_host and starts_with(e.url_path || '/', o.beginning)
left join above as a on e.dst_host = a.dst_host and starts_with(e.url_path || '/', a.beginning)
