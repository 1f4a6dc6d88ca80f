# !open
# Answers that differed from PostgreSQL 18's; each stands for a kind. Statements over (SELECT * FROM t) q, VALUES, windows and aggregates are the column executor's.
CREATE TABLE dup (id int PRIMARY KEY, k int, v int);
INSERT INTO dup VALUES (1, 1, 10), (2, 1, 20), (3, 2, NULL), (4, NULL, 5), (5, 3, NULL);
CREATE TABLE s (id int PRIMARY KEY, n numeric, n2 numeric(10,2), d date, ts timestamp, tz timestamptz, i8 bigint, r real);
INSERT INTO s VALUES (1, 12.345, 2.50, '2024-01-31', '2024-01-31 10:00', '2024-01-31 10:00+00', -9223372036854775808, 0.1), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, -1, 7, '2020-02-29', '2020-02-29', '2020-02-29', 5, 0.2);
---
CREATE TABLE
INSERT 0 5
CREATE TABLE
INSERT 0 3

# Intervals that compare equal are not one and the same.
SELECT d + interval '1 month', d + interval '30 days' FROM (VALUES (date '2024-01-31')) t(d);
SELECT d - interval '1 month' AS a, d - '30 days'::interval AS b, interval '1 month' + d AS c FROM (SELECT * FROM s) q;
---
?column?|?column?
2024-02-29 00:00:00|2024-03-01 00:00:00
SELECT 1
a|b|c
2023-12-31 00:00:00|2024-01-01 00:00:00|2024-02-29 00:00:00
NULL|NULL|NULL
2020-01-29 00:00:00|2020-01-30 00:00:00|2020-03-29 00:00:00
SELECT 3

# A numeric(p, s) does not round what it meets, nor does a recursive query's first arm.
SELECT coalesce(n2, 0.12345) = 0.12345 FROM (SELECT * FROM s) q;
SELECT coalesce(n, 0.1234567) = 0.1234567 FROM (SELECT * FROM s) q;
SELECT id FROM s WHERE n2 IN (SELECT 2.4999);
SELECT x = 1.239 FROM (SELECT n2 FROM s UNION ALL SELECT 1.239) t(x);
WITH RECURSIVE r(n, v) AS (SELECT 1, 1.5 UNION ALL SELECT n + 1, v * 1.5 FROM r WHERE n < 4) SELECT v FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1::numeric UNION ALL SELECT n + 1, v * n FROM r WHERE n < 18) SELECT max(v) FROM r;
---
?column?
f
t
f
SELECT 3
?column?
f
t
f
SELECT 3
id
SELECT 0
?column?
f
NULL
f
t
SELECT 4
v
1.5
2.25
3.375
5.0625
SELECT 4
max
355687428096000
SELECT 1

# Rows with NULLs are neither equal nor unequal.
SELECT id FROM dup WHERE (k, v) IN (SELECT k, v FROM dup) ORDER BY id;
SELECT id FROM dup WHERE (k, v) NOT IN (SELECT k, v FROM dup WHERE v IS NOT NULL) ORDER BY id;
SELECT id, (k, v) IN (SELECT k, v FROM dup WHERE v IS NOT NULL) AS a, (k, v) IN (SELECT 9, 9 WHERE false) AS b FROM dup ORDER BY id;
SELECT id, (k, v) IN (SELECT k + 0, v FROM dup d WHERE d.id <> dup.id) AS a FROM dup ORDER BY id;
---
id
1
2
SELECT 2
id
SELECT 0
id|a|b
1|t|f
2|t|f
3|NULL|f
4|NULL|f
5|NULL|f
SELECT 5
id|a
1|f
2|f
3|NULL
4|NULL
5|NULL
SELECT 5

# Aggregates.
SELECT mode() WITHIN GROUP (ORDER BY x) FILTER (WHERE x > 1) FROM (VALUES (1), (1), (2)) t(x);
SELECT mode() WITHIN GROUP (ORDER BY x DESC) FROM (VALUES (1), (1), (2), (2), (NULL)) t(x);
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC), percentile_disc(0.25) WITHIN GROUP (ORDER BY x DESC) FROM (VALUES (1::numeric), (2), (10), (NULL)) t(x);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY d) FROM s;
SELECT string_agg(x, NULL), string_agg(x, ',') FROM (VALUES ('x'), ('y')) t(x);
SELECT corr(x, y), regr_slope(x, y), regr_count(x, y), regr_avgx(x, y), regr_syy(x, y) FROM (VALUES (1, 5), (2, 5)) t(x, y);
SELECT sum(r), avg(id::real) FROM s;
SELECT k, v, sum(id) FROM dup GROUP BY DISTINCT CUBE (k, v), ROLLUP (v) ORDER BY 1, 2, 3;
SELECT k, v, count(*) FROM dup GROUP BY DISTINCT GROUPING SETS ((k, v), (v, k), k, ()) ORDER BY 1, 2, 3;
---
mode
2
SELECT 1
mode
2
SELECT 1
percentile_cont|percentile_disc
6|10
SELECT 1
ERROR 42883: function percentile_cont(numeric, date) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
string_agg|string_agg
xy|x,y
SELECT 1
corr|regr_slope|regr_count|regr_avgx|regr_syy
NULL|NULL|2|5|0.5
SELECT 1
sum|avg
0.3|2
SELECT 1
k|v|sum
1|10|1
1|20|2
1|NULL|3
2|NULL|3
2|NULL|3
3|NULL|5
3|NULL|5
NULL|5|4
NULL|5|4
NULL|10|1
NULL|20|2
NULL|NULL|4
NULL|NULL|8
NULL|NULL|15
SELECT 14
k|v|count
1|10|1
1|20|1
1|NULL|2
2|NULL|1
2|NULL|1
3|NULL|1
3|NULL|1
NULL|5|1
NULL|NULL|1
NULL|NULL|5
SELECT 10

# A default has a type of its own.
SELECT lag(x, 1, 0.5) OVER (ORDER BY x) = 0.5 AS a FROM (VALUES (1), (2)) t(x);
SELECT lag(k, 1, 0) OVER (ORDER BY id) AS a, lag(k, 2, NULL) OVER (ORDER BY id) AS b, lag(k, 0, 7) OVER (ORDER BY id) AS c FROM dup;
SELECT lead(n2, 1, 0.125) OVER (ORDER BY id) = 0.125 AS a FROM s;
---
a
t
f
SELECT 2
a|b|c
0|NULL|1
1|NULL|1
1|1|2
2|1|NULL
NULL|2|3
SELECT 5
a
NULL
f
t
SELECT 3

# A literal without a type takes that of the other arm.
SELECT x FROM (SELECT NULL UNION SELECT 1) t(x) ORDER BY 1;
SELECT 1 AS a UNION ALL SELECT NULL UNION ALL SELECT 3;
SELECT '2024-01-01' AS a UNION ALL SELECT date '2024-01-02';
SELECT '5' AS a UNION ALL SELECT 1;
SELECT 'a' UNION ALL SELECT 1;
SELECT NULL UNION ALL SELECT NULL UNION ALL SELECT 1;
---
x
1
NULL
SELECT 2
a
1
NULL
3
SELECT 3
a
2024-01-01
2024-01-02
SELECT 2
a
5
1
SELECT 2
ERROR 22P02: invalid input syntax for type integer: "a"
ERROR 42804: UNION types text and integer cannot be matched

# What EXISTS does not evaluate.
SELECT 1 AS a WHERE EXISTS (SELECT 1/0);
SELECT id FROM dup a WHERE EXISTS (SELECT sqrt(-1), 1/0 FROM dup WHERE dup.id = a.id - 3);
SELECT 1 AS a WHERE EXISTS (SELECT count(*) FROM dup WHERE false);
SELECT 1 AS a WHERE EXISTS (SELECT 1/nosuch FROM dup);
---
a
1
SELECT 1
id
4
5
SELECT 2
a
1
SELECT 1
ERROR 42703: column "nosuch" does not exist

# A recursive query that would not end.
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT max(n) + 1 FROM r WHERE n < 4) SELECT * FROM r;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + (SELECT max(k) FROM dup) FROM r WHERE n < 9) SELECT * FROM r;
---
ERROR 42P19: aggregate functions are not allowed in a recursive query's recursive term
n
1
4
7
10
SELECT 4

# Numbers at their ends.
SELECT i8 % -1 AS a FROM (SELECT * FROM s) q;
SELECT i8 % -1 AS a FROM s;
SELECT sinh(1000) AS a, sinh(-1000) AS b, cosh(-1000) AS c;
---
a
0
NULL
0
SELECT 3
a
0
NULL
0
SELECT 3
a|b|c
Infinity|-Infinity|Infinity
SELECT 1

# AT TIME ZONE: POSIX offsets count west, intervals east.
SELECT timestamptz '2024-06-01 00:00+00' AT TIME ZONE x FROM (VALUES ('+05:30'), ('-3'), ('UTC+2'), ('EST5EDT'), ('America/New_York'), ('EST'), ('Etc/GMT+3'), ('utc')) t(x);
SELECT timestamp '2024-06-01 00:00' AT TIME ZONE '+05:30', timestamp '2024-06-01 00:00' AT TIME ZONE 'UTC+2';
SELECT timestamp '2024-06-01 00:00' AT TIME ZONE interval '5:30', timestamptz '2024-06-01 00:00+00' AT TIME ZONE interval '-5';
SELECT ts AT TIME ZONE interval '5:30' AS a, tz AT TIME ZONE interval '-05:00' AS b FROM (SELECT * FROM s) q;
SELECT timestamp '2024-06-01 00:00' AT TIME ZONE interval '1 day';
SELECT timestamptz '2024-06-01 00:00+00' AT TIME ZONE 'nope';
---
timezone
2024-05-31 18:30:00
2024-06-01 03:00:00
2024-05-31 22:00:00
2024-05-31 20:00:00
2024-05-31 20:00:00
2024-05-31 19:00:00
2024-05-31 21:00:00
2024-06-01 00:00:00
SELECT 8
timezone|timezone
2024-06-01 05:30:00+00|2024-06-01 02:00:00+00
SELECT 1
timezone|timezone
2024-05-31 18:30:00+00|2024-05-31 23:59:55
SELECT 1
a|b
2024-01-31 04:30:00+00|2024-01-31 05:00:00
NULL|NULL
2020-02-28 18:30:00+00|2020-02-28 19:00:00
SELECT 3
ERROR 22023: interval time zone "1 day" must not include months or days
ERROR 22023: time zone "nope" not recognized

# to_char's fields.
SELECT to_char(timestamp '2024-01-05 13:04:05.678901', 'Y,YYY CC FF1 FF2 FF3 FF4 FF5 FF6 BC B.C. ad RM rm W WW A.M. p.m. IDDD IYYY IYY IY I IW ID');
SELECT to_char(timestamp '2024-01-05 13:04:05.678901', 'TMMonth TMDay TMmon FMMonth FMDD DDth MONTH Month month FMRM');
SELECT to_char(timestamptz '2024-01-05 13:04:05.678901+00', 'TZH TZM OF TZ tz');
SELECT to_char(timestamp '1999-12-31', 'CC'), to_char(timestamp '2001-01-01', 'CC bc a.d.'), to_char(timestamp '2024-12-30', 'IYYY-IW-ID IDDD');
---
to_char
2,024 21 6 67 678 6789 67890 678901 AD A.D. ad I    i    1 01 P.M. p.m. 005 2024 024 24 4 01 5
SELECT 1
to_char
January Friday jan January 5 05th JANUARY   January   january   I
SELECT 1
to_char
+00 00 +00 UTC utc
SELECT 1
to_char|to_char|to_char
20|21 ad a.d.|2025-01-1 001
SELECT 1

# Names that need quotes.
SELECT quote_ident(x) FROM (VALUES ('select'), ('a b'), ('abc'), ('Abc'), ('user'), ('1a'), ('name'), ('between'), ('values')) t(x);
---
quote_ident
"select"
"a b"
abc
"Abc"
"user"
"1a"
name
"between"
"values"
SELECT 9
