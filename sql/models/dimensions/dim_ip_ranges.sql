-- dim_ip_ranges: the address ranges that the organisation has named
-- grain:   one row per cidr
-- reads:   ip_ranges
-- kept:    whole
-- units:   first_key and last_key are addresses as 32 hexadecimal digits, IPv4 as ::ffff:a.b.c.d
-- adds up: nothing
-- caveat:  no two ranges overlap

select cidr, name, category, tags, first_key, last_key from ip_ranges
