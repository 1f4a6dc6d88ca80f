# !open
# Answers that PostgreSQL 18 gives: values.sql in tests/sql/statements.

CREATE TABLE ts (id int PRIMARY KEY, n numeric, n2 numeric(10,2), s text, v varchar(10), c char(5), d date, ts timestamp, tz timestamptz, iv interval);
INSERT INTO ts VALUES (1, 12.345, 2.50, 'Abc', 'x', 'ab', '2024-01-31', '2024-01-31 10:00', '2024-01-31 10:00+00', '1 month'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 0.1, 100, 'ÄÖü', 'Yy', 'xyz', '0044-03-15 BC', '1999-12-31 23:59:59.5', '1999-12-31 23:59:59.5+00', '-1 day 02:00');
CREATE TABLE dup (id int PRIMARY KEY, k int, v int);
INSERT INTO dup VALUES (1, 1, 10), (2, 1, 20), (3, 2, NULL), (4, NULL, 5), (5, 3, NULL);
SELECT d + interval '1 month', d + interval '30 days' FROM (VALUES (date '2024-01-31')) t(d);
SELECT coalesce(n2, 0.12345) FROM (SELECT * FROM ts) q;
SELECT coalesce(n2, 0.12345) FROM ts;
SELECT id FROM ts WHERE n2 IN (SELECT 2.4999);
---
CREATE TABLE
INSERT 0 3
CREATE TABLE
INSERT 0 5
?column?|?column?
2024-02-29 00:00:00|2024-03-01 00:00:00
SELECT 1
coalesce
2.50
0.12345
100.00
SELECT 3
coalesce
2.50
0.12345
100.00
SELECT 3
id
SELECT 0

SELECT n2 FROM ts UNION ALL SELECT 1.239;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1.5 UNION ALL SELECT n + 1, v * 1.5 FROM r WHERE n < 4) SELECT v FROM r;
SELECT id FROM dup WHERE (k, v) IN (SELECT k, v FROM dup);
SELECT mode() WITHIN GROUP (ORDER BY x) FILTER (WHERE x > 1) FROM (VALUES (1), (1), (2)) t(x);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1::numeric), (2)) t(x);
SET TimeZone = 'America/New_York';
SELECT * FROM generate_series('2024-03-09'::timestamptz, '2024-03-12', '1 day');
SELECT * FROM generate_series('2024-11-02'::timestamptz, '2024-11-05', '12 hours');
---
n2
2.50
NULL
100.00
1.239
SELECT 4
v
1.5
2.25
3.375
5.0625
SELECT 4
id
1
2
SELECT 2
mode
2
SELECT 1
percentile_cont
1.5
SELECT 1
SET
generate_series
2024-03-09 00:00:00-05
2024-03-10 00:00:00-05
2024-03-11 00:00:00-04
2024-03-12 00:00:00-04
SELECT 4
generate_series
2024-11-02 00:00:00-04
2024-11-02 12:00:00-04
2024-11-03 00:00:00-04
2024-11-03 11:00:00-05
2024-11-03 23:00:00-05
2024-11-04 11:00:00-05
2024-11-04 23:00:00-05
SELECT 7

SET TimeZone = 'UTC';
SELECT upper(s), lower(s) FROM ts;
SELECT upper(s), lower(s), initcap(s) FROM (SELECT * FROM ts) q;
SELECT k, sum(id) FROM dup GROUP BY DISTINCT ROLLUP (k), ROLLUP (k);
SELECT c LIKE '%b', c LIKE 'ab', c ~ '^ab$', c || '|', length(c), octet_length(c), c = 'ab', c::text || '|' FROM ts;
SELECT c LIKE '%b', c LIKE 'ab', c ~ '^ab$', c || '|', length(c), octet_length(c), c = 'ab', c::text || '|' FROM (SELECT * FROM ts) q;
SELECT max(c), min(c) FROM ts;
SELECT max(c), min(c), string_agg(c, ',') FROM (SELECT * FROM ts) q;
---
SET
upper|lower
ABC|abc
NULL|NULL
ÄÖü|ÄÖü
SELECT 3
upper|lower|initcap
ABC|abc|Abc
NULL|NULL|NULL
ÄÖü|ÄÖü|ÄÖü
SELECT 3
k|sum
1|3
2|3
NULL|4
3|5
NULL|15
SELECT 5
?column?|?column?|?column?|?column?|length|octet_length|?column?|?column?
f|f|f|ab||2|5|t|ab|
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
f|f|f|xyz||3|5|f|xyz|
SELECT 3
?column?|?column?|?column?|?column?|length|octet_length|?column?|?column?
f|f|f|ab||2|5|t|ab|
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
f|f|f|xyz||3|5|f|xyz|
SELECT 3
max|min
xyz  |ab   
SELECT 1
max|min|string_agg
xyz  |ab   |ab,xyz
SELECT 1

SELECT c FROM ts UNION SELECT 'q';
SELECT c FROM ts UNION SELECT 'q'::char(2);
SELECT concat(c, '|'), concat_ws(',', c, c), format('%s|', c), upper(c) || '|', substr(c, 1, 4) || '|', c::varchar || '|' FROM ts;
SELECT concat(c, '|'), concat_ws(',', c, c), format('%s|', c), upper(c) || '|', substr(c, 1, 4) || '|', c::varchar || '|' FROM (SELECT * FROM ts) q;
SELECT timestamptz '2024-06-01 00:00+00' AT TIME ZONE '+05:30';
SET datestyle = 'ISO, DMY';
SELECT date '03/02/2024';
SELECT x::date FROM (VALUES ('03/02/2024')) t(x);
---
c
ab   
NULL
xyz  
q
SELECT 4
c
ab   
NULL
xyz  
q 
SELECT 4
concat|concat_ws|format|?column?|?column?|?column?
ab   ||ab   ,ab   |ab   ||AB||ab||ab|
|||||NULL|NULL|NULL
xyz  ||xyz  ,xyz  |xyz  ||XYZ||xyz||xyz|
SELECT 3
concat|concat_ws|format|?column?|?column?|?column?
ab   ||ab   ,ab   |ab   ||AB||ab||ab|
|||||NULL|NULL|NULL
xyz  ||xyz  ,xyz  |xyz  ||XYZ||xyz||xyz|
SELECT 3
timezone
2024-05-31 18:30:00
SELECT 1
SET
date
2024-02-03
SELECT 1
x
2024-02-03
SELECT 1

SET datestyle = 'ISO, MDY';
SELECT string_agg(x, NULL) FROM (VALUES ('x'), ('y')) t(x);
SELECT corr(x, y), regr_slope(x, y) FROM (VALUES (1, 5), (2, 5)) t(x, y);
SELECT lag(x, 1, 0.5) OVER (ORDER BY x) FROM (VALUES (1), (2)) t(x);
SELECT to_char(timestamp '2024-01-01', 'Y,YYY CC');
SELECT to_char(timestamp '2024-01-05 13:04:05.678901', 'CC FF1 FF2 FF3 FF4 FF5 FF6 TMMonth BC RM W A.M. IDDD');
SELECT to_char(timestamptz '2024-01-05 13:04:05.678901+00', 'TZH tz TZ OF');
SELECT regexp_replace('foobar', 'o|oo', 'X'), substring('XY1234Z', 'Y*?([0-9]{1,3})');
---
SET
string_agg
xy
SELECT 1
corr|regr_slope
NULL|NULL
SELECT 1
lag
0.5
1
SELECT 2
to_char
2,024 21
SELECT 1
to_char
21 6 67 678 6789 67890 678901 January AD I    1 P.M. 005
SELECT 1
to_char
+00 utc UTC +00
SELECT 1
regexp_replace|substring
fXbar|1
SELECT 1

SELECT 'a' ~ '(?P<x>a)';
SELECT quote_ident('select');
SELECT variance(x), stddev(x) FROM (VALUES (1), (2), (4), (6)) t(x);
SELECT variance(x), stddev(x), var_pop(x), stddev_pop(x), stddev_samp(x), var_samp(x) FROM (VALUES (1.5), (2), (4.25), (6)) t(x);
SELECT sum(x::real) FROM (VALUES (0.1), (0.2)) t(x);
SELECT i4::oid FROM (VALUES (-7)) t(i4);
SELECT sum(100 / x) FILTER (WHERE x <> 0) FROM (VALUES (0), (5)) t(x);
SELECT 1 WHERE EXISTS (SELECT 1/0);
---
ERROR 2201B: invalid regular expression: invalid embedded option
quote_ident
"select"
SELECT 1
variance|stddev
4.9166666666666667|2.2173557826083451
SELECT 1
variance|stddev|var_pop|stddev_pop|stddev_samp|var_samp
4.3489583333333333|2.0854156260403664|3.2617187500000000|1.8060229095999862|2.0854156260403664|4.3489583333333333
SELECT 1
sum
0.3
SELECT 1
i4
4294967289
SELECT 1
sum
20
SELECT 1
?column?
1
SELECT 1

SELECT NULL UNION SELECT 1;
SELECT id FROM dup UNION ALL SELECT NULL;
SELECT '2024-01-01' UNION SELECT date '2024-01-02';
SELECT DISTINCT k + 1 AS z FROM dup ORDER BY k + 1;
SELECT (-9223372036854775808) % -1;
SELECT x % -1 FROM (VALUES ('-9223372036854775808'::int8)) t(x);
SELECT sum(iv), avg(iv) FROM ts;
SELECT sum(iv), avg(iv) FROM (SELECT * FROM ts) q;
---
?column?
NULL
1
SELECT 2
id
1
2
3
4
5
NULL
SELECT 6
?column?
2024-01-01
2024-01-02
SELECT 2
z
2
3
4
NULL
SELECT 4
?column?
0
SELECT 1
?column?
0
SELECT 1
sum|avg
1 mon -1 days +02:00:00|15 days -11:00:00
SELECT 1
sum|avg
1 mon -1 days +02:00:00|15 days -11:00:00
SELECT 1

SELECT sinh(1000);
SELECT to_char(date '0044-03-15 BC', 'YYYY BC');
SELECT d, ts FROM ts;
SELECT d, ts, d::text, ts::text FROM (SELECT * FROM ts) q;
SELECT '0044-03-15 BC'::date, '0044-03-15 (BC)'::date;
SELECT x::date, x::timestamp, x::timestamptz FROM (VALUES ('0044-03-15 BC')) t(x);
SELECT '2024-01-01+00'::timestamptz, '2024-02-22 +00'::date, '2024-366'::date;
SELECT rank(3) WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2), (4)) t(x);
---
sinh
Infinity
SELECT 1
to_char
0044 BC
SELECT 1
d|ts
2024-01-31|2024-01-31 10:00:00
NULL|NULL
0044-03-15 BC|1999-12-31 23:59:59.5
SELECT 3
d|ts|d|ts
2024-01-31|2024-01-31 10:00:00|2024-01-31|2024-01-31 10:00:00
NULL|NULL|NULL|NULL
0044-03-15 BC|1999-12-31 23:59:59.5|0044-03-15 BC|1999-12-31 23:59:59.5
SELECT 3
date|date
0044-03-15 BC|0044-03-15 BC
SELECT 1
x|x|x
0044-03-15 BC|0044-03-15 00:00:00 BC|0044-03-15 00:00:00+00 BC
SELECT 1
timestamptz|date|date
2024-01-01 00:00:00+00|2024-02-22|2024-12-31
SELECT 1
rank
3
SELECT 1

SELECT 'infinity'::interval;
SELECT extract(year FROM 'infinity'::date);
SELECT '-infinity'::interval, 'infinity'::interval + interval '1 day', timestamp '2024-01-01' + interval 'infinity';
---
interval
infinity
SELECT 1
extract
Infinity
SELECT 1
interval|?column?|?column?
-infinity|infinity|infinity
SELECT 1
