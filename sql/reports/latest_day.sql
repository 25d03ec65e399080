-- latest_day: the latest day with data.
-- grain:  one row
-- reads:  fct_coverage_daily
-- units:  UTC days; null when nothing was published yet
-- params: none
select max(day) as latest_day, min(day) as earliest_day, count(distinct day) as days_with_data
from fct_coverage_daily
