# The documentation of Aurora DSQL has these two: three short rows count as 128 bytes each, and a transaction that writes as 1,024 bytes at least.
CREATE TABLE test_table (id int PRIMARY KEY, context text);
EXPLAIN ANALYZE VERBOSE INSERT INTO test_table VALUES (1, 'name1'), (2, 'name2'), (3, 'name3');
EXPLAIN ANALYZE VERBOSE SELECT * FROM test_table;
---
CREATE TABLE
QUERY PLAN
Insert on test_table
  -> Values Scan on "*VALUES*"  (rows=3)
Query Identifier: 2we1xo98zyfkb
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.01875 DPU (Transaction minimum: 0.05000)
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on test_table  (actual rows=3)
  Output: id, context
  -> Storage Scan on test_table_pkey  (rows=3)
         Projections: id, context
         -> B-Tree Scan on test_table_pkey  (rows=3)
Query Identifier: 3jjr95w4ivnkg
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00047 DPU (Transaction minimum: 0.00375)
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN

# The identifier is the same for another constant, another way of asking, and another case of letters.
EXPLAIN (VERBOSE, ANALYZE) SELECT context FROM test_table WHERE id = 1;
explain analyze verbose select context from test_table where id = 2;
---
QUERY PLAN
Index Only Scan using test_table_pkey on test_table  (actual rows=1)
  Output: context
  Index Cond: (id = 1)
  -> Storage Lookup on test_table_pkey  (rows=1)
         Projections: id, context
         -> B-Tree Lookup on test_table_pkey  (rows=1)
                Index Cond: (id = 1)
Query Identifier: 3uxljon2fnt86
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Index Only Scan using test_table_pkey on test_table  (actual rows=1)
  Output: context
  Index Cond: (id = 2)
  -> Storage Lookup on test_table_pkey  (rows=1)
         Projections: id, context
         -> B-Tree Lookup on test_table_pkey  (rows=1)
                Index Cond: (id = 2)
Query Identifier: 3uxljon2fnt86
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN

# What storage looked at counts, not what it sent: forty rows of a hundred bytes and more, none of which passes.
INSERT INTO test_table SELECT n, repeat('x', 100) FROM generate_series(11, 50) AS n;
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM test_table WHERE context = 'nothing';
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM test_table WHERE id = 99;
---
INSERT 0 40
QUERY PLAN
Full Scan (btree-table) on test_table  (actual rows=0)
  Output: id, context
  -> Storage Scan on test_table_pkey  (rows=43)
         Projections: id, context
         Filters: (context = 'nothing'::text)
         -> B-Tree Scan on test_table_pkey  (rows=43)
Query Identifier: 0oblb6d1owybp
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00868 DPU
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Index Only Scan using test_table_pkey on test_table  (actual rows=0)
  Output: id, context
  Index Cond: (id = 99)
  -> Storage Lookup on test_table_pkey  (rows=0)
         Projections: id, context
         -> B-Tree Lookup on test_table_pkey  (rows=0)
                Index Cond: (id = 99)
Query Identifier: 188naq2au8r78
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN

# What is deleted is written, too; an index has entries of its own.
CREATE INDEX ASYNC ON test_table (context);
EXPLAIN (ANALYZE, VERBOSE) DELETE FROM test_table WHERE id = 1;
---
job_id
<job>
CREATE INDEX
QUERY PLAN
Delete on test_table
  Indexes: test_table_context_idx
  -> Index Only Scan using test_table_pkey on test_table  (actual rows=1)
         Index Cond: (id = 1)
         -> Storage Lookup on test_table_pkey  (rows=1)
                Projections: id, context
                -> B-Tree Lookup on test_table_pkey  (rows=1)
                       Index Cond: (id = 1)
Query Identifier: 27c1lgn8ji8zn
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.01250 DPU (Transaction minimum: 0.05000)
  Total: <measured> DPU
EXPLAIN

# A statement of a block counts for itself; what a large row has above 128 bytes counts as it is.
CREATE TABLE wide (id int PRIMARY KEY, context text);
BEGIN;
EXPLAIN (ANALYZE, VERBOSE, SUMMARY OFF) INSERT INTO wide VALUES (4, repeat('y', 2000));
EXPLAIN (ANALYZE, VERBOSE, SUMMARY OFF) INSERT INTO wide VALUES (5, 'z');
EXPLAIN (ANALYZE, VERBOSE, SUMMARY OFF) UPDATE wide SET context = repeat('z', 200) WHERE id = 5;
ROLLBACK;
---
CREATE TABLE
BEGIN
QUERY PLAN
Insert on wide
  -> Result
Query Identifier: 1irsq9mq8rb2c
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.09839 DPU
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Insert on wide
  -> Result
Query Identifier: 2k87w6t2b8s7i
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00023 DPU (Transaction minimum: 0.00375)
  Write: 0.00625 DPU (Transaction minimum: 0.05000)
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Update on wide
  -> Index Only Scan using wide_pkey on wide  (actual rows=1)
         Index Cond: (id = 5)
         -> Storage Lookup on wide_pkey  (rows=1)
                Projections: id, context
                -> B-Tree Lookup on wide_pkey  (rows=1)
                       Index Cond: (id = 5)
Query Identifier: 3lm3he2353z64
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00000 DPU
  Write: 0.00420 DPU (Transaction minimum: 0.05000)
  Total: <measured> DPU
EXPLAIN
ROLLBACK

# Without a run there is nothing to measure; without VERBOSE only the times are told.
EXPLAIN (VERBOSE, SUMMARY) SELECT 1;
EXPLAIN ANALYZE SELECT 1;
EXPLAIN (ANALYZE, VERBOSE) SELECT 1;
EXPLAIN (ANALYZE, VERBOSE) SELECT max(n) FROM (SELECT sum(id) AS n FROM test_table GROUP BY context) AS sums;
---
QUERY PLAN
Result
Planning Time: <measured> ms
EXPLAIN
QUERY PLAN
Result  (actual rows=1)
Planning Time: <measured> ms
Execution Time: <measured> ms
EXPLAIN
QUERY PLAN
Result  (actual rows=1)
Query Identifier: 18c89vhvf4wxm
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00000 DPU
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN
QUERY PLAN
Row Operators (actual rows=1)
  -> Full Scan (btree-table) on test_table  (actual rows=42)
         -> Storage Scan on test_table_pkey  (rows=42)
                Projections: id, context
                -> B-Tree Scan on test_table_pkey  (rows=42)
  Chosen for: something other than one or two tables in FROM
  Statement: SELECT max(r1.c1) AS c1 FROM (SELECT CAST(sum(r2.c1) AS BIGINT) AS c1 FROM v1 AS r2 GROUP BY r2.c2) AS r1
Query Identifier: 32nwn44tllnmr
Planning Time: <measured> ms
Execution Time: <measured> ms
Statement DPU Estimate:
  Compute: <measured> DPU
  Read: 0.00865 DPU
  Write: 0.00000 DPU
  Total: <measured> DPU
EXPLAIN
