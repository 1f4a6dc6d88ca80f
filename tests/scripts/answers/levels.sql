# !open
# Aggregates over columns of an outer query are that query's, wherever they stand. The answers are PostgreSQL 18's.

CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'x');
CREATE TABLE u (id int PRIMARY KEY, c int);
INSERT INTO u VALUES (1, 1), (2, 25);
SELECT (SELECT sum(t.a) FROM u WHERE u.id = 1) FROM t;
SELECT b, (SELECT sum(t.a) FROM u WHERE u.id = 1) FROM t GROUP BY b ORDER BY b;
SELECT (SELECT max(t.a + 1) FROM u LIMIT 1) FROM t;
SELECT (SELECT sum(t.a + u.c) FROM u) FROM t ORDER BY 1;
SELECT b FROM t GROUP BY b HAVING EXISTS (SELECT 1 FROM u WHERE sum(t.a) > u.c) ORDER BY b;
SELECT b FROM t GROUP BY b HAVING (SELECT count(*) FROM u WHERE u.c < sum(t.a)) = 2 ORDER BY b;
SELECT b, (SELECT count(*) FROM u WHERE u.c < max(t.a)) FROM t GROUP BY b ORDER BY b;
SELECT b, (SELECT count(t.a) FROM u LIMIT 1) FROM t GROUP BY b ORDER BY b;
SELECT b, ARRAY(SELECT max(t.a) + u.c FROM u ORDER BY 1) FROM t GROUP BY b ORDER BY b;
SELECT id FROM t WHERE a = (SELECT max(t.a) FROM u);
SELECT b, (SELECT sum(t.a) FILTER (WHERE t.id > 1) FROM u LIMIT 1) FROM t GROUP BY b ORDER BY b;
SELECT b, (SELECT sum(c) FILTER (WHERE t.b = 'x') FROM u) FROM t ORDER BY id;
---
CREATE TABLE
INSERT 0 3
CREATE TABLE
INSERT 0 2
sum
60
SELECT 1
b|sum
x|40
y|20
SELECT 2
max
31
SELECT 1
sum
46
66
86
SELECT 3
b
x
y
SELECT 2
b
x
SELECT 1
b|count
x|2
y|1
SELECT 2
b|count
x|2
y|1
SELECT 2
b|array
x|{31,55}
y|{21,45}
SELECT 2
ERROR 42803: aggregate functions are not allowed in WHERE
b|sum
x|30
y|20
SELECT 2
b|sum
x|26
y|NULL
x|26
SELECT 3

SELECT (SELECT (SELECT sum(t.a) FROM u LIMIT 1) FROM u LIMIT 1) FROM t;
SELECT count(*), (SELECT count(t.id)) FROM t;
SELECT sum((SELECT max(t.a) FROM u)) FROM t;
SELECT b, (SELECT max(c) FROM u WHERE c < sum(t.a)) AS m FROM t GROUP BY b ORDER BY m, b;
SELECT b FROM t GROUP BY b ORDER BY (SELECT count(*) FROM u WHERE c < min(t.a)), b;
SELECT (SELECT max(t.a) + max(u.c) FROM u) FROM t;
SELECT * FROM t, LATERAL (SELECT sum(t.a) FROM u) x;
SELECT t.a, (SELECT count(*) FROM u HAVING sum(t.a) > 1) FROM t GROUP BY t.a ORDER BY 1;
SELECT (SELECT string_agg(t.b, ',' ORDER BY t.id) FROM u LIMIT 1) FROM t;
SELECT b, (SELECT sum(t.a) OVER () FROM u LIMIT 1) FROM t GROUP BY b ORDER BY b;
SELECT (SELECT avg(x) FROM (SELECT sum(t.a) AS x) q) FROM t;
SELECT b, sum(a), (SELECT count(*) FROM t t2 WHERE t2.a > avg(t.a)) FROM t GROUP BY b ORDER BY b;
---
sum
60
SELECT 1
count|count
3|3
SELECT 1
ERROR 42803: aggregate function calls cannot be nested
b|m
y|1
x|25
SELECT 2
b
x
y
SELECT 2
?column?
55
SELECT 1
ERROR 42803: aggregate functions are not allowed in FROM clause of their own query level
a|count
10|2
20|2
30|2
SELECT 3
string_agg
x,y,x
SELECT 1
ERROR 42803: column must appear in the GROUP BY clause or be used in an aggregate function
avg
60.0000000000000000
SELECT 1
b|sum|count
x|40|1
y|20|1
SELECT 2

SELECT (SELECT count(*) FROM u WHERE c > count(*)) FROM t LIMIT 1;
UPDATE t SET a = (SELECT max(t.a) FROM u);
SELECT b, max(a) FROM t WHERE a > (SELECT avg(t2.a) FROM t t2 WHERE t2.b = t.b) GROUP BY b ORDER BY b;
WITH w AS (SELECT 1 AS a) SELECT * FROM w FOR UPDATE;
SELECT g FROM generate_series(1, 2) g FOR UPDATE;
WITH w AS (SELECT 1 AS a) SELECT * FROM w FOR UPDATE OF w;
SELECT 1 AS one FOR UPDATE;
---
ERROR 42803: aggregate functions are not allowed in WHERE
ERROR 42803: aggregate functions are not allowed in UPDATE
b|max
x|30
SELECT 1
a
1
SELECT 1
g
1
2
SELECT 2
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
one
1
SELECT 1
