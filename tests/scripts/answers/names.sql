# !open: names of output columns, ORDER BY beside DISTINCT, and series on a clock with summer time, as PostgreSQL 18 answers
CREATE TABLE dup (id int PRIMARY KEY, k int, v int);
INSERT INTO dup VALUES (1, 1, 10), (2, 1, 20), (3, 2, NULL), (4, NULL, 5), (5, 3, NULL);
---
CREATE TABLE
INSERT 0 5

# A cast takes the name of what it casts unless that is a cast or a CASE; both executors name alike.
SELECT '1'::text::int, 2.5::float8::int, CASE WHEN true THEN 1 ELSE 2::int8 END, CASE WHEN true THEN 1 END::int8, coalesce(1, 2)::int8;
SELECT CASE WHEN true THEN 1 ELSE id END, (CASE WHEN true THEN 1 ELSE id END)::int8, upper('x')::varchar, id::int8, ARRAY[1]::int8[], exists(SELECT 1) FROM dup WHERE id = 1;
SELECT CASE WHEN true THEN 1 ELSE id END, (CASE WHEN true THEN 1 ELSE id END)::int8, upper('x')::varchar, id::int8, ARRAY[1]::int8[], exists(SELECT 1) FROM (SELECT * FROM dup WHERE id = 1) q;
SELECT x::text::int, x::text, CASE WHEN true THEN 1 ELSE 2::int8 END FROM (VALUES ('1')) t(x);
---
int4|int4|case|int8|coalesce
1|2|1|1|1
SELECT 1
id|id|upper|id|array|exists
1|1|X|1|{1}|t
SELECT 1
id|id|upper|id|array|exists
1|1|X|1|{1}|t
SELECT 1
x|x|case
1|1|1
SELECT 1

# DISTINCT and ORDER BY.
SELECT DISTINCT k + 1 AS z FROM dup ORDER BY k + 1;
SELECT DISTINCT k + 1 AS z FROM dup ORDER BY k + 2;
SELECT DISTINCT ON (k) k, v FROM dup ORDER BY k, v;
SELECT DISTINCT ON (k, v) k, v FROM dup ORDER BY v, k;
SELECT DISTINCT ON (k + 1) k, v FROM dup ORDER BY k + 1, id;
SELECT DISTINCT ON (1) k AS z, v FROM dup ORDER BY z, v;
SELECT DISTINCT ON (dup.k) k, v FROM dup ORDER BY k, v;
SELECT DISTINCT ON (k) k, v FROM dup ORDER BY v;
SELECT DISTINCT ON (k, v) k, v FROM dup ORDER BY k, id;
SELECT 1 FROM dup GROUP BY 'a';
---
z
2
3
4
NULL
SELECT 4
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list
k|v
1|10
2|NULL
3|NULL
NULL|5
SELECT 4
k|v
NULL|5
1|10
1|20
2|NULL
3|NULL
SELECT 5
k|v
1|10
2|NULL
3|NULL
NULL|5
SELECT 4
z|v
1|10
2|NULL
3|NULL
NULL|5
SELECT 4
k|v
1|10
2|NULL
3|NULL
NULL|5
SELECT 4
ERROR 42P10: SELECT DISTINCT ON expressions must match initial ORDER BY expressions
ERROR 42P10: SELECT DISTINCT ON expressions must match initial ORDER BY expressions
ERROR 42601: non-integer constant in GROUP BY

# Days on a clock with summer time.
SET TimeZone = 'America/New_York';
SELECT * FROM generate_series('2024-03-09'::timestamptz, '2024-03-12', '1 day');
SELECT * FROM generate_series('2024-03-12'::timestamptz, '2024-03-09', '-1 day');
SELECT * FROM generate_series(date '2024-11-02', date '2024-11-04', interval '1 day');
SELECT generate_series('2024-03-09'::timestamptz, '2024-03-12', '0 day');
SELECT to_char(timestamptz '0044-03-15 BC', 'YYYY BC');
---
SET
generate_series
2024-03-09 00:00:00-05
2024-03-10 00:00:00-05
2024-03-11 00:00:00-04
2024-03-12 00:00:00-04
SELECT 4
generate_series
2024-03-12 00:00:00-04
2024-03-11 00:00:00-04
2024-03-10 00:00:00-05
2024-03-09 00:00:00-05
SELECT 4
generate_series
2024-11-02 00:00:00-04
2024-11-03 00:00:00-04
2024-11-04 00:00:00-05
SELECT 3
ERROR 22023: step size cannot equal zero
to_char
0044 BC
SELECT 1

# An oid has no sign; the parameters of windows have errors of their own.
SELECT x::oid FROM (VALUES (-7), (7)) t(x);
SELECT ntile(0) OVER (ORDER BY id) FROM dup;
SELECT sum(k) OVER (ORDER BY id ROWS -1 PRECEDING) FROM dup;
---
x
4294967289
7
SELECT 2
ERROR 22014: argument of ntile must be greater than zero
ERROR 22013: frame starting offset must not be negative
