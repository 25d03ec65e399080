-- facts_have_keys: a fact has a day, a source, a host and an app, and no negative number
-- severity: fail
-- reads:   fct_usage_daily

select day, source, host, app_id, transactions
from fct_usage_daily
where
    day is null
    or source is null
    or host is null
    or app_id is null
    or transactions < 1
    or blocked_transactions < 0
    or uploaded_bytes < 0
    or downloaded_bytes < 0
    or total_bytes < 0
