# !open
# Answers that PostgreSQL 18 gives: decimals.sql in tests/sql/statements.

SELECT x::text FROM (VALUES (0.00012), (0.5)) t(x) GROUP BY x ORDER BY x;
SELECT string_agg(x::text, ',') FROM (VALUES (0.00012)) t(x);
SELECT string_agg(0.5::text, ',');
SELECT string_agg(x::text, ',') FROM (VALUES (32767::int2), (2.50), (0.00012)) t(x);
SELECT string_agg(x::text, ',') FROM (VALUES (-0.5), (0.25), (1)) t(x);
SELECT concat(x, '!'), x || '?' FROM (VALUES (-0.5), (0.25), (1)) t(x) GROUP BY x ORDER BY x;
SELECT x::varchar(5), x::char(6), json_agg(x), to_jsonb(x), ARRAY[x] FROM (VALUES (-0.5), (0.25), (1)) t(x) GROUP BY x ORDER BY x;
SELECT min(x::text), max(x)::text, (sum(x) / 3)::text FROM (VALUES (0.5::numeric(1,1)), (0.25::numeric(2,2))) t(x);
---
x
0.00012
0.5
SELECT 2
string_agg
0.00012
SELECT 1
string_agg
0.5
SELECT 1
string_agg
32767,2.50,0.00012
SELECT 1
string_agg
-0.5,0.25,1
SELECT 1
concat|?column?
-0.5!|-0.5?
0.25!|0.25?
1!|1?
SELECT 3
ERROR 42702: ORDER BY "x" is ambiguous
min|max|text
0.25|0.5|0.25000000000000000000
SELECT 1

CREATE TABLE nn (id int PRIMARY KEY, a numeric(3,3), b numeric(2,2));
INSERT INTO nn VALUES (1, 0.125, -0.5), (2, NULL, 0);
SELECT a::text, b::text, a || '' AS c FROM (SELECT * FROM nn) q ORDER BY id;
SELECT string_agg(a::text, ',' ORDER BY id), array_agg(b), json_agg(a), max(a)::text, min(b) || 'x' FROM nn;
SELECT a, b, count(*) FROM nn GROUP BY a, b ORDER BY a::text;
SELECT string_agg((a * b)::text, ','), string_agg((a - 1)::text, ',') FROM nn;
SELECT nn.a FROM nn UNION SELECT 0.5 ORDER BY 1;
SELECT (SELECT a::text FROM nn n2 WHERE n2.id = nn.id) FROM nn ORDER BY id;
---
CREATE TABLE
INSERT 0 2
a|b|c
0.125|-0.50|0.125
NULL|0.00|NULL
SELECT 2
string_agg|array_agg|json_agg|max|?column?
0.125|{-0.50,0.00}|[0.125, null]|0.125|-0.50x
SELECT 1
a|b|count
0.125|-0.50|1
NULL|0.00|1
SELECT 2
string_agg|string_agg
-0.06250|-0.875
SELECT 1
a
0.125
0.5
NULL
SELECT 3
a
0.125
NULL
SELECT 2
