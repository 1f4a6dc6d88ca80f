# !open
# Answers that PostgreSQL 18 gives: numerics.sql in tests/sql/statements.

CREATE TABLE n (id int PRIMARY KEY, f numeric, p numeric(10,2), q numeric(8,4), w numeric(38,10), i int, b bigint, d float8);
INSERT INTO n VALUES (1, 1.0, 1.50, 0.1234, 12345678901234567890.0000000001, 1, 10, 0.5), (2, 1.00, 2.25, 1, 2, 2, 20, 1.5), (3, 2.5, 2.25, 2.2500, -1.5, 3, 9223372036854775807, 'NaN'), (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (5, 'NaN', 7, 0, 0, 5, -1, 'Infinity'), (6, 1e20, 0.01, 0.0001, 99, -6, 0, -0.0);
SELECT f, count(*) FROM n GROUP BY f ORDER BY f;
SELECT f + 1, count(*) FROM n GROUP BY f + 1 ORDER BY 1;
SELECT p, count(*), sum(f) FROM n GROUP BY p ORDER BY p;
SELECT f, p, count(*) FROM n GROUP BY ROLLUP (f, p) ORDER BY f, p, 3;
SELECT f, GROUPING(f), count(*) FROM n WHERE f < 100 GROUP BY GROUPING SETS ((f), ()) ORDER BY f, 2;
SELECT DISTINCT f FROM n WHERE f > 1 ORDER BY f;
---
CREATE TABLE
INSERT 0 6
f|count
1.0|2
2.5|1
100000000000000000000|1
NaN|1
NULL|1
SELECT 5
?column?|count
2.0|2
3.5|1
100000000000000000001|1
NaN|1
NULL|1
SELECT 5
p|count|sum
0.01|1|100000000000000000000
1.50|1|1.0
2.25|2|3.50
7.00|1|NaN
NULL|1|NULL
SELECT 5
f|p|count
1.0|1.50|1
1.00|2.25|1
1.0|NULL|2
2.5|2.25|1
2.5|NULL|1
100000000000000000000|0.01|1
100000000000000000000|NULL|1
NaN|7.00|1
NaN|NULL|1
NULL|NULL|1
NULL|NULL|1
NULL|NULL|6
SELECT 12
f|grouping|count
1.0|0|2
2.5|0|1
NULL|1|3
SELECT 3
f
2.5
100000000000000000000
NaN
SELECT 3

SELECT DISTINCT f, p FROM n WHERE id <> 2 ORDER BY f, p;
SELECT DISTINCT p FROM n ORDER BY p;
SELECT count(DISTINCT f), sum(DISTINCT f), count(DISTINCT p), avg(DISTINCT p) FROM n WHERE id < 4;
SELECT a.id, b.id FROM n a JOIN n b ON a.f = b.f ORDER BY 1, 2;
SELECT a.id, b.id FROM n a JOIN n b ON a.p = b.q ORDER BY 1, 2;
SELECT a.id, b.id FROM n a JOIN n b ON a.f < b.p ORDER BY 1, 2;
SELECT f FROM n WHERE id = 1 UNION SELECT f FROM n WHERE id = 3;
SELECT f FROM n EXCEPT SELECT 1 ORDER BY 1;
---
f|p
1.0|1.50
2.5|2.25
100000000000000000000|0.01
NaN|7.00
NULL|NULL
SELECT 5
p
0.01
1.50
2.25
7.00
NULL
SELECT 5
count|sum|count|avg
2|3.5|2|1.8750000000000000
SELECT 1
id|id
1|1
1|2
2|1
2|2
3|3
5|5
6|6
SELECT 7
id|id
2|3
3|3
SELECT 2
id|id
1|1
1|2
1|3
1|5
2|1
2|2
2|3
2|5
3|5
SELECT 9
f
1.0
2.5
SELECT 2
f
2.5
100000000000000000000
NaN
NULL
SELECT 4

SELECT f FROM n INTERSECT SELECT 2.5;
SELECT p FROM n EXCEPT SELECT q FROM n ORDER BY 1;
SELECT p FROM n UNION SELECT i FROM n ORDER BY 1;
SELECT i FROM n UNION SELECT 1.5 ORDER BY 1;
SELECT id FROM (SELECT * FROM n) t WHERE p > 2.249 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p >= 2.251 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p < 1.505 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p <= 1.4999 ORDER BY id;
---
f
2.5
SELECT 1
p
0.01
1.50
7.00
SELECT 3
p
-6
0.01
1
1.50
2
2.25
3
5
7.00
NULL
SELECT 10
i
-6
1
1.5
2
3
5
NULL
SELECT 7
id
2
3
5
SELECT 3
id
5
SELECT 1
id
1
6
SELECT 2
id
6
SELECT 1

SELECT id FROM (SELECT * FROM n) t WHERE p = 2.2500 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p <> 2.251 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE 2.251 > p ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p < 'NaN' ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p > '-Infinity' ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE f = 1 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE f IN (1, 2.50, NULL) ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p IN (2.251, 1.5, 7) ORDER BY id;
---
id
2
3
SELECT 2
id
1
2
3
5
6
SELECT 5
id
1
2
3
6
SELECT 4
id
1
2
3
5
6
SELECT 5
id
1
2
3
5
6
SELECT 5
id
1
2
SELECT 2
id
1
2
3
SELECT 3
id
1
5
SELECT 2

SELECT id FROM (SELECT * FROM n) t WHERE p NOT IN (2.251, 1.5) ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE f BETWEEN 1 AND 2.5 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE p IS DISTINCT FROM 2.25 ORDER BY id;
SELECT id FROM (SELECT * FROM n) t WHERE f IS NOT DISTINCT FROM 1.000 ORDER BY id;
SELECT id FROM n WHERE f IN (SELECT p FROM n) ORDER BY id;
SELECT id FROM n WHERE p IN (SELECT q FROM n) ORDER BY id;
SELECT id FROM n WHERE f > ALL (SELECT p FROM n WHERE p < 2) ORDER BY id;
SELECT id FROM n WHERE p = ANY (SELECT f FROM n) ORDER BY id;
---
id
2
3
5
6
SELECT 4
id
1
2
3
SELECT 3
id
1
4
5
6
SELECT 4
id
1
2
SELECT 2
id
SELECT 0
id
2
3
SELECT 2
id
3
5
6
SELECT 3
id
SELECT 0

SELECT id, CASE WHEN id < 3 THEN p ELSE q END, CASE WHEN id = 1 THEN p END, coalesce(f, p, 0), nullif(p, 2.250), greatest(p, q, 1.5), least(f, p) FROM (SELECT * FROM n) t ORDER BY id;
SELECT id, p + q, p - q, p * q, p / nullif(q, 0), p % 2, -p, +p, abs(q), p + 1, 2 * p, p + i, i / p, b * p FROM (SELECT * FROM n) t WHERE id < 5 ORDER BY id;
SELECT id, f + p, f * p, f - i, f / 3, f % 2, -f, round(f, 1), trunc(f), ceil(f), floor(p), sign(f), f ^ 2, sqrt(abs(p)) FROM (SELECT * FROM n) t WHERE id < 4 ORDER BY id;
SELECT id, round(p), round(p, 1), round(q, 2), trunc(q, 2), round(p, 4), round(p, -1), ceil(p), floor(q) FROM (SELECT * FROM n) t ORDER BY id;
SELECT sum(f), avg(f), min(f), max(f), count(f) FROM (SELECT * FROM n) t;
SELECT sum(f), avg(f), min(f), max(f), variance(f), stddev(f) FROM (SELECT * FROM n WHERE id < 5) t;
SELECT sum(p), avg(p), min(p), max(p), variance(p), stddev(p), var_pop(q), stddev_pop(q) FROM (SELECT * FROM n) t;
SELECT sum(w), avg(w), min(w), max(w) FROM (SELECT * FROM n) t;
---
id|q|case|coalesce|nullif|greatest|least
1|1.50|1.50|1.0|1.50|1.50|1.0
2|2.25|NULL|1.00|NULL|2.25|1.00
3|2.2500|NULL|2.5|NULL|2.25|2.25
4|NULL|NULL|0|NULL|1.5|NULL
5|0.0000|NULL|NaN|7.00|7.00|7.00
6|0.0001|NULL|100000000000000000000|0.01|1.5|0.01
SELECT 6
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|abs|?column?|?column?|?column?|?column?|?column?
1|1.6234|1.3766|0.185100|12.1555915721231767|1.50|-1.50|1.50|0.1234|2.50|3.00|2.50|0.66666666666666666667|15.00
2|3.2500|1.2500|2.250000|2.2500000000000000|0.25|-2.25|2.25|1.0000|3.25|4.50|4.25|0.88888888888888888889|45.00
3|4.5000|0.0000|5.062500|1.00000000000000000000|0.25|-2.25|2.25|2.2500|3.25|4.50|5.25|1.3333333333333333|20752587082923245565.75
4|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
SELECT 4
id|?column?|?column?|?column?|?column?|?column?|?column?|round|trunc|ceil|floor|sign|?column?|sqrt
1|2.50|1.500|0.0|0.33333333333333333333|1.0|-1.0|1.0|1|1|1|1|1.0000000000000000|1.224744871391589
2|3.25|2.2500|-1.00|0.33333333333333333333|1.00|-1.00|1.0|1|1|2|1|1.0000000000000000|1.500000000000000
3|4.75|5.625|-0.5|0.83333333333333333333|0.5|-2.5|2.5|2|3|2|1|6.2500000000000000|1.500000000000000
SELECT 3
id|round|round|round|trunc|round|round|ceil|floor
1|2|1.5|0.12|0.12|1.5000|0|2|0
2|2|2.3|1.00|1.00|2.2500|0|3|1
3|2|2.3|2.25|2.25|2.2500|0|3|2
4|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
5|7|7.0|0.00|0.00|7.0000|10|7|0
6|0|0.0|0.00|0.00|0.0100|0|1|0
SELECT 6
sum|avg|min|max|count
NaN|NaN|1.00|NaN|5
SELECT 1
sum|avg|min|max|variance|stddev
4.50|1.5000000000000000|1.00|2.5|0.75000000000000000000|0.86602540378443864676
SELECT 1
sum|avg|min|max|variance|stddev|var_pop|stddev_pop
13.01|2.6020000000000000|0.01|7.00|6.8807700000000000|2.6231221854881255|0.76032542400000000000|0.87196641219716714499
SELECT 1
sum|avg|min|max
12345678901234567989.5000000001|2469135780246913597.9000000000|-1.5000000000|12345678901234567890.0000000001
SELECT 1

SELECT sum(b), avg(b), avg(i), sum(i), variance(i), stddev(b) FROM (SELECT * FROM n) t;
SELECT sum(p * q), sum(p * (1 - q)), sum(p) / count(p), avg(p * 1.05) FROM (SELECT * FROM n) t;
SELECT p, sum(f) OVER (ORDER BY id), avg(p) OVER (ORDER BY id), lag(p, 1, 0.125) OVER (ORDER BY id), lead(f) OVER (ORDER BY id), first_value(p) OVER (ORDER BY id) FROM n ORDER BY id;
SELECT f, row_number() OVER (PARTITION BY f ORDER BY id), rank() OVER (ORDER BY f) FROM n ORDER BY id;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY f), percentile_cont(0.5) WITHIN GROUP (ORDER BY p), percentile_disc(0.5) WITHIN GROUP (ORDER BY p) FROM n WHERE id < 4;
SELECT f::int, f::text, f::numeric(5,1), p::numeric(4,1), p::int, p::float8, q::real, p::text, w::float8 FROM (SELECT * FROM n WHERE id < 4) t;
SELECT f::int8 FROM (SELECT * FROM n WHERE id = 6) t;
SELECT (p * 1e12)::int FROM (SELECT * FROM n) t;
---
sum|avg|avg|sum|variance|stddev
9223372036854775836|1844674407370955167|1.00000000000000000000|5|17.5000000000000000|4124817371235594855
SELECT 1
sum|sum|?column?|avg
7.497601|5.512399|2.6020000000000000|2.7321000000000000
SELECT 1
p|sum|avg|lag|lead|first_value
1.50|1.0|1.50000000000000000000|0.125|1.00|1.50
2.25|2.00|1.8750000000000000|1.50|2.5|1.50
2.25|4.50|2.0000000000000000|2.25|NULL|1.50
NULL|4.50|2.0000000000000000|2.25|NaN|1.50
7.00|NaN|3.2500000000000000|NULL|100000000000000000000|1.50
0.01|NaN|2.6020000000000000|7.00|NULL|1.50
SELECT 6
f|row_number|rank
1.0|1|1
1.00|2|1
2.5|1|3
NULL|1|6
NaN|1|5
100000000000000000000|1|4
SELECT 6
percentile_disc|percentile_cont|percentile_disc
1.00|2.25|2.25
SELECT 1
f|f|f|p|p|p|q|p|w
1|1.0|1.0|1.5|2|1.5|0.1234|1.50|1.2345678901234567e+19
1|1.00|1.0|2.3|2|2.25|1|2.25|2
3|2.5|2.5|2.3|2|2.25|2.25|2.25|-1.5
SELECT 3
ERROR 22003: bigint out of range
ERROR 22003: integer out of range

SELECT d::numeric, i::numeric, b::numeric, i::numeric(5,2), b::numeric(20,1) FROM (SELECT * FROM n) t WHERE id < 4 ORDER BY id;
SELECT p::numeric(2,1) FROM (SELECT * FROM n) t WHERE id < 3;
SELECT i::numeric(3,3) FROM (SELECT * FROM n) t WHERE id < 3;
SELECT array_agg(f ORDER BY id), array_agg(p), string_agg(f::text, ',' ORDER BY id) FROM n;
SELECT x FROM unnest('{1.10,2.5,NULL}'::numeric[]) u(x) ORDER BY x DESC;
SELECT sum(x), max(x) FROM unnest('{1.10,2.5}'::numeric[]) u(x);
WITH RECURSIVE r(k, v) AS (SELECT 1, 0.5 UNION ALL SELECT k + 1, v / 3 FROM r WHERE k < 4) SELECT * FROM r ORDER BY k;
WITH t AS (SELECT f * 2 AS g FROM n WHERE id < 4) SELECT g, g + 0.25, g::text FROM t ORDER BY g;
---
d|i|b|i|b
0.5|1|10|1.00|10.0
1.5|2|20|2.00|20.0
NaN|3|9223372036854775807|3.00|9223372036854775807.0
SELECT 3
p
1.5
2.3
SELECT 2
ERROR 22003: numeric field overflow
  detail: A field with precision 3, scale 3 must round to an absolute value less than 1.
array_agg|array_agg|string_agg
{1.0,1.00,2.5,NULL,NaN,100000000000000000000}|{1.50,2.25,2.25,NULL,7.00,0.01}|1.0,1.00,2.5,NaN,100000000000000000000
SELECT 1
x
NULL
2.5
1.10
SELECT 3
sum|max
3.60|2.5
SELECT 1
k|v
1|0.5
2|0.16666666666666666667
3|0.05555555555555555556
4|0.01851851851851851852
SELECT 4
ERROR 42702: ORDER BY "g" is ambiguous

SELECT x FROM (VALUES (1.5), (NULL), (2), (3.25::numeric(6,3))) v(x) ORDER BY x;
SELECT x, y FROM (VALUES (1, 1.5), (2.25, 2)) v(x, y);
SELECT x * 1.1, x + 0.05, x / 7 FROM (VALUES (10.00), (20.5)) v(x);
SELECT avg(x), sum(x) FROM (VALUES (1), (2), (4)) v(x);
SELECT x / 3, x % 3, x * 0.1, x + 0.1 FROM (VALUES (10), (20)) v(x);
SELECT extract(epoch FROM x), extract(second FROM x), date_part('epoch', x) FROM (VALUES (timestamp '2024-01-01 00:00:01.5')) v(x);
SELECT id, (SELECT max(f) FROM n m WHERE m.id < n.id), (SELECT avg(p) FROM n m WHERE m.id <= n.id) FROM n ORDER BY id;
SELECT n.id, s.t FROM n, LATERAL (SELECT sum(m.p) AS t FROM n m WHERE m.id < n.id) s ORDER BY 1;
---
x
1.5
2
3.250
NULL
SELECT 4
x|y
1|1.5
2.25|2
SELECT 2
?column?|?column?|?column?
11.000|10.05|1.4285714285714286
22.55|20.55|2.9285714285714286
SELECT 2
avg|sum
2.3333333333333333|7
SELECT 1
?column?|?column?|?column?|?column?
3|1|1.0|10.1
6|2|2.0|20.1
SELECT 2
extract|extract|date_part
1704067201.500000|1.500000|1704067201.5
SELECT 1
id|max|avg
1|NULL|1.50000000000000000000
2|1.0|1.8750000000000000
3|1.00|2.0000000000000000
4|2.5|2.0000000000000000
5|2.5|3.2500000000000000
6|NaN|2.6020000000000000
SELECT 6
id|t
1|NULL
2|1.50
3|3.75
4|6.00
5|6.00
6|13.00
SELECT 6

SELECT p, count(*) FROM n GROUP BY p HAVING sum(q) > 1.00001 ORDER BY p;
SELECT f FROM n ORDER BY f DESC NULLS LAST, id;
SELECT f, sum(p) FROM n GROUP BY 1 HAVING f > 1 ORDER BY sum(p) DESC, 1;
SELECT f, count(*) OVER (PARTITION BY f) FROM n WHERE id < 4 ORDER BY id;
SELECT 1.10::text, 2.50 + 1, 1.0 / 3, 10 / 4.0, 2 ^ 0.5, round(2.5), round(-2.5), 1e3, .5, 5., 1_000.5;
SELECT x::numeric FROM (VALUES ('1.50'), ('2'), ('1e3')) v(x);
SELECT sum(x) FILTER (WHERE x > 1.05), avg(x) FILTER (WHERE x > 100) FROM (VALUES (1.1), (1.0), (2.25)) v(x);
SELECT id FROM n ORDER BY p + q DESC NULLS LAST, id;
---
p|count
2.25|2
SELECT 1
f
NaN
100000000000000000000
2.5
1.0
1.00
NULL
SELECT 6
f|sum
NaN|7.00
2.5|2.25
100000000000000000000|0.01
SELECT 3
f|count
1.0|2
1.00|2
2.5|1
SELECT 3
text|?column?|?column?|?column?|?column?|round|round|?column?|?column?|?column?|?column?
1.10|3.50|0.33333333333333333333|2.5000000000000000|1.4142135623730950|3|-3|1000|0.5|5|1000.5
SELECT 1
x
1.50
2
1000
SELECT 3
sum|avg
3.35|NULL
SELECT 1
id
5
3
2
1
6
4
SELECT 6

SELECT exists (SELECT 1 FROM n m WHERE m.f = n.p) FROM n ORDER BY id;
SELECT least(1.5, 2, NULL), greatest('1.50', 1.5), coalesce(NULL, 1.20), nullif(1.0, 1.00);
---
exists
f
f
f
f
f
f
SELECT 6
least|greatest|coalesce|nullif
1.5|1.50|1.20|NULL
SELECT 1
