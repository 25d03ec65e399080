-- Macros that a format's expressions may use. Vectorised string functions instead of regular expressions where a
-- fast one exists: the macros run on every record. zone_() and received_() are set for each file before parsing.

-- texts

-- No placeholder is longer than 13 bytes; asked first, the length spares long texts and nulls, which cost most, the comparisons.
create or replace macro known(x) as case when strlen(x) <= 13 then case when x in ('-', '', '--', 'N/A', 'n/a', 'NA', 'none', 'None', 'NONE', 'null', 'Null', 'NULL', '(null)',
    '<null>', 'nil', 'unknown', 'Unknown', 'UNKNOWN', 'undefined', 'Undefined', 'Not Available', 'not available', 'not-available', '(empty)',
    '"-"', '""') then null else x end else x end;
create or replace macro at_least(x, low) as case when x >= low then x end;
create or replace macro within(x, low, high) as case when x between low and high then x end;
create or replace macro whole(x) as try_cast(x as bigint);
create or replace macro ms_of_seconds(x) as try_cast(round(try_cast(x as decimal(20, 6)) * 1000) as bigint);
-- 'H:MM:SS' (any number of hours)
create or replace macro clock_ms(x) as try_cast(split_part(x, ':', 1) as bigint) * 3600000 + try_cast(split_part(x, ':', 2) as bigint) * 60000
    + try_cast(split_part(x, ':', 3) as bigint) * 1000;
create or replace macro json_text(x, path) as case when json_valid(x) then json_extract_string(x, path) end;
create or replace macro unquoted(x) as case when length(x) >= 2 and starts_with(x, '"') and ends_with(x, '"') then x[2:-2] else x end;
-- The engine's own function fails on what is not UTF-8; then the text stays as it was logged.
create or replace macro url_decode(x) as case when contains(x, '%') then coalesce(try(system.main.url_decode(x)), x) else x end;
-- 'DOM\user' as logged, LDAP://… to its last part is left to formats.

-- values whose escapes were found but left in place: of CEF and LEEF, of quoted pairs, of structured data (RFC 5424), of CSV
create or replace macro without_pipe_escapes(x) as case when contains(x, '\')
    then replace(replace(replace(replace(x, '\\', chr(28)), '\=', '='), '\|', '|'), chr(28), '\') else x end;
create or replace macro without_quote_escapes(x) as case when contains(x, '\')
    then replace(replace(replace(x, '\\', chr(28)), '\"', '"'), chr(28), '\') else x end;
create or replace macro without_structured_escapes(x) as without_quote_escapes(case when contains(x, '\]')
    then replace(replace(replace(x, '\\', chr(28)), '\]', ']'), chr(28), '\\') else x end);
create or replace macro without_doubled_quotes(x) as case when contains(x, '""') then replace(x, '""', '"') else x end;

-- addresses

-- a name whose last label is a number is an IPv4 address or nothing (WHATWG URL Standard, host parsing); most names begin with
-- a letter, and need no regular expression
create or replace macro is_ip(x) as case
    when contains(x, ':') then regexp_full_match(x, '[0-9A-Fa-f:.]+(%.*)?') and split_part(x, ':', 3) || split_part(x, ':', 2) <> ''
    when x >= ':' then false
    else regexp_full_match(x, '[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}') end;
create or replace macro bare_ip(x) as case when starts_with(x, '[') then replace(replace(lower(trim(x)), '[', ''), ']', '') else lower(trim(x)) end;
create or replace macro ip(x) as case when is_ip(x) then lower(x) when starts_with(x, '[') and is_ip(bare_ip(x)) then bare_ip(x) end;
-- Addresses inside an organisation, or on the machine or the link itself (RFC 1918, 6598, 3927, 4193, 4291). Only to tell
-- a record's direction: whether traffic is internal is the models' matter.
create or replace macro private_ip(x) as case
    when starts_with(x, '10.') or starts_with(x, '192.168.') or starts_with(x, '127.') or starts_with(x, '169.254.') then true
    when starts_with(x, '172.') then try_cast(split_part(x, '.', 2) as utinyint) between 16 and 31
    when starts_with(x, '100.') then try_cast(split_part(x, '.', 2) as utinyint) between 64 and 127
    when contains(x, ':') then x = '::1' or lower(left(x, 3)) between 'fc0' and 'fdf' or lower(left(x, 3)) between 'fe8' and 'feb'
    else false end;
create or replace macro public_ip(x) as is_ip(x) and not private_ip(x) and x <> '0.0.0.0' and x <> '::';
-- a public client asks a private server
create or replace macro inbound(client, server) as private_ip(server) and public_ip(client);
-- a host as logged: lower case, without brackets, zone index and final dot
create or replace macro plain_host(x) as case when contains(x, ':') or ends_with(x, '.') then rtrim(split_part(bare_ip(x), '%', 1), '.') else lower(x) end;

-- Why a host can be none: the first character that no host has. Letters of any script stay, digits, and - . _ * + ~, which occur.
-- url_encode is a plain loop that leaves nearly every host as it is: only the few others meet the regular expression.
create or replace macro wrong_in_host(x) as nullif(regexp_extract(x, '[\x00-\x20!-),/:-@\[-^`{-}\x7f]'), '');
create or replace macro host_flaw(x) as case when url_encode(x) <> x then
    case when wrong_in_host(x) between ' ' and '}' then 'found the character ''' || wrong_in_host(x) || ''' in the host; expected a name or an address'
        when wrong_in_host(x) is not null then 'found a control character in the host; expected a name or an address' end end;

-- URLs: 'scheme://user@host:port/path?query', 'host:port' (CONNECT), 'host/path', '[v6]:port'. In steps, each a column
-- of its own (see statement.py, `url`): nested into one expression the steps would be computed many times over.

-- the first slash of all belongs to '://': what stands before is a scheme
create or replace macro url_rest(u) as case
    when strpos(u, '://') between 2 and 24 and strpos(u, '/') = strpos(u, '://') + 1 then substr(u, strpos(u, '://') + 3)
    when starts_with(u, '//') then substr(u, 3)
    else u end;
create or replace macro after_userinfo(a) as case when contains(a, '@') then split_part(a, '@', -1) else a end;
-- most URLs have neither userinfo nor a query right behind the host: one look spares three passes
create or replace macro until_query(a) as case when contains(a, '?') or contains(a, '#') then split_part(split_part(a, '?', 1), '#', 1) else a end;
create or replace macro authority_of_rest(r) as after_userinfo(until_query(split_part(r, '/', 1)));
create or replace macro path_only(p) as nullif(until_query(p), '');
create or replace macro path_of_rest(r) as case
    when not contains(r, '/') then null
    when contains(r, '?') or contains(r, '#') then case when contains(split_part(r, '?', 1), '/') then path_only(substr(r, strpos(r, '/'))) end
    else substr(r, strpos(r, '/')) end;
create or replace macro host_of_authority(a) as case
    when not contains(a, ':') then a
    when starts_with(a, '[') then split_part(substr(a, 2), ']', 1)
    when split_part(a, ':', 3) <> '' then a
    else split_part(a, ':', 1) end;
create or replace macro port_of_authority(a) as case
    when not contains(a, ':') then null
    when starts_with(a, '[') then try_cast(nullif(split_part(a, ']:', 2), '') as integer)
    when split_part(a, ':', 3) = '' then try_cast(split_part(a, ':', 2) as integer) end;
create or replace macro port_of_scheme(u) as case
    when u is null then null
    when starts_with(u, 'http://') or starts_with(u, 'ws://') then 80
    when starts_with(u, 'https://') or starts_with(u, 'wss://') then 443
    when starts_with(u, 'ftp://') then 21
    when contains(u, '://') then case lower(split_part(u, '://', 1)) when 'https' then 443 when 'wss' then 443 when 'http' then 80 when 'ws' then 80 when 'ftp' then 21 end end;
-- for fields that hold one piece only; the authority is computed once, not at each of its many places
create or replace macro url_host(u) as list_transform([authority_of_rest(url_rest(u))], lambda a: host_of_authority(a))[1];
create or replace macro url_path(u) as path_of_rest(url_rest(u));

-- times: every macro ends in a UTC timestamp without zone, or null when the text is not such a time

create or replace macro local_time(t) as (t at time zone zone_()) at time zone 'UTC';
create or replace macro epoch_decimal(x) as try(make_timestamp(try_cast(round(try_cast(x as decimal(22, 9)) * 1000000) as bigint)));
-- '1763600000.277' without a detour over decimals, then any other number of digits
create or replace macro epoch_seconds(x) as case
    when strlen(x) = 14 and x[11] = '.' then make_timestamp_ms(try_cast(replace(x, '.', '') as bigint))
    else epoch_decimal(x) end;
create or replace macro epoch_milliseconds(x) as try(make_timestamp(try_cast(try_cast(x as decimal(22, 6)) * 1000 as bigint)));
-- seconds, milliseconds, microseconds or nanoseconds, told by the number of digits
create or replace macro epoch_any(x) as case length(split_part(x, '.', 1))
    when 13 then epoch_milliseconds(x)
    when 16 then try(make_timestamp(try_cast(x as bigint)))
    when 19 then try(make_timestamp(try_cast(x as bigint) // 1000))
    else epoch_seconds(x) end;
-- ISO 8601; a time without zone is in the source's zone
create or replace macro iso_time(x) as case
    when ends_with(x, 'Z') then try_cast(left(x, length(x) - 1) as timestamp)
    when regexp_matches(x, '(z|[+-]\d\d:?\d\d| UTC| GMT)$') then
        try_cast(regexp_replace(regexp_replace(x, '(z| UTC| GMT)$', 'Z'), '([+-]\d\d)(\d\d)$', '\1:\2') as timestamptz) at time zone 'UTC'
    else local_time(try_cast(x as timestamp)) end;
-- a strptime pattern without zone: local to the source
create or replace macro local_strptime(x, pattern) as local_time(try_strptime(x, pattern));
-- a strptime pattern with %z
create or replace macro zoned_strptime(x, pattern) as try_strptime(x, pattern) at time zone 'UTC';
-- a date and a time of day in UTC, '2026-11-20' and '10:11:12' or '10:11:12.123'
create or replace macro date_time(d, t) as case
    when strlen(d) = 10 and strlen(t) = 8 then try_cast(d || ' ' || t as timestamp)
    else try_strptime(d || ' ' || t, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f']) end;
-- 10/Oct/2000:13:55:36 -0700
create or replace macro clf_time(x) as case
    when contains(x, ' ') then try_strptime(x, '%d/%b/%Y:%H:%M:%S %z') at time zone 'UTC'
    else local_time(try_strptime(x, '%d/%b/%Y:%H:%M:%S')) end;
-- 'Oct  9 22:33:20' as syslog (RFC 3164) writes it, of a given year
create or replace macro syslog_of_year(x, y) as local_time(try_strptime(y::varchar || ' ' || x, ['%Y %b %d %H:%M:%S', '%Y %b %d %H:%M:%S.%f']));
-- 'Nov 20 2026 10:11:12.123 GMT', '… +0100', or without a zone, then local to the source
create or replace macro english_time(x) as try_strptime(x, ['%b %d %Y %H:%M:%S', '%b %d %Y %H:%M:%S.%f']);
create or replace macro named_time(x) as case
    when right(x, 4) in (' GMT', ' UTC') then english_time(left(x, length(x) - 4))
    when right(x, 5) between '+0000' and '+1500' or right(x, 5) between '-0000' and '-1500'
        then try_strptime(x, ['%b %d %Y %H:%M:%S %z', '%b %d %Y %H:%M:%S.%f %z']) at time zone 'UTC'
    else local_time(english_time(x)) end;
-- the year that syslog leaves out is the latest one that does not lie after the receipt; ISO and English times with a year go too
create or replace macro syslog_time(x) as case
    when x is null then null
    when x < ':' then iso_time(x)
    when strlen(split_part(replace(x, '  ', ' '), ' ', 3)) = 4 then named_time(replace(x, '  ', ' '))
    when syslog_of_year(replace(x, '  ', ' '), year(received_())) <= received_() + interval 2 day
        then syslog_of_year(replace(x, '  ', ' '), year(received_()))
    else syslog_of_year(replace(x, '  ', ' '), year(received_()) - 1) end;
-- times as CEF and LEEF allow them: since 1970, ISO 8601, English with or without year and zone
create or replace macro cef_time(x) as case
    when x > ':' then case when strlen(split_part(replace(x, '  ', ' '), ' ', 3)) = 4 then named_time(x) else syslog_time(x) end
    when contains(x, '-') then iso_time(x)
    else epoch_any(x) end;
