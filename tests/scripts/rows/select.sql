CREATE TABLE t (a int, b int, c text, d numeric(6,2), PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 1, 'p', 1.10), (1, 2, 'q', 2.20), (2, 1, 'r', NULL), (2, 2, NULL, 4.40), (3, 1, 'p', 5.50);
---
CREATE TABLE
INSERT 0 5

SELECT * FROM t WHERE a = 2 AND b = 1;
SELECT c, d AS money, a + b, a * 10 AS ten FROM t WHERE a = 1 ORDER BY b;
SELECT t.c, t.* FROM t WHERE b = 2 ORDER BY a;
SELECT x.c FROM t AS x WHERE x.a >= 2 ORDER BY x.a, x.b;
SELECT a, b FROM t ORDER BY a DESC, b DESC;
SELECT a, b FROM t ORDER BY a, b LIMIT 2;
SELECT a, b FROM t ORDER BY a DESC, b DESC LIMIT 2 OFFSET 2;
SELECT a, b FROM t ORDER BY a, b DESC;
SELECT c FROM t ORDER BY c, a, b;
SELECT c FROM t ORDER BY c DESC, a, b;
SELECT c FROM t ORDER BY c NULLS FIRST, a DESC;
SELECT a AS z, b FROM t ORDER BY z DESC, 2 LIMIT 3;
SELECT a, b FROM t ORDER BY a + b, a;
SELECT a FROM t WHERE a = 1 LIMIT 0;
SELECT a, b FROM t ORDER BY a, b OFFSET 4;
SELECT a, b FROM t ORDER BY a, b LIMIT NULL OFFSET 3;
SELECT a, b FROM t ORDER BY a, b FETCH FIRST 1 ROW ONLY;
---
a|b|c|d
2|1|r|NULL
SELECT 1
c|money|?column?|ten
p|1.10|2|10
q|2.20|3|10
SELECT 2
c|a|b|c|d
q|1|2|q|2.20
NULL|2|2|NULL|4.40
SELECT 2
c
r
NULL
p
SELECT 3
a|b
3|1
2|2
2|1
1|2
1|1
SELECT 5
a|b
1|1
1|2
SELECT 2
a|b
2|1
1|2
SELECT 2
a|b
1|2
1|1
2|2
2|1
3|1
SELECT 5
c
p
p
q
r
NULL
SELECT 5
c
NULL
r
q
p
p
SELECT 5
c
NULL
p
p
q
r
SELECT 5
z|b
3|1
2|1
2|2
SELECT 3
a|b
1|1
1|2
2|1
2|2
3|1
SELECT 5
a
SELECT 0
a|b
3|1
SELECT 1
a|b
2|2
3|1
SELECT 2
a|b
1|1
SELECT 1

# filters
SELECT a, b FROM t WHERE c = 'p' AND d > 1 ORDER BY a;
SELECT a, b FROM t WHERE c IS NULL OR d IS NULL ORDER BY a, b;
SELECT a, b FROM t WHERE NOT (c = 'p') ORDER BY a, b;
SELECT a, b FROM t WHERE c LIKE 'p%' ORDER BY a;
SELECT a, b FROM t WHERE a IN (1, 3) AND b = 1 ORDER BY a;
SELECT a, b FROM t WHERE a NOT IN (1, 3) ORDER BY a, b;
SELECT a, b FROM t WHERE a < 3 AND a > 1 ORDER BY b;
SELECT a, b FROM t WHERE a >= 1 AND a >= 2 AND a <= 2 ORDER BY b;
SELECT a, b FROM t WHERE a = 5 OR b = 2 ORDER BY a;
SELECT a, b FROM t WHERE false;
SELECT count(*) FROM t WHERE true;
SELECT a, b FROM t WHERE d = 2.2;
SELECT a, b FROM t WHERE (a, b) = (2, 2);
---
a|b
1|1
3|1
SELECT 2
a|b
2|1
2|2
SELECT 2
a|b
1|2
2|1
SELECT 2
a|b
1|1
3|1
SELECT 2
a|b
1|1
3|1
SELECT 2
a|b
2|1
2|2
SELECT 2
a|b
2|1
2|2
SELECT 2
a|b
2|1
2|2
SELECT 2
a|b
1|2
2|2
SELECT 2
a|b
SELECT 0
count
5
SELECT 1
a|b
1|2
SELECT 1
a|b
2|2
SELECT 1

# aggregates
SELECT count(*), count(c), count(d), sum(a), sum(d), min(c), max(d), avg(a), avg(d) FROM t;
SELECT count(*), sum(a), min(a), avg(a) FROM t WHERE a > 100;
SELECT sum(a * b) AS product, max(a) + 1, count(*) * 2 FROM t WHERE a <= 2;
SELECT min(a), max(b) FROM t WHERE c = 'p';
SELECT max(a) FROM t;
SELECT count(*) FROM t WHERE a = 1 AND b = 1;
---
count|count|count|sum|sum|min|max|avg|avg
5|4|4|9|13.20|p|5.50|1.8000000000000000|3.3000000000000000
SELECT 1
count|sum|min|avg
0|NULL|NULL|NULL
SELECT 1
product|?column?|?column?
9|3|8
SELECT 1
min|max
1|1
SELECT 1
max
3
SELECT 1
count
1
SELECT 1

# no table
SELECT 1, 'x', NULL, 1.5 AS n, 2 > 1;
SELECT 1 + 1 AS two WHERE false;
SELECT upper('x') || 'y', length('abc');
---
?column?|?column?|?column?|n|?column?
1|x|NULL|1.5|t
SELECT 1
two
SELECT 0
?column?|length
Xy|3
SELECT 1

SELECT nosuch FROM t;
SELECT t.nosuch FROM t;
SELECT u.a FROM t;
SELECT a FROM nosuch;
SELECT a FROM t ORDER BY 3;
SELECT a FROM t WHERE c;
SELECT a FROM t LIMIT -1;
SELECT a, count(*) FROM t;
---
ERROR 42703: column "nosuch" does not exist
ERROR 42703: column t.nosuch does not exist
ERROR 42P01: missing FROM-clause entry for table "u"
ERROR 42P01: relation "nosuch" does not exist
ERROR 42P10: ORDER BY position 3 is not in select list
ERROR 42804: argument of WHERE must be type boolean, not type text
ERROR 2201W: LIMIT must not be negative
ERROR 42803: column "t.a" must appear in the GROUP BY clause or be used in an aggregate function

# shapes of the column executor
SELECT c, count(*) FROM t GROUP BY c ORDER BY c;
SELECT DISTINCT a FROM t ORDER BY a;
SELECT x.a, y.b FROM t x JOIN t y ON x.a = y.b WHERE x.b = 2 ORDER BY 1, 2;
SELECT a FROM t WHERE a = (SELECT max(a) FROM t);
---
c|count
p|2
q|1
r|1
NULL|1
SELECT 4
a
1
2
3
SELECT 3
a|b
1|1
1|1
1|1
2|2
2|2
SELECT 5
a
3
SELECT 1
