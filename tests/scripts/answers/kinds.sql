# !open
# Answers that PostgreSQL 18 gives: kinds.sql in tests/sql/statements.

SELECT mode() WITHIN GROUP (ORDER BY x), percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES ('NaN'::numeric), (100.0), (100.00), (NULL), ('NaN'), (1.5)) t(x);
SELECT mode() WITHIN GROUP (ORDER BY x DESC), percentile_disc(0.9) WITHIN GROUP (ORDER BY x) FILTER (WHERE x > '{a}') FROM (VALUES ('{"x y",NULL,""}'::text[]), ('{a,b}'), (NULL), ('{b}')) t(x);
SELECT percentile_disc(1.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1.5), (2)) t(x);
SELECT percentile_disc(0.2) WITHIN GROUP (ORDER BY x) FROM (VALUES ('ab'::bpchar), ('c ')) t(x);
SELECT mode() WITHIN GROUP (ORDER BY x) FROM (VALUES ('{"a":1}'::jsonb), ('2'), ('{"a":1}')) t(x);
SELECT array_agg(DISTINCT x), array_agg(DISTINCT x ORDER BY x DESC) FROM (VALUES ('{"a":1}'::jsonb), ('2'), ('{"a":1}'), (NULL)) t(x);
SELECT array_agg(DISTINCT x), string_agg(DISTINCT x::text, ',') FROM (VALUES (1.5), (1.50), (NULL), (0)) t(x);
SELECT array_agg(DISTINCT x) FROM (VALUES ('ab'::bpchar), ('ab  '), ('c')) t(x);
---
mode|percentile_disc
100.0|100.00
SELECT 1
mode|percentile_disc
{"x y",NULL,""}|{"x y",NULL,""}
SELECT 1
ERROR 22003: percentile value 1.5 is not between 0 and 1
percentile_disc
ab
SELECT 1
mode
{"a": 1}
SELECT 1
array_agg|array_agg
{2,"{\"a\": 1}",NULL}|{NULL,"{\"a\": 1}",2}
SELECT 1
array_agg|string_agg
{0,1.5,NULL}|0,1.5,1.50
SELECT 1
array_agg
{ab,c}
SELECT 1

(SELECT array['ab'::char(4), 'c'::char(4)] AS x UNION ALL SELECT array['ab'::char(4), 'c'::char(4)]) INTERSECT ALL (SELECT array['ab'::char(4), 'c'::char(4)] UNION ALL SELECT array['ab'::char(4), 'c'::char(4)]);
SELECT sum(x), avg(x), min(x) FROM (VALUES (time '10:00'), ('13:30:00.5')) t(x);
SELECT sum(x) OVER (), avg(x) OVER (ORDER BY x) FROM (VALUES (time '10:00'), ('13:30:00.5')) t(x);
SELECT max(x), min(x) FROM (VALUES (cidr '10/8'), ('1.2.3.4')) t(x);
SELECT max(x), min(y) OVER () FROM (VALUES ('a'::name, 'b'::name)) t(x, y) GROUP BY y;
SELECT nullif(1::int2, 1.5::float4), nullif(1.5::float4, 2::float8), nullif(date '2024-01-01', timestamp '2024-01-02'), nullif('a'::name, 'b'::text), nullif('a'::text, 'b'::name), nullif(cidr '10/8', '11/8'), nullif('a'::varchar(5), 'b'), nullif('a'::char(5), 'b');
SELECT nullif(1, 1.0), nullif(1, 2.0), nullif(NULL, 1), nullif('x', 'y'), nullif('1', 2);
SELECT nullif(x, 1.0), nullif(x, 2::int8) FROM (VALUES (1), (2)) t(x);
---
x
{"ab  ","c   "}
{"ab  ","c   "}
SELECT 2
sum|avg|min
23:30:00.5|11:45:00.25|10:00:00
SELECT 1
sum|avg
23:30:00.5|10:00:00
23:30:00.5|11:45:00.25
SELECT 2
max|min
10.0.0.0/8|1.2.3.4
SELECT 1
max|min
a|b
SELECT 1
nullif|nullif|nullif|nullif|nullif|nullif|nullif|nullif
1|1.5|2024-01-01|a|a|10.0.0.0/8|a|a    
SELECT 1
nullif|nullif|nullif|nullif|nullif
NULL|1|NULL|x|1
SELECT 1
nullif|nullif
NULL|1
2|NULL
SELECT 2

WITH RECURSIVE r(n, v) AS (SELECT 1, 'a'::varchar(3) UNION ALL SELECT n + 1, v FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 'a'::varchar(3) UNION ALL SELECT n + 1, v || 'b' FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 'a' UNION ALL SELECT n + 1, v || 'b' FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1.5::numeric(8,2) UNION ALL SELECT n + 1, v FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1.5::numeric(8,2) UNION ALL SELECT n + 1, CASE WHEN n > 1 THEN v ELSE 0.5::numeric(8,2) END FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, NULL UNION ALL SELECT n + 1, v FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, NULL UNION ALL SELECT n + 1, n FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1::bigint UNION ALL SELECT n + 1, n FROM r WHERE n < 3) SELECT * FROM r;
---
n|v
1|a
2|a
3|a
SELECT 3
ERROR 42804: recursive query "r" column 2 has type character varying(3) in non-recursive term but type character varying overall
  hint: Cast the output of the non-recursive term to the correct type.
n|v
1|a
2|ab
3|abb
SELECT 3
n|v
1|1.50
2|1.50
3|1.50
SELECT 3
n|v
1|1.50
2|0.50
3|0.50
SELECT 3
n|v
1|NULL
2|NULL
3|NULL
SELECT 3
ERROR 42804: UNION types text and integer cannot be matched
n|v
1|1
2|1
3|2
SELECT 3

WITH RECURSIVE r(v) AS (SELECT ARRAY[1] UNION ALL SELECT v || 2 FROM r WHERE array_length(v, 1) < 3) SELECT * FROM r;
CREATE TABLE rt (id int PRIMARY KEY, up int, name varchar(10), price numeric(8,2), c char(3));
INSERT INTO rt VALUES (1, NULL, 'a', 1.5, 'x'), (2, 1, 'b', 2.5, 'y'), (3, 2, 'c', 3.25, 'z');
WITH RECURSIVE r AS (SELECT * FROM rt WHERE up IS NULL UNION ALL SELECT t.* FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
WITH RECURSIVE r AS (SELECT id, name, price FROM rt WHERE up IS NULL UNION ALL SELECT t.id, t.name, r.price + t.price FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
WITH RECURSIVE r AS (SELECT id, max(name) AS m, min(c) AS c FROM rt WHERE up IS NULL GROUP BY id UNION ALL SELECT t.id, r.m, r.c FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
WITH RECURSIVE r AS (SELECT id, name::text AS path, 1 AS depth FROM rt WHERE up IS NULL UNION ALL SELECT t.id, r.path || '/' || t.name, depth + 1 FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
WITH RECURSIVE r AS (SELECT id, coalesce(name, name) AS n, CASE WHEN true THEN price ELSE price END AS p, c FROM rt WHERE up IS NULL UNION ALL SELECT t.id, t.name, t.price, t.c FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
---
v
{1}
{1,2}
{1,2,2}
SELECT 3
CREATE TABLE
INSERT 0 3
id|up|name|price|c
1|NULL|a|1.50|x  
2|1|b|2.50|y  
3|2|c|3.25|z  
SELECT 3
ERROR 42804: recursive query "r" column 3 has type numeric(8,2) in non-recursive term but type numeric overall
  hint: Cast the output of the non-recursive term to the correct type.
id|m|c
1|a|x  
2|a|x  
3|a|x  
SELECT 3
id|path|depth
1|a|1
2|a/b|2
3|a/b/c|3
SELECT 3
id|n|p|c
1|a|1.50|x  
2|b|2.50|y  
3|c|3.25|z  
SELECT 3

WITH RECURSIVE r AS (SELECT id, (SELECT price) AS p FROM rt WHERE up IS NULL UNION ALL SELECT t.id, t.price FROM rt t JOIN r ON t.up = r.id) SELECT * FROM r ORDER BY id;
SELECT array_agg(x) FROM (VALUES ('{}'::int[]), ('{}')) t(x);
SELECT array_agg(x) FROM (VALUES ('{1}'::int[]), (NULL)) t(x);
SELECT array_agg(x) FROM (VALUES ('{1}'::int[]), ('{1,2}')) t(x);
SELECT array_agg(x) FROM (VALUES ('{1}'::int[]), ('{2}')) t(x);
SELECT ARRAY(SELECT ARRAY[1, 2]), ARRAY(SELECT ARRAY[1] WHERE false);
SELECT ARRAY(SELECT '{1}'::int[] UNION ALL SELECT NULL);
SELECT 1 IN (1, 'x'::text);
---
id|p
1|1.50
2|2.50
3|3.25
SELECT 3
ERROR 2202E: cannot accumulate empty arrays
ERROR 22004: cannot accumulate null arrays
ERROR 2202E: cannot accumulate arrays of different dimensionality
array_agg
{{1},{2}}
SELECT 1
array|array
{{1,2}}|{}
SELECT 1
ERROR 22004: cannot accumulate null arrays
ERROR 42883: operator does not exist: integer = text
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

SELECT 1 IN (1, 2.5, '3'), '2024-01-01'::date IN ('2024-01-01'::timestamp, date '2024-01-02');
SELECT 'x'::text IN ('{a}'::text[], 'x');
SELECT '{a}'::text[] IN ('{a}', '{b}'::text[]);
CREATE TABLE bt (id int PRIMARY KEY, b bit(3), v varbit(4));
INSERT INTO bt SELECT 5, '11110000111100001'::varbit(20);
INSERT INTO bt SELECT 5, '1111';
INSERT INTO bt VALUES (5, '11110'::varbit);
INSERT INTO bt VALUES (5, '111'::varbit, '1111'), (6, '101', '');
---
?column?|?column?
t|t
SELECT 1
ERROR 42883: operator does not exist: text = text[]
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
?column?
t
SELECT 1
CREATE TABLE
ERROR 22026: bit string length 17 does not match type bit(3)
ERROR 22026: bit string length 4 does not match type bit(3)
ERROR 22026: bit string length 5 does not match type bit(3)
INSERT 0 2

UPDATE bt SET b = v WHERE id = 6;
UPDATE bt SET b = v || v;
UPDATE bt SET v = v || v;
UPDATE bt SET b = b'11' || b'0' RETURNING *;
SELECT l.x, r.x FROM (VALUES ('{1.0}'::numeric[]), ('{NULL,5}')) l(x) JOIN (VALUES ('{1.00}'::numeric[]), ('{NULL,5}')) r(x) ON l.x = r.x ORDER BY 1;
SELECT x, count(*) FROM (VALUES ('{1}'::float8[]), ('{NaN}'), ('{NaN}'), ('{NULL}'), ('{}'), ('{NULL}'), ('{{1}}')) t(x) GROUP BY x ORDER BY x;
SELECT 'a'::"char"::name;
SELECT 12345678901 = ANY (ARRAY['-0.1'::float4, 12345678901]), 1 = ANY (ARRAY[1, 2.5]), 2 <> ALL (ARRAY[1, 2.0]), 1 = ANY (ARRAY['1', '2']);
---
ERROR 22026: bit string length 0 does not match type bit(3)
ERROR 22026: bit string length 8 does not match type bit(3)
ERROR 22001: bit string too long for type bit varying(4)
id|b|v
5|110|1111
6|110|
UPDATE 2
x|x
{1.0}|{1.00}
{NULL,5}|{NULL,5}
SELECT 2
x|count
{}|1
{1}|1
{{1}}|1
{NaN}|2
{NULL}|2
SELECT 5
name
a
SELECT 1
ERROR 42883: operator does not exist: integer = text
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

SELECT 'a' = ANY (ARRAY['a', 'b']), 'a'::varchar = ANY (ARRAY['a', 'b']), 1::int2 = ANY (ARRAY[1, 2]), 1 = ANY (ARRAY[1::int8, 2]), 1.0 = ANY (ARRAY[1, 2]), NULL = ANY (ARRAY[1, 2]);
SELECT id FROM rt WHERE id = ANY (ARRAY[1, 3]) ORDER BY id;
SELECT id FROM rt WHERE name = ANY (ARRAY['a', 'c']) AND c <> ALL (ARRAY['x', 'z']) ORDER BY id;
SELECT 'r'::"char" = ANY (ARRAY['r'::varchar, 'v'::varchar]), (1, 2) = ANY (ARRAY[(1, 2)]);
SELECT 1 = ANY (ARRAY[1, 'x']);
SELECT 1 = ANY (ARRAY[1, true]);
SELECT json_agg(x ORDER BY n) FROM (VALUES ('{1}'::int[], 1), (NULL, 2), ('{2}', 3)) t(x, n);
SELECT json_agg(x) FROM (VALUES (NULL::int[])) t(x);
---
?column?|?column?|?column?|?column?|?column?|?column?
t|t|t|t|t|NULL
SELECT 1
id
1
3
SELECT 2
id
SELECT 0
?column?|?column?
t|t
SELECT 1
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42804: ARRAY types integer and boolean cannot be matched
json_agg
[[1], null, 
 [2]]
SELECT 1
json_agg
[null]
SELECT 1

SELECT max(x), min(x) FROM (VALUES ('{1.0}'::numeric[]), ('{1.00}')) t(x);
WITH RECURSIVE r(n, v) AS (SELECT 1, date '2024-01-01' UNION ALL SELECT n + 1, '2024-02-02' FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, 1 UNION ALL SELECT n + 1, NULL FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n, v) AS (SELECT 1, '1' UNION SELECT n + 1, NULL FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL VALUES (2) UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL (SELECT n + 1 FROM r WHERE n < 3 ORDER BY 1)) SELECT * FROM r;
---
max|min
{1.00}|{1.00}
SELECT 1
n|v
1|2024-01-01
2|2024-02-02
3|2024-02-02
SELECT 3
n|v
1|1
2|NULL
3|NULL
SELECT 3
n|v
1|1
2|NULL
3|NULL
SELECT 3
n
1
2
3
SELECT 3
n
1
2
2
3
3
SELECT 5
n
1
2
3
SELECT 3
