-- fct_policy_matches: what policies matched: an app once per policy and period, over all sources
-- grain:   one row per policy, app_id, day
-- reads:   int_policy_matches
-- kept:    whole
-- units:   *_bytes are bytes as the client saw them; null when no transaction's bytes are known; *_at are UTC
-- adds up: within a policy: transactions, *_transactions, *_bytes of the days shown. Not users, devices or ip_addresses
-- caveat:  a match beyond the daily cap is here with acts = false; held_back says how many there are on that day

select * from int_policy_matches
