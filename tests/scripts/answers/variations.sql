# !open
# Answers that PostgreSQL 18 gives: variations.sql in tests/sql/statements.

CREATE TABLE v (id int PRIMARY KEY, k int, n numeric(8,2), s text, d date, ts timestamp, tz timestamptz, iv interval, f float8, r real, b bool, i2 smallint, i8 bigint, u uuid, x bytea);
INSERT INTO v VALUES (1, 1, 1.50, 'abc', '2024-01-31', '2024-01-31 10:20:30.5', '2024-01-31 10:20:30.5+00', '1 day 02:00', 1.5, 0.1, true, 3, 9000000000, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x0102'), (2, 1, 2.25, 'Abd', '2024-02-29', '2024-02-29', '2024-03-10 12:00+00', '1 month', -2, 2.5, false, -3, -5, NULL, '\x'), (3, 2, NULL, '', '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59+00', '-3 hours', 0, 1e10, NULL, 0, 0, NULL, NULL), (4, NULL, 100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (5, 3, -7, 'z%_', '0044-03-15 BC', '2024-12-31 12:00', '2024-11-03 05:30+00', '1 year -2 days', 'NaN', 'Infinity', true, 32767, 9223372036854775807, NULL, '\xff');
SELECT tz AT TIME ZONE 'America/New_York', ts AT TIME ZONE 'Europe/Berlin', tz AT TIME ZONE '+03', ts AT TIME ZONE '-05:30', tz AT TIME ZONE interval '2 hours', d AT TIME ZONE 'UTC' FROM (SELECT * FROM v) q ORDER BY id;
SELECT date_trunc('month', ts), date_trunc('week', d), date_trunc('quarter', tz), date_trunc('day', tz, 'America/New_York'), date_trunc('hour', iv), extract(dow FROM d), extract(isodow FROM ts), extract(week FROM d), extract(century FROM d), extract(epoch FROM iv), extract(year FROM iv), date_part('hour', ts), extract(isoyear FROM d), extract(decade FROM d), extract(millennium FROM d), extract(doy FROM d), extract(quarter FROM d), extract(microseconds FROM ts), extract(timezone FROM tz) FROM (SELECT * FROM v) q ORDER BY id;
SELECT d + 1, d - 1, d - date '2024-01-01', ts - timestamp '2024-01-01', ts + iv, d + time '10:00', tz - interval '1 day', iv * 2, iv / 2, iv + iv, -iv, ts::date, ts::time, tz::date, d::timestamp, d::timestamptz FROM (SELECT * FROM v) q ORDER BY id;
SELECT age(ts, timestamp '2023-03-15'), age(timestamp '2024-03-31', ts), justify_days(iv), justify_hours(iv), justify_interval(iv), iv::text, make_date(2024, 2, 29), isfinite(d) FROM (SELECT * FROM v) q ORDER BY id;
SELECT to_char(ts, 'YYYY-MM-DD HH24:MI:SS.US'), to_char(d, 'Day, DD Mon YYYY'), to_char(tz, 'HH12:MI PM TZ'), to_char(n, 'FM999,990.00'), to_char(n, '9999.9'), to_char(k, '000'), to_char(f, '9.99'), to_char(i8, '9,999,999,999,999,999,999'), to_char(n, 'S99.9'), to_char(n, '99MI'), to_char(n, '99PR'), to_char(iv, 'HH24:MI') FROM (SELECT * FROM v WHERE id < 3) q ORDER BY id;
SELECT s LIKE 'a%', s ILIKE 'A%', s LIKE '%\%%', s ~ '^[a-z]+$', s ~* 'B', s SIMILAR TO '(a|A)b_', s LIKE 'z!%%' ESCAPE '!', regexp_replace(s, '[bc]', 'X', 'g'), regexp_replace(s, '(.)(.)', '\2\1'), substring(s FROM 2 FOR 1), substring(s FROM '[bd]+'), position('b' IN s), overlay(s PLACING 'ZZ' FROM 2), split_part(s, 'b', 2), strpos(s, 'c'), left(s, -1), right(s, 2), lpad(s, 5, 'xy'), reverse(s), translate(s, 'ab', 'x'), initcap(s), ascii(s), md5(s), length(s), s || k, concat(s, n, NULL, d) FROM (SELECT * FROM v) q ORDER BY id;
---
CREATE TABLE
INSERT 0 5
timezone|timezone|timezone|timezone|timezone|timezone
2024-01-31 05:20:30.5|2024-01-31 09:20:30.5+00|2024-01-31 07:20:30.5|2024-01-31 04:50:30.5+00|2024-01-31 12:20:30.5|2024-01-31 00:00:00
2024-03-10 08:00:00|2024-02-28 23:00:00+00|2024-03-10 09:00:00|2024-02-28 18:30:00+00|2024-03-10 14:00:00|2024-02-29 00:00:00
1999-12-31 18:59:59|1999-12-31 22:59:59.999999+00|1999-12-31 20:59:59|1999-12-31 18:29:59.999999+00|2000-01-01 01:59:59|1999-12-31 00:00:00
NULL|NULL|NULL|NULL|NULL|NULL
2024-11-03 01:30:00|2024-12-31 11:00:00+00|2024-11-03 02:30:00|2024-12-31 06:30:00+00|2024-11-03 07:30:00|0044-03-15 00:00:00 BC
SELECT 5
date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|extract|extract|extract|extract|extract|extract|date_part|extract|extract|extract|extract|extract|extract|extract
2024-01-01 00:00:00|2024-01-29 00:00:00+00|2024-01-01 00:00:00+00|2024-01-31 05:00:00+00|1 day 02:00:00|3|3|5|21|93600.000000|0|10|2024|202|3|31|1|30500000|0
2024-02-01 00:00:00|2024-02-26 00:00:00+00|2024-01-01 00:00:00+00|2024-03-10 05:00:00+00|1 mon|4|4|9|21|2592000.000000|0|0|2024|202|3|60|1|0|0
1999-12-01 00:00:00|1999-12-27 00:00:00+00|1999-10-01 00:00:00+00|1999-12-31 05:00:00+00|-03:00:00|5|5|52|20|-10800.000000|0|23|1999|199|2|365|4|59999999|0
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
2024-12-01 00:00:00|0044-03-11 00:00:00+00 BC|2024-10-01 00:00:00+00|2024-11-03 04:00:00+00|1 year -2 days|5|2|11|-1|31384800.000000|1|12|-44|-5|-1|74|1|0|0
SELECT 5
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|ts|ts|tz|d|d
2024-02-01|2024-01-30|30|30 days 10:20:30.5|2024-02-01 12:20:30.5|2024-01-31 10:00:00|2024-01-30 10:20:30.5+00|2 days 04:00:00|13:00:00|2 days 04:00:00|-1 days -02:00:00|2024-01-31|10:20:30.5|2024-01-31|2024-01-31 00:00:00|2024-01-31 00:00:00+00
2024-03-01|2024-02-28|59|59 days|2024-03-29 00:00:00|2024-02-29 10:00:00|2024-03-09 12:00:00+00|2 mons|15 days|2 mons|-1 mons|2024-02-29|00:00:00|2024-03-10|2024-02-29 00:00:00|2024-02-29 00:00:00+00
2000-01-01|1999-12-30|-8767|-8766 days -00:00:00.000001|1999-12-31 20:59:59.999999|1999-12-31 10:00:00|1999-12-30 23:59:59+00|-06:00:00|-01:30:00|-06:00:00|03:00:00|1999-12-31|23:59:59.999999|1999-12-31|1999-12-31 00:00:00|1999-12-31 00:00:00+00
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
0044-03-16 BC|0044-03-14 BC|-754883|365 days 12:00:00|2025-12-29 12:00:00|0044-03-15 10:00:00 BC|2024-11-02 05:30:00+00|2 years -4 days|6 mons -1 days|2 years -4 days|-1 years +2 days|2024-12-31|12:00:00|2024-11-03|0044-03-15 00:00:00 BC|0044-03-15 00:00:00+00 BC
SELECT 5
age|age|justify_days|justify_hours|justify_interval|iv|make_date|isfinite
10 mons 16 days 10:20:30.5|1 mon 30 days 13:39:29.5|1 day 02:00:00|1 day 02:00:00|1 day 02:00:00|1 day 02:00:00|2024-02-29|t
11 mons 14 days|1 mon 2 days|1 mon|1 mon|1 mon|1 mon|2024-02-29|t
-23 years -2 mons -14 days -00:00:00.000001|24 years 2 mons 30 days 00:00:00.000001|-03:00:00|-03:00:00|-03:00:00|-03:00:00|2024-02-29|t
NULL|NULL|NULL|NULL|NULL|NULL|2024-02-29|NULL
1 year 9 mons 16 days 12:00:00|-9 mons -12:00:00|11 mons 28 days|1 year -2 days|11 mons 28 days|1 year -2 days|2024-02-29|t
SELECT 5
to_char|to_char|to_char|to_char|to_char|to_char|to_char|to_char|to_char|to_char|to_char|to_char
2024-01-31 10:20:30.500000|Wednesday, 31 Jan 2024|10:20 AM UTC|1.50|    1.5| 001| 1.50|             9,000,000,000| +1.5| 2 |  2 |02:00
2024-02-29 00:00:00.000000|Thursday , 29 Feb 2024|12:00 PM UTC|2.25|    2.3| 001|-2.00|                        -5| +2.3| 2 |  2 |00:00
SELECT 2
?column?|?column?|?column?|?column?|?column?|?column?|?column?|regexp_replace|regexp_replace|substring|substring|position|overlay|split_part|strpos|left|right|lpad|reverse|translate|initcap|ascii|md5|length|?column?|concat
t|t|f|t|t|t|f|aXX|bac|b|b|2|aZZ|c|3|ab|bc|xyabc|cba|xc|Abc|97|900150983cd24fb0d6963f7d28e17f72|3|abc1|abc1.502024-01-31
f|t|f|f|t|t|f|AXd|bAd|b|bd|2|AZZ|d|0|Ab|bd|xyAbd|dbA|Ad|Abd|65|dfc6843ff924b0fc2c34086146f8b61f|3|Abd1|Abd2.252024-02-29
f|f|f|f|f|f|f||||NULL|0|ZZ||0|||xyxyx||||0|d41d8cd98f00b204e9800998ecf8427e|0|2|1999-12-31
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|100.00
f|f|t|f|f|f|t|z%_|%z_|%|NULL|0|zZZ||0|z%|%_|xyz%_|_%z|z%_|Z%_|122|6b5fcda15799c11112923a88aecc34b2|3|z%_3|z%_-7.000044-03-15 BC
SELECT 5

SELECT k / 2, k % 2, -k, k * 1.5, k + i2, i2 * i2, i8 / 7, f / 3, r * 2, r + f, abs(n), round(n), round(n, 1), ceil(n), floor(f), trunc(n, 1), sign(n), mod(k, 2), power(f, 2), sqrt(abs(n)), k & 3, k | 4, k # 1, ~k, k << 2, i2 >> 1, greatest(k, i2), least(n, f), coalesce(n, k), nullif(k, 1) FROM (SELECT * FROM v WHERE id < 4) q ORDER BY id;
SELECT k::text, n::int, f::int, r::float8, b::int, b::text, i8::real, n::float8, s::varchar(2), d::text, ts::text, u::text, x::text, k::numeric(5,2), (k = 1)::text, i2::int8, f::numeric, r::numeric FROM (SELECT * FROM v WHERE id < 3) q ORDER BY id;
SELECT i8 + 1 FROM v WHERE id = 5;
SELECT i8 + 1 FROM (SELECT * FROM v WHERE id = 5) q;
SELECT i2 + 1::smallint FROM (SELECT * FROM v WHERE id = 5) q;
SELECT i2 * i2 FROM (SELECT * FROM v WHERE id = 5) q;
SELECT f::int FROM (SELECT * FROM v WHERE id = 5) q;
SELECT i8::int FROM (SELECT * FROM v) q;
---
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|abs|round|round|ceil|floor|trunc|sign|mod|power|sqrt|?column?|?column?|?column?|?column?|?column?|?column?|greatest|least|coalesce|nullif
0|1|-1|1.5|4|9|1285714285|0.5|0.20000000298023224|1.6000000014901161|1.50|2|1.5|2|1|1.5|1|1|2.25|1.224744871391589|1|5|0|-2|4|1|3|1.5|1.50|NULL
0|1|-1|1.5|-2|9|0|-0.6666666666666666|5|0.5|2.25|2|2.3|3|-2|2.2|1|1|4|1.500000000000000|1|5|0|-2|4|-2|1|-2|2.25|NULL
1|0|-2|3.0|2|0|0|0|20000000000|10000000000|NULL|NULL|NULL|NULL|0|NULL|NULL|0|0|NULL|2|6|3|-3|8|0|2|0|2|2
SELECT 3
k|n|f|r|b|b|i8|n|s|d|ts|u|x|k|text|i2|f|r
1|2|2|0.10000000149011612|1|true|8.999999e+09|1.5|ab|2024-01-31|2024-01-31 10:20:30.5|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x0102|1.00|true|3|1.5|0.1
1|2|-2|2.5|0|false|-5|2.25|Ab|2024-02-29|2024-02-29 00:00:00|NULL|\x|1.00|true|-3|-2|2.5
SELECT 2
ERROR 22003: bigint out of range
ERROR 22003: bigint out of range
ERROR 22003: smallint out of range
ERROR 22003: smallint out of range
ERROR 22003: integer out of range
ERROR 22003: integer out of range

SELECT k / (k - 1) FROM (SELECT * FROM v) q;
SELECT n / 0 FROM (SELECT * FROM v) q;
SELECT s::int FROM (SELECT * FROM v) q;
SELECT sum(k), sum(i2), sum(i8), sum(n), sum(f), sum(r), sum(iv), avg(k), avg(i2), avg(n), avg(f), avg(r), avg(iv), count(*), count(s), min(s), max(s), min(d), max(ts), bool_and(b), bool_or(b), every(b), bit_and(k), bit_or(k), bit_xor(k), string_agg(s, ','), array_agg(k), min(iv), max(iv) FROM (SELECT * FROM v WHERE id < 5) q;
SELECT sum(k), sum(i2), sum(n), avg(k), avg(n), min(s), max(d), count(*) FROM v WHERE id < 5;
SELECT k, count(*), sum(n), avg(n), array_agg(s ORDER BY s DESC), string_agg(s, '-' ORDER BY id) FROM v GROUP BY k ORDER BY k NULLS FIRST;
SELECT k, b, count(*), grouping(k), grouping(k, b) FROM v GROUP BY CUBE (k, b) ORDER BY 1, 2, 3, 4, 5;
SELECT k, sum(n) FROM v GROUP BY k HAVING sum(n) > 3 ORDER BY k;
---
ERROR 22012: division by zero
ERROR 22012: division by zero
ERROR 22P02: invalid input syntax for type integer: "abc"
sum|sum|sum|sum|sum|sum|sum|avg|avg|avg|avg|avg|avg|count|count|min|max|min|max|bool_and|bool_or|every|bit_and|bit_or|bit_xor|string_agg|array_agg|min|max
4|0|8999999995|103.75|-0.5|1e+10|1 mon 1 day -01:00:00|1.3333333333333333|0.00000000000000000000|34.5833333333333333|-0.16666666666666666|3333333334.2000003|10 days 07:40:00|4|3||abc|1999-12-31|2024-02-29 00:00:00|f|t|f|0|3|2|abc,Abd,|{1,1,2,NULL}|-03:00:00|1 mon
SELECT 1
sum|sum|sum|avg|avg|min|max|count
4|0|103.75|1.3333333333333333|34.5833333333333333||2024-02-29|4
SELECT 1
k|count|sum|avg|array_agg|string_agg
NULL|1|100.00|100.0000000000000000|{NULL}|NULL
1|2|3.75|1.8750000000000000|{abc,Abd}|abc-Abd
2|1|NULL|NULL|{""}|
3|1|-7.00|-7.0000000000000000|{z%_}|z%_
SELECT 4
k|b|count|grouping|grouping
1|f|1|0|0
1|t|1|0|0
1|NULL|2|0|1
2|NULL|1|0|0
2|NULL|1|0|1
3|t|1|0|0
3|NULL|1|0|1
NULL|f|1|1|2
NULL|t|2|1|2
NULL|NULL|1|0|0
NULL|NULL|1|0|1
NULL|NULL|2|1|2
NULL|NULL|5|1|3
SELECT 13
k|sum
1|3.75
NULL|100.00
SELECT 2

SELECT DISTINCT ON (k) k, s FROM v ORDER BY k, s DESC;
SELECT DISTINCT ON (k + 1) k, id FROM v ORDER BY k + 1, id DESC;
SELECT DISTINCT b FROM v ORDER BY b;
SELECT DISTINCT k, b FROM v ORDER BY b, k;
SELECT DISTINCT k FROM v ORDER BY id;
SELECT id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(2) OVER w, lag(n) OVER w, lead(s, 2, 'none') OVER w, first_value(s) OVER w, last_value(s) OVER w, nth_value(s, 2) OVER w FROM v WINDOW w AS (ORDER BY k) ORDER BY id;
SELECT id, sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), count(*) OVER (PARTITION BY k), avg(k) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), sum(k) OVER (ORDER BY d RANGE BETWEEN '1 month' PRECEDING AND CURRENT ROW), max(n) OVER (ORDER BY id GROUPS 1 PRECEDING), sum(n) FILTER (WHERE b) OVER (ORDER BY id) FROM v ORDER BY id;
SELECT id, lag(k, 1, 0.5) OVER (ORDER BY id), lag(n, 1, 0) OVER (ORDER BY id), lead(d, 1, '2000-01-01') OVER (ORDER BY id), lag(k, 0) OVER (ORDER BY id), lag(k, -1) OVER (ORDER BY id) FROM v ORDER BY id;
---
k|s
1|abc
2|
3|z%_
NULL|NULL
SELECT 4
k|id
1|2
2|3
3|5
NULL|4
SELECT 4
b
f
t
NULL
SELECT 3
k|b
1|f
1|t
3|t
2|NULL
NULL|NULL
SELECT 5
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list
id|row_number|rank|dense_rank|percent_rank|cume_dist|ntile|lag|lead|first_value|last_value|nth_value
1|1|1|1|0|0.4|1|NULL||abc|Abd|Abd
2|2|1|1|0|0.4|1|1.50|z%_|abc|Abd|Abd
3|3|3|2|0.5|0.6|1|2.25|NULL|abc||Abd
4|5|5|4|1|1|2|-7.00|none|abc|NULL|Abd
5|4|4|3|0.75|0.8|2|NULL|none|abc|z%_|Abd
SELECT 5
id|sum|count|avg|sum|max|sum
1|3.75|2|1.00000000000000000000|1|1.50|1.50
2|3.75|2|1.00000000000000000000|2|2.25|1.50
3|102.25|1|1.3333333333333333|2|2.25|1.50
4|93.00|1|1.3333333333333333|NULL|100.00|1.50
5|93.00|1|1.7500000000000000|3|100.00|-5.50
SELECT 5
id|lag|lag|lead|lag|lag
1|0.5|0|2024-02-29|1|1
2|1|1.50|1999-12-31|1|2
3|1|2.25|NULL|2|NULL
4|2|NULL|0044-03-15 BC|NULL|3
5|NULL|100.00|2000-01-01|3|NULL
SELECT 5

SELECT a.id, b.id FROM v a LEFT JOIN v b ON a.k = b.k AND a.id < b.id ORDER BY 1, 2;
SELECT a.id, b.id FROM v a FULL JOIN (SELECT id + 3 AS id, s FROM v) b USING (id) ORDER BY 1, 2;
SELECT * FROM (SELECT id, k FROM v) a NATURAL JOIN (SELECT k, s FROM v) b ORDER BY id, s;
SELECT a.id, x.m FROM v a CROSS JOIN LATERAL (SELECT max(n) AS m FROM v b WHERE b.k = a.k) x ORDER BY 1;
SELECT id FROM v a WHERE EXISTS (SELECT 1 FROM v b WHERE b.k = a.k AND b.id <> a.id) ORDER BY id;
SELECT id FROM v WHERE k NOT IN (SELECT k FROM v WHERE k > 1) ORDER BY id;
SELECT id FROM v WHERE k IN (SELECT k FROM v WHERE id < 2) ORDER BY id;
SELECT id FROM v WHERE n > ALL (SELECT n FROM v WHERE id < 3) ORDER BY id;
---
id|id
1|2
2|NULL
3|NULL
4|NULL
5|NULL
SELECT 5
id|id
1|NULL
2|NULL
3|NULL
4|4
5|5
NULL|6
NULL|7
NULL|8
SELECT 8
k|id|s
1|1|Abd
1|1|abc
1|2|Abd
1|2|abc
2|3|
3|5|z%_
SELECT 6
id|m
1|2.25
2|2.25
3|NULL
4|NULL
5|-7.00
SELECT 5
id
1
2
SELECT 2
id
1
2
SELECT 2
id
1
2
SELECT 2
id
4
SELECT 1

SELECT id, (SELECT count(*) FROM v b WHERE b.k = v.k), (SELECT s FROM v b WHERE b.id = v.id + 1) FROM v ORDER BY id;
SELECT (SELECT id FROM v);
SELECT k FROM v UNION SELECT i2 FROM v ORDER BY 1;
SELECT k, s FROM v INTERSECT SELECT k, s FROM v WHERE id < 3 ORDER BY 1, 2;
SELECT k FROM v EXCEPT ALL SELECT 1 ORDER BY 1;
SELECT id, NULL FROM v WHERE id = 1 UNION ALL SELECT 2, 'x' ORDER BY 1;
SELECT 1 AS a UNION SELECT 2.5 UNION SELECT NULL ORDER BY a;
SELECT 'a' UNION SELECT 'b' ORDER BY 1;
---
id|count|s
1|2|Abd
2|2|
3|1|NULL
4|0|z%_
5|1|NULL
SELECT 5
ERROR 21000: more than one row returned by a subquery used as an expression
k
-3
0
1
2
3
32767
NULL
SELECT 7
k|s
1|Abd
1|abc
SELECT 2
k
1
2
3
NULL
SELECT 4
id|?column?
1|NULL
2|x
SELECT 2
a
1
2.5
NULL
SELECT 3
?column?
a
b
SELECT 2

SELECT date '2024-01-01' UNION SELECT timestamp '2024-01-01 10:00' ORDER BY 1;
SELECT 1 UNION SELECT 'x';
SELECT b FROM v UNION SELECT 1;
WITH a AS (SELECT id, k FROM v WHERE id < 4), c AS (SELECT k, count(*) AS m FROM a GROUP BY k) SELECT a.id, c.m FROM a JOIN c USING (k) ORDER BY 1;
WITH RECURSIVE t(i, p) AS (SELECT 1, 'a' UNION ALL SELECT i + 1, p || 'b' FROM t WHERE i < 4) SELECT * FROM t;
WITH RECURSIVE t(i) AS (SELECT 1 UNION SELECT (i * 2) % 7 FROM t) SELECT * FROM t ORDER BY 1;
SELECT CASE WHEN k = 1 THEN 'one' WHEN k = 2 THEN 'two' ELSE 'many' END, CASE k WHEN 1 THEN n WHEN 2 THEN 0 END, CASE WHEN b THEN 1 ELSE 2.5 END FROM v ORDER BY id;
SELECT id, k IS NULL, b IS TRUE, b IS NOT FALSE, b IS UNKNOWN, k IS DISTINCT FROM 1, NOT b, b AND k = 1, b OR k = 2 FROM (SELECT * FROM v) q ORDER BY id;
---
date
2024-01-01 00:00:00
2024-01-01 10:00:00
SELECT 2
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42804: UNION types boolean and integer cannot be matched
id|m
1|2
2|2
3|1
SELECT 3
i|p
1|a
2|ab
3|abb
4|abbb
SELECT 4
i
1
2
4
SELECT 3
case|case|case
one|1.50|1
one|2.25|2.5
two|0|2.5
many|NULL|2.5
many|NULL|1
SELECT 5
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
1|f|t|t|f|f|f|t|t
2|f|f|f|f|f|t|f|f
3|f|f|t|t|t|NULL|f|t
4|t|f|t|t|t|NULL|NULL|NULL
5|f|t|t|f|t|f|f|t
SELECT 5

SELECT id FROM v ORDER BY s COLLATE "C" DESC NULLS LAST, id;
SELECT id FROM v ORDER BY b, k DESC, id LIMIT 3 OFFSET 1;
SELECT id, s FROM v WHERE s BETWEEN 'A' AND 'b' ORDER BY id;
SELECT id FROM v WHERE (k, id) > (1, 1) ORDER BY id;
SELECT id FROM v WHERE (k, id) = (1, 2) ORDER BY id;
SELECT * FROM generate_series(1, 10, 3);
SELECT * FROM generate_series(5, 1, -2) AS g(x);
SELECT * FROM generate_series(timestamp '2024-01-30', timestamp '2024-04-01', interval '1 month');
---
id
5
1
2
3
4
SELECT 5
id
5
1
4
SELECT 3
id|s
1|abc
2|Abd
SELECT 2
id
2
3
5
SELECT 3
id
2
SELECT 1
generate_series
1
4
7
10
SELECT 4
x
5
3
1
SELECT 3
generate_series
2024-01-30 00:00:00
2024-02-29 00:00:00
2024-03-29 00:00:00
SELECT 3

SELECT * FROM generate_series(timestamp '2024-01-31', timestamp '2024-05-01', interval '1 month');
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(x, n);
SELECT * FROM generate_series(3, 1);
SELECT * FROM generate_series(1.5, 4, 1);
SELECT generate_series(1, 3), 'x';
SELECT count(*) FILTER (WHERE k = 1), sum(n) FILTER (WHERE n > 2), avg(n) FILTER (WHERE false) FROM v;
SELECT count(DISTINCT k), sum(DISTINCT k), avg(DISTINCT n), string_agg(DISTINCT s, ','), array_agg(DISTINCT k) FROM v;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n), percentile_disc(0.5) WITHIN GROUP (ORDER BY n), mode() WITHIN GROUP (ORDER BY k), percentile_cont(0.25) WITHIN GROUP (ORDER BY f DESC) FROM v WHERE id < 5;
---
generate_series
2024-01-31 00:00:00
2024-02-29 00:00:00
2024-03-29 00:00:00
2024-04-29 00:00:00
SELECT 4
x|n
1|1
2|2
3|3
SELECT 3
generate_series
SELECT 0
generate_series
1.5
2.5
3.5
SELECT 3
generate_series|?column?
1|x
2|x
3|x
SELECT 3
count|sum|avg
2|102.25|NULL
SELECT 1
count|sum|avg|string_agg|array_agg
3|6|24.1875000000000000|,Abd,abc,z%_|{1,2,3,NULL}
SELECT 1
percentile_cont|percentile_disc|mode|percentile_cont
2.25|2.25|1|0.75
SELECT 1

SELECT rank(1) WITHIN GROUP (ORDER BY k), dense_rank(2) WITHIN GROUP (ORDER BY k DESC), percent_rank(2) WITHIN GROUP (ORDER BY k), cume_dist(1) WITHIN GROUP (ORDER BY k) FROM v;
SELECT -5 / 2, -5 % 2, 5 / -2, 7.0 / 2, 2 ^ 3 ^ 2, -2 ^ 2, 1 / 3.0, 10 % 3.5, 5::float8 / 2, 1e10, 1.0e-5, 0x1F, 0b101, 0o17;
SELECT 'a' || 1, 1 || 'a', 'a' || NULL, 'x' || 1.50 || true, NULL || 'x', 'a' < 'B', 'a' = 'a ', '' IS NULL;
SELECT true AND NULL, false AND NULL, NULL OR true, NOT NULL, NULL = NULL, NULL IS NULL, 1 = 1.0, 'true'::bool, 'off'::bool, '1'::bool;
SELECT current_date = now()::date, now() = current_timestamp, localtimestamp::date = current_date, pg_typeof(now()), pg_typeof(localtime), extract(epoch FROM timestamptz '2024-01-01 00:00+00');
SELECT interval '1 day' = interval '24 hours', interval '1 month' > interval '29 days', interval '1 year 2 months 3 days 04:05:06.789', interval 'P1Y2M3DT4H5M6S', interval '1-2', interval '3 4:05', interval '-1 day +2 hours', interval '1.5 days', interval '2 weeks', '1 century'::interval, interval '90' minute, interval '1' year;
SELECT date 'January 8, 1999', date '1/8/1999', date '990108', date 'J2451187', date '08-Jan-1999', timestamp '1999-01-08 04:05:06 PM', time '04:05:06.789', time '04:05 PM', timestamptz '1999-01-08 04:05:06 -8:00', timestamptz '2024-07-01 12:00 America/New_York', date 'epoch', timestamp 'infinity', date '2024-02-30' IS NULL;
SELECT U&'\0041', E'a\nb\x41', $$it's$$, 'a' 'b', B'101'::text, X'1F'::text;
---
rank|dense_rank|percent_rank|cume_dist
1|3|0.4|0.5
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
-2|-1|-2|3.5000000000000000|64|4|0.33333333333333333333|3.0|2.5|10000000000|0.000010|31|5|15
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
a1|1a|NULL|x1.50true|NULL|f|f|f
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?|bool|bool|bool
NULL|f|t|NULL|NULL|t|t|t|f|t
SELECT 1
?column?|?column?|?column?|pg_typeof|pg_typeof|extract
t|t|t|timestamp with time zone|time without time zone|1704067200.000000
SELECT 1
?column?|?column?|interval|interval|interval|interval|interval|interval|interval|interval|interval|interval
t|t|1 year 2 mons 3 days 04:05:06.789|1 year 2 mons 3 days 04:05:06|1 year 2 mons|3 days 04:05:00|-1 days +02:00:00|1 day 12:00:00|14 days|100 years|01:30:00|1 year
SELECT 1
ERROR 22008: date/time field value out of range: "2024-02-30"
ERROR 42601: syntax error at or near "'b'"

SELECT coalesce(NULL, NULL, 1), nullif(1, 2), greatest(1, NULL, 3), least('a', 'b'), num_nulls(1, NULL);
SELECT id FROM v WHERE d = '2024-01-31' AND ts > '2024-01-01' AND tz < '2025-01-01' AND n = '1.50' AND k = '1';
SELECT id FROM v WHERE tz::date = '2024-01-31';
SELECT id, u, x, encode(x, 'hex'), length(x), x || '\x00', get_byte(x, 0) FROM (SELECT * FROM v WHERE id IN (1, 5)) q ORDER BY id;
SELECT max(u::text), min(x::text) FROM v;
SELECT min(x), max(x), max(u), min(b::int) FROM v;
SELECT sum(k) AS "Total", k AS "K" FROM v GROUP BY "K" ORDER BY "K";
SELECT a.* FROM v a WHERE a.id = 1;
---
coalesce|nullif|greatest|least|num_nulls
1|1|3|a|1
SELECT 1
id
1
SELECT 1
id
1
SELECT 1
id|u|x|encode|length|?column?|get_byte
1|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x0102|0102|2|\x010200|1
5|NULL|\xff|ff|1|\xff00|255
SELECT 2
max|min
a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x
SELECT 1
ERROR 42883: function max(uuid) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
Total|K
2|1
2|2
3|3
NULL|NULL
SELECT 4
id|k|n|s|d|ts|tz|iv|f|r|b|i2|i8|u|x
1|1|1.50|abc|2024-01-31|2024-01-31 10:20:30.5|2024-01-31 10:20:30.5+00|1 day 02:00:00|1.5|0.1|t|3|9000000000|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x0102
SELECT 1

SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, c) WHERE n > 1;
SELECT * FROM (VALUES (1), (NULL), (3)) t ORDER BY 1 DESC;
VALUES (1, 'x'), (2, NULL);
TABLE v ORDER BY id LIMIT 1;
SELECT count(*), count(k), sum(k) FROM v WHERE false;
SELECT k, count(*) FROM v WHERE false GROUP BY k;
SELECT id FROM v WHERE s ~ 'a|b' AND s !~ 'd$' ORDER BY id;
SELECT regexp_matches('foobarbequebaz', '(bar)(beque)'), regexp_match('abc', 'x'), regexp_split_to_array('a1b2c', '\d'), regexp_count('banana', 'a'), regexp_substr('banana', 'an', 3), regexp_like('Hello', '^h', 'i'), regexp_instr('banana', 'an', 1, 2);
---
n|c
2|b
SELECT 1
column1
NULL
3
1
SELECT 3
column1|column2
1|x
2|NULL
SELECT 2
id|k|n|s|d|ts|tz|iv|f|r|b|i2|i8|u|x
1|1|1.50|abc|2024-01-31|2024-01-31 10:20:30.5|2024-01-31 10:20:30.5+00|1 day 02:00:00|1.5|0.1|t|3|9000000000|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x0102
SELECT 1
count|count|sum
0|0|NULL
SELECT 1
k|count
SELECT 0
id
1
SELECT 1
regexp_matches|regexp_match|regexp_split_to_array|regexp_count|regexp_substr|regexp_like|regexp_instr
{bar,beque}|NULL|{a,b,c}|3|an|t|4
SELECT 1

SELECT s FROM v WHERE s LIKE '%b%' OR s LIKE '%\_' ORDER BY id;
SELECT array_agg(id ORDER BY id) FILTER (WHERE k = 1), array_agg(d), array_agg(iv ORDER BY id), array_agg(f) FROM v WHERE id < 3;
SELECT id, sum(100 / k) OVER (ORDER BY id) FROM v WHERE k > 0 ORDER BY id;
SELECT sum(100 / (k - 1)) FILTER (WHERE k <> 1) FROM v;
SELECT id FROM v WHERE CASE WHEN k = 1 THEN false ELSE 10 / (k - 1) > 1 END ORDER BY id;
SELECT width_bucket(n, 0, 10, 5), trunc(f), round(f), round(2.5::float8), round(3.5::float8), round(-2.5::float8) FROM (SELECT * FROM v WHERE id < 4) q;
SELECT id FROM v FETCH FIRST 2 ROWS ONLY;
SELECT id FROM v ORDER BY k NULLS LAST FETCH FIRST 1 ROW WITH TIES;
---
s
abc
Abd
z%_
SELECT 3
array_agg|array_agg|array_agg|array_agg
{1,2}|{2024-01-31,2024-02-29}|{"1 day 02:00:00","1 mon"}|{1.5,-2}
SELECT 1
id|sum
1|100
2|200
3|250
5|283
SELECT 4
sum
150
SELECT 1
id
3
5
SELECT 2
width_bucket|trunc|round|round|round|round
1|1|2|2|4|-2
2|-2|-2|2|4|-2
NULL|0|0|2|4|-2
SELECT 3
id
1
2
SELECT 2
id
1
2
SELECT 2

SELECT (k, n) FROM v WHERE id = 1;
SELECT ROW(1, 'a', NULL), ROW(1, 2) = ROW(1, 2), (1, NULL) IS NULL, ROW(NULL, NULL) IS NULL, ROW(1, NULL) IS NOT NULL;
SELECT id FROM v WHERE (k, n) = (SELECT 1, 1.50);
SELECT id FROM v WHERE (k, n) IN ((1, 1.5), (2, 0)) ORDER BY id;
SELECT count(DISTINCT (k, b)) FROM v;
SELECT nth_value(id, 0) OVER () FROM v;
SELECT id FROM v LIMIT id;
SELECT ntile(0) OVER () FROM v;
---
row
(1,1.50)
SELECT 1
row|?column?|?column?|?column?|?column?
(1,a,)|t|f|t|f
SELECT 1
id
1
SELECT 1
id
1
SELECT 1
count
5
SELECT 1
ERROR 22016: argument of nth_value must be greater than zero
ERROR 42P10: argument of LIMIT must not contain variables
ERROR 22014: argument of ntile must be greater than zero

SELECT id FROM v LIMIT -1;
SELECT nosuch FROM v;
SELECT id FROM nosuch;
SELECT nosuch(1);
SELECT 1 + 'x';
SELECT 'x' + 'y';
SELECT id FROM v GROUP BY k;
SELECT sum(id) FROM v WHERE sum(id) > 1;
---
ERROR 2201W: LIMIT must not be negative
ERROR 42703: column "nosuch" does not exist
ERROR 42P01: relation "nosuch" does not exist
ERROR 42883: function nosuch(integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42725: operator is not unique: unknown + unknown
  hint: Could not choose a best candidate operator. You might need to add explicit type casts.
ERROR 42803: column "v.id" must appear in the GROUP BY clause or be used in an aggregate function
ERROR 42803: aggregate functions are not allowed in WHERE

SELECT id FROM v HAVING id > 1;
SELECT a.id FROM v a, v b WHERE id = 1;
SELECT id, id AS id FROM v ORDER BY id LIMIT 1;
SELECT v.nosuch FROM v;
SELECT x.id FROM v;
SELECT max(max(k)) FROM v;
SELECT row_number() OVER () FROM v WHERE row_number() OVER () > 1;
SELECT CAST('abc' AS int);
---
ERROR 42803: column "v.id" must appear in the GROUP BY clause or be used in an aggregate function
ERROR 42702: column reference "id" is ambiguous
id|id
1|1
SELECT 1
ERROR 42703: column v.nosuch does not exist
ERROR 42P01: missing FROM-clause entry for table "x"
ERROR 42803: aggregate function calls cannot be nested
ERROR 42P20: window functions are not allowed in WHERE
ERROR 22P02: invalid input syntax for type integer: "abc"

SELECT '2024-13-01'::date;
SELECT '25:00'::time;
SELECT 'x'::uuid;
SELECT '\xzz'::bytea;
SELECT 'maybe'::bool;
SELECT ''::int;
SELECT '99999999999'::int;
SELECT 99999999999::int;
---
ERROR 22008: date/time field value out of range: "2024-13-01"
  hint: Perhaps you need a different "datestyle" setting.
ERROR 22008: date/time field value out of range: "25:00"
ERROR 22P02: invalid input syntax for type uuid: "x"
ERROR 22023: invalid hexadecimal digit: "z"
ERROR 22P02: invalid input syntax for type boolean: "maybe"
ERROR 22P02: invalid input syntax for type integer: ""
ERROR 22003: value "99999999999" is out of range for type integer
ERROR 22003: integer out of range

SELECT 'abc'::numeric;
SELECT 123456.789::numeric(5,2);
SELECT sqrt(-1);
SELECT ln(0);
SELECT 1 / 0;
SELECT 1.0 / 0;
SELECT 1::float8 / 0;
SELECT chr(0);
---
ERROR 22P02: invalid input syntax for type numeric: "abc"
ERROR 22003: numeric field overflow
  detail: A field with precision 5, scale 2 must round to an absolute value less than 10^3.
ERROR 2201F: cannot take square root of a negative number
ERROR 2201E: cannot take logarithm of zero
ERROR 22012: division by zero
ERROR 22012: division by zero
ERROR 22012: division by zero
ERROR 54000: null character not permitted

SELECT repeat('x', -1), substring('abc', -1, 3), left('abc', 10), split_part('a,b', ',', 0);
SELECT substring('abc', 1, -1);
---
ERROR 22023: field position must not be zero
ERROR 22011: negative substring length not allowed
