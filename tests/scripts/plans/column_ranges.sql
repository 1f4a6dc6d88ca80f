# !open !columns
# what the column executor reads: the primary key's range that WHERE leaves, and no more
CREATE TABLE t (a int, b text, n numeric(8,2), PRIMARY KEY (a, b));
CREATE TABLE d (k int, v int, PRIMARY KEY (k));
CREATE TABLE keyless (a int);
INSERT INTO t SELECT g, 'b' || h, g + h FROM generate_series(1, 20) g, generate_series(1, 10) h;
INSERT INTO d SELECT g, g % 3 FROM generate_series(1, 50) g;
INSERT INTO keyless SELECT g FROM generate_series(1, 9) g;
---
CREATE TABLE
CREATE TABLE
CREATE TABLE
INSERT 0 200
INSERT 0 50
INSERT 0 9

EXPLAIN (ANALYZE, COSTS OFF) SELECT b, sum(n) FROM t WHERE a = 7 GROUP BY b;
EXPLAIN ANALYZE SELECT count(DISTINCT b) FROM t WHERE a BETWEEN 5 AND 6;
EXPLAIN ANALYZE SELECT a, count(*) FROM t WHERE a > 18 AND b <> 'b1' GROUP BY a;
EXPLAIN ANALYZE SELECT a, count(*) FROM t WHERE a = 3 AND b >= 'b5' GROUP BY a;
EXPLAIN ANALYZE SELECT v, count(*) FROM d WHERE k IN (4, 8, 2) GROUP BY v;
EXPLAIN ANALYZE SELECT v, count(*) FROM d WHERE k = 4 AND k = 5 GROUP BY v;
EXPLAIN ANALYZE SELECT v, count(*) FROM d WHERE k = 99999999999 GROUP BY v;
EXPLAIN ANALYZE SELECT v, count(*) FROM d WHERE k = NULL GROUP BY v;
EXPLAIN ANALYZE SELECT v, count(*) FROM d WHERE k = 4 OR v = 2 GROUP BY v;
EXPLAIN ANALYZE SELECT a, count(*) FROM keyless WHERE a = 4 GROUP BY a;
---
QUERY PLAN
Column Executor (DuckDB) (actual rows=10)
  ->  Storage Scan on public.t (actual rows read=10)
        Storage Projection: a, b, n
        Storage Filter: (a = 7)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=1)
  ->  Storage Scan on public.t (actual rows read=20)
        Storage Projection: a, b
        Storage Filter: (a >= 5) AND (a <= 6)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=2)
  ->  Storage Scan on public.t (actual rows read=20)
        Storage Projection: a, b
        Storage Filter: (a > 18) AND (b <> 'b1'::text)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=1)
  ->  Storage Scan on public.t (actual rows read=5)
        Storage Projection: a, b
        Storage Filter: (a = 3) AND (b >= 'b5'::text)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=2)
  ->  Storage Scan on public.d (actual rows read=7)
        Storage Projection: k, v
        Storage Filter: (k = ANY (4, 8, 2))
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=0)
  ->  Storage Scan on public.d (actual rows read=1)
        Storage Projection: k, v
        Storage Filter: (k = 4) AND (k = 5)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=0)
  ->  Storage Scan on public.d (actual rows read=0)
        Storage Projection: k, v
        Storage Filter: (k = 99999999999)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=0)
  ->  Storage Scan on public.d (actual rows read=0)
        Storage Projection: k, v
        Storage Filter: (k = NULL)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=2)
  ->  Storage Scan on public.d (actual rows read=50)
        Storage Projection: k, v
        Storage Filter: ((k = 4) OR (v = 2))
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=1)
  ->  Storage Scan on public.keyless (actual rows read=9)
        Storage Projection: a
        Storage Filter: (a = 4)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN

# two mentions of a table have a range each; below an outer join the table is read whole
EXPLAIN ANALYZE SELECT x.a, count(*) FROM t x, t y WHERE x.a = 2 AND y.a IN (4, 5) AND x.b = y.b GROUP BY x.a;
EXPLAIN ANALYZE SELECT x.k, count(y.k) FROM d x LEFT JOIN d y ON y.k = x.v WHERE x.k < 4 GROUP BY x.k;
---
QUERY PLAN
Column Executor (DuckDB) (actual rows=1)
  ->  Storage Scan on public.t (actual rows read=10)
        Storage Projection: a, b
        Storage Filter: (a = 2)
  ->  Storage Scan on public.t (actual rows read=20)
        Storage Projection: a, b
        Storage Filter: (a = ANY (4, 5))
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Column Executor (DuckDB) (actual rows=3)
  ->  Storage Scan on public.d (actual rows read=50)
        Storage Projection: k, v
  ->  Storage Scan on public.d (actual rows read=50)
        Storage Projection: k
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN

# the answers
SELECT b, sum(n) FROM t WHERE a = 7 GROUP BY b ORDER BY b LIMIT 2;
SELECT count(DISTINCT b), min(a), max(a) FROM t WHERE a BETWEEN 5 AND 6;
SELECT a, count(*) FROM t WHERE a > 18 AND b <> 'b1' GROUP BY a ORDER BY a;
SELECT v, count(*) FROM d WHERE k IN (4, 8, 2) GROUP BY v ORDER BY v;
SELECT v, count(*) FROM d WHERE k = NULL GROUP BY v;
SELECT v, count(*) FROM d WHERE k = 99999999999 GROUP BY v;
SELECT x.a, count(*) FROM t x, t y WHERE x.a = 2 AND y.a IN (4, 5) AND x.b = y.b GROUP BY x.a;
---
b|sum
b1|8.00
b10|17.00
SELECT 2
count|min|max
10|5|6
SELECT 1
a|count
19|9
20|9
SELECT 2
v|count
1|1
2|2
SELECT 2
v|count
SELECT 0
v|count
SELECT 0
a|count
2|20
SELECT 1

# a transaction's own writes, inside and outside of the range
BEGIN;
INSERT INTO d VALUES (60, 1), (61, 1), (100, 1);
DELETE FROM d WHERE k = 50;
SELECT v, count(*), max(k) FROM d WHERE k >= 49 AND k < 100 GROUP BY v ORDER BY v;
ROLLBACK;
---
BEGIN
INSERT 0 3
DELETE 1
v|count|max
1|3|61
SELECT 1
ROLLBACK
