-- no_chunk_is_missing: the sequence numbers of endpoint chunks have no gap; the device should send again what is missing
-- severity: warn
-- reads:   fct_coverage_daily

select day, source, missing_chunks from fct_coverage_daily where missing_chunks > 0
