# !open
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int, d timestamptz);
CREATE INDEX t_a_b ON t (a, b);
CREATE UNIQUE INDEX t_c ON t (c);
CREATE TABLE h (n int, s text);
INSERT INTO t VALUES (1, 1, 'x', 10), (2, 1, 'y', 20), (3, 2, 'x', 30), (4, 2, NULL, NULL);
INSERT INTO h VALUES (1, 'one'), (2, 'two');
---
CREATE TABLE
CREATE INDEX
CREATE INDEX
CREATE TABLE
INSERT 0 4
INSERT 0 2

EXPLAIN SELECT * FROM t WHERE id = 1;
EXPLAIN SELECT a FROM t WHERE id = 1 AND b = 'x';
EXPLAIN SELECT * FROM t WHERE id IN (1, 2, 3);
EXPLAIN SELECT * FROM t WHERE c = 20;
EXPLAIN SELECT * FROM t WHERE a = 1 AND b > 'x' AND c < 5;
EXPLAIN SELECT * FROM t WHERE id > 1 AND id <= 3 AND b LIKE 'x%';
EXPLAIN SELECT id FROM t WHERE b = 'x' AND a + c > 7;
EXPLAIN SELECT id FROM t WHERE d > now();
EXPLAIN SELECT id FROM t WHERE c > random();
EXPLAIN SELECT * FROM h WHERE n = 1;
EXPLAIN SELECT 1;
---
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: (id = 1)
  -> Storage Lookup on t_pkey
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t_pkey
                Index Cond: (id = 1)
EXPLAIN
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: (id = 1)
  Filter: (b = 'x'::text)
  -> Storage Lookup on t_pkey
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t_pkey
                Index Cond: (id = 1)
EXPLAIN
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: (id = ANY (1, 2, 3))
  -> Storage Lookup on t_pkey
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t_pkey
                Index Cond: (id = ANY (1, 2, 3))
EXPLAIN
QUERY PLAN
Index Scan using t_c on t
  Index Cond: (c = 20)
  -> Storage Lookup on t_c
         -> B-Tree Lookup on t_c
                Index Cond: (c = 20)
  -> Storage Lookup on t
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Index Scan using t_a_b on t
  Index Cond: ((a = 1) AND (b > 'x'::text))
  Filter: (c < 5)
  -> Storage Scan on t_a_b
         -> B-Tree Scan on t_a_b
                Index Cond: ((a = 1) AND (b > 'x'::text))
  -> Storage Lookup on t
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: ((id > 1) AND (id <= 3))
  -> Storage Scan on t_pkey
         Projections: id, a, b, c, d
         Filters: (b ~~ 'x%'::text)
         -> B-Tree Scan on t_pkey
                Index Cond: ((id > 1) AND (id <= 3))
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  -> Storage Scan on t_pkey
         Projections: id, a, b, c, d
         Filters: ((b = 'x'::text) AND ((a + c) > 7))
         -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  -> Storage Scan on t_pkey
         Projections: id, d
         Filters: (d > now())
         -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  Filter: ((c)::double precision > random())
  -> Storage Scan on t_pkey
         Projections: id, c
         -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on h
  -> Storage Scan on h
         Projections: n, s
         Filters: (n = 1)
         -> B-Tree Scan on h
EXPLAIN
QUERY PLAN
Result
EXPLAIN

# order and limit
EXPLAIN SELECT * FROM t ORDER BY id LIMIT 2;
EXPLAIN SELECT * FROM t ORDER BY id DESC LIMIT 2 OFFSET 1;
EXPLAIN SELECT * FROM t WHERE a = 1 ORDER BY b DESC LIMIT 1;
EXPLAIN SELECT * FROM t ORDER BY d DESC, id LIMIT 1;
EXPLAIN SELECT * FROM t WHERE id = 3 FOR UPDATE;
---
QUERY PLAN
Limit
  -> Index Only Scan using t_pkey on t
         -> Storage Scan on t_pkey
                Projections: id, a, b, c, d
                Limit: pushed down
                -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
Limit
  -> Index Only Scan Backward using t_pkey on t
         -> Storage Scan on t_pkey
                Projections: id, a, b, c, d
                Limit: pushed down
                -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
Limit
  -> Index Scan Backward using t_a_b on t
         Index Cond: (a = 1)
         -> Storage Scan on t_a_b
                Limit: pushed down
                -> B-Tree Scan on t_a_b
                       Index Cond: (a = 1)
         -> Storage Lookup on t
                Projections: id, a, b, c, d
                -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Limit
  -> Sort
         Sort Key: d DESC, id
         -> Full Scan (btree-table) on t
                -> Storage Scan on t_pkey
                       Projections: id, a, b, c, d
                       Limit: pushed down, by the sort key
                       -> B-Tree Scan on t_pkey
EXPLAIN
QUERY PLAN
LockRows
  -> Index Only Scan using t_pkey on t
         Index Cond: (id = 3)
         -> Storage Lookup on t_pkey
                Projections: id, a, b, c, d
                -> B-Tree Lookup on t_pkey
                       Index Cond: (id = 3)
EXPLAIN

# what is written
EXPLAIN INSERT INTO t VALUES (5, 1, 'z'), (6, 1, 'z');
EXPLAIN INSERT INTO t VALUES (5, 1, 'z') ON CONFLICT (id) DO UPDATE SET a = excluded.a;
EXPLAIN UPDATE t SET a = a + 1 WHERE id = 2;
EXPLAIN VERBOSE UPDATE t SET a = a + 1 WHERE a = 2;
EXPLAIN DELETE FROM t WHERE b = 'x';
---
QUERY PLAN
Insert on t
  -> Values Scan on "*VALUES*"  (rows=2)
EXPLAIN
QUERY PLAN
Insert on t
  Conflict Resolution: UPDATE
  Conflict Arbiter Indexes: t_pkey
  -> Result
EXPLAIN
QUERY PLAN
Update on t
  -> Index Only Scan using t_pkey on t
         Index Cond: (id = 2)
         -> Storage Lookup on t_pkey
                Projections: id, a, b, c, d
                -> B-Tree Lookup on t_pkey
                       Index Cond: (id = 2)
EXPLAIN
QUERY PLAN
Update on t
  Indexes: t_a_b
  -> Index Scan using t_a_b on t
         Index Cond: (a = 2)
         -> Storage Scan on t_a_b
                -> B-Tree Scan on t_a_b
                       Index Cond: (a = 2)
         -> Storage Lookup on t
                Projections: id, a, b, c, d
                -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Delete on t
  -> Full Scan (btree-table) on t
         -> Storage Scan on t_pkey
                Projections: id, a, b, c, d
                Filters: (b = 'x'::text)
                -> B-Tree Scan on t_pkey
EXPLAIN

# counts of the run
EXPLAIN ANALYZE SELECT * FROM t WHERE id = 1;
EXPLAIN ANALYZE SELECT * FROM t WHERE b = 'x';
EXPLAIN ANALYZE SELECT * FROM t WHERE a = 1 AND c > 10;
EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) SELECT id + 1 FROM t WHERE id >= 2 LIMIT 1;
---
QUERY PLAN
Index Only Scan using t_pkey on t  (actual rows=1)
  Index Cond: (id = 1)
  -> Storage Lookup on t_pkey  (rows=1)
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t_pkey  (rows=1)
                Index Cond: (id = 1)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t  (actual rows=2)
  -> Storage Scan on t_pkey  (rows=2)
         Projections: id, a, b, c, d
         Filters: (b = 'x'::text)
         -> B-Tree Scan on t_pkey  (rows=4)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Index Scan using t_a_b on t  (actual rows=1)
  Index Cond: (a = 1)
  Filter: (c > 10)
  -> Storage Scan on t_a_b  (rows=2)
         -> B-Tree Scan on t_a_b  (rows=2)
                Index Cond: (a = 1)
  -> Storage Lookup on t  (actual rows=2)
         Projections: id, a, b, c, d
         -> B-Tree Lookup on t
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Limit
  -> Index Only Scan using t_pkey on t  (actual rows=1)
         Output: (id + 1)
         Index Cond: (id >= 2)
         -> Storage Scan on t_pkey  (rows=1)
                Projections: id, a, b, c, d
                Limit: pushed down
                -> B-Tree Scan on t_pkey  (rows=3)
                       Index Cond: (id >= 2)
Query Identifier: 1kll4oqzqhy0j
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN

# What may take long is evaluated by DuckDB's threads, and not by storage.
EXPLAIN SELECT regexp_replace(b, 'x', 'y', 'g') FROM t WHERE a = 1;
EXPLAIN SELECT a FROM t WHERE regexp_count(b, 'x') > 1;
---
QUERY PLAN
Column Executor (DuckDB)
  ->  Storage Scan on public.t
        Storage Projection: a, b
        Storage Filter: (a = 1)
EXPLAIN
QUERY PLAN
Column Executor (DuckDB)
  ->  Storage Scan on public.t
        Storage Projection: a, b
EXPLAIN
