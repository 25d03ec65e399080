-- int_uploads_daily: the uploads that a day's other models are built from, fixed when the day's build begins
-- grain:   one row per day, upload_id
-- reads:   arrivals
-- kept:    day
-- units:   none
-- adds up: nothing (an upload may touch several days)
-- caveat:  an upload that arrives while the day is being built is not here; it makes the day stale for the next build

select day, source, upload_id from arrivals
