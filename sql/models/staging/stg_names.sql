-- stg_names: the keys that the names of devices and users in a day's events stand for
-- grain:   one row per device_name, device_id, user_name
-- reads:   events, user_domains
-- kept:    view
-- units:   none
-- adds up: nothing
-- caveat:  a device is known by the first label of its name, so that a short and a full name are one device; a device without a
--          name by its id. A user is known by the account, without a domain before a backslash and without the organisation's own
--          domains behind an @. Accounts of the machine itself are not users

with names as (
    select distinct device_name, device_id, user_name from events
),

split as (
    select
        *,
        -- a device named by its address has no labels
        case
            when translate(device_name, '0123456789.', '') = '' then nullif(device_name, '')
            else coalesce(nullif(split_part(device_name, '.', 1), ''), device_name)
        end as device_label,
        lower(split_part(user_name, '\', -1)) as account
    from names
)

select
    device_name,
    device_id,
    user_name,
    lower(coalesce(device_label, device_id)) as device_key,
    case
        when account in ('', 'system', 'network service', 'local service', 'root') or ends_with(account, '$') then null
        when split_part(account, '@', 2) in (select domain from user_domains) then nullif(split_part(account, '@', 1), '')
        else account
    end as user_key
from split
