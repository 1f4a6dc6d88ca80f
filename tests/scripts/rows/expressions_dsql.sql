# Indexes on expressions are built by jobs, kept by whoever writes, and read by whatever names the same expression.

CREATE TABLE t (id int PRIMARY KEY, email text, a int, b int);
INSERT INTO t VALUES (1, 'Ann', 1, 2), (2, 'bob', 3, 4), (3, 'Cy', 5, 6), (4, NULL, NULL, 1);
CREATE UNIQUE INDEX ASYNC ON t (lower(email));
CREATE INDEX ASYNC ON t ((a + b), id);
SELECT status, details FROM sys.jobs ORDER BY object_id;
EXPLAIN SELECT id FROM t WHERE lower(email) = 'ann';
EXPLAIN SELECT id FROM t WHERE lower(email) IN ('ann', 'bob');
EXPLAIN SELECT id FROM t WHERE a + b > 6 ORDER BY a + b, id LIMIT 1;
EXPLAIN SELECT id FROM t WHERE lower(email) >= 'b' ORDER BY lower(email) DESC LIMIT 1;
SELECT id FROM t WHERE lower(email) >= 'b' ORDER BY lower(email) DESC LIMIT 1;
EXPLAIN SELECT x.id FROM t x JOIN t y ON lower(y.email) = x.email WHERE x.id = 2;
EXPLAIN UPDATE t SET a = 9 WHERE lower(email) = 'cy';
EXPLAIN UPDATE t SET email = 'x' WHERE id = 1;
EXPLAIN SELECT id FROM t WHERE upper(email) = 'ANN';
INSERT INTO t VALUES (5, 'ANN', 0, 0);
INSERT INTO t VALUES (5, 'ANN', 0, 0) ON CONFLICT (lower(email)) DO UPDATE SET a = 100 RETURNING id, a + b;
SELECT id FROM t WHERE a + b = 102;
CREATE INDEX ASYNC ON t (lower(email) DESC);
CREATE INDEX ASYNC ON t (lower(email) text_ops);
CREATE INDEX ASYNC ON t ((now() - now()));
CREATE INDEX ON t (lower(email));
---
CREATE TABLE
INSERT 0 4
job_id
<job>
CREATE INDEX
job_id
<job>
CREATE INDEX
status|details
completed|NULL
completed|NULL
SELECT 2
QUERY PLAN
Index Scan using t_lower_idx on t
  Index Cond: (lower(email) = 'ann'::text)
  -> Storage Lookup on t_lower_idx
         -> B-Tree Lookup on t_lower_idx
                Index Cond: (lower(email) = 'ann'::text)
  -> Storage Lookup on t
         Projections: id, email, a, b
         -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Index Scan using t_lower_idx on t
  Index Cond: (lower(email) = ANY ('ann'::text, 'bob'::text))
  -> Storage Lookup on t_lower_idx
         -> B-Tree Lookup on t_lower_idx
                Index Cond: (lower(email) = ANY ('ann'::text, 'bob'::text))
  -> Storage Lookup on t
         Projections: id, email, a, b
         -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Limit
  -> Index Scan using t_expr_id_idx on t
         Index Cond: ((a + b) > 6)
         -> Storage Scan on t_expr_id_idx
                Limit: pushed down
                -> B-Tree Scan on t_expr_id_idx
                       Index Cond: ((a + b) > 6)
         -> Storage Lookup on t
                Projections: id, email, a, b
                -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Limit
  -> Index Scan Backward using t_lower_idx on t
         Index Cond: (lower(email) >= 'b'::text)
         -> Storage Scan on t_lower_idx
                Limit: pushed down
                -> B-Tree Scan on t_lower_idx
                       Index Cond: (lower(email) >= 'b'::text)
         -> Storage Lookup on t
                Projections: id, email, a, b
                -> B-Tree Lookup on t
EXPLAIN
id
3
SELECT 1
QUERY PLAN
Nested Loop
  -> Index Only Scan using t_pkey on t x
         Index Cond: (x.id = 2)
         -> Storage Lookup on t_pkey
                Projections: id, email, a, b
                -> B-Tree Lookup on t_pkey
                       Index Cond: (x.id = 2)
  -> Index Scan using t_lower_idx on t y
         Index Cond: (lower(y.email) = x.email)
         -> Storage Lookup on t_lower_idx
                -> B-Tree Lookup on t_lower_idx
                       Index Cond: (lower(y.email) = x.email)
         -> Storage Lookup on t
                Projections: id, email, a, b
                -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Update on t
  -> Index Scan using t_lower_idx on t
         Index Cond: (lower(email) = 'cy'::text)
         -> Storage Lookup on t_lower_idx
                -> B-Tree Lookup on t_lower_idx
                       Index Cond: (lower(email) = 'cy'::text)
         -> Storage Lookup on t
                Projections: id, email, a, b
                -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Update on t
  -> Index Only Scan using t_pkey on t
         Index Cond: (id = 1)
         -> Storage Lookup on t_pkey
                Projections: id, email, a, b
                -> B-Tree Lookup on t_pkey
                       Index Cond: (id = 1)
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  -> Storage Scan on t_pkey
         Projections: id, email
         Filters: (upper(email) = 'ANN'::text)
         -> B-Tree Scan on t_pkey
EXPLAIN
ERROR 23505: duplicate key value violates unique constraint "t_lower_idx"
  detail: Key (lower(email))=(ann) already exists.
  schema=public table=t constraint=t_lower_idx
id|?column?
1|102
INSERT 0 1
id
1
SELECT 1
ERROR 0A000: specifying sort order not supported for index keys
ERROR 0A000: opclass not supported for index keys
ERROR 42P17: functions in index expression must be marked IMMUTABLE
ERROR 0A000: unsupported mode. please use CREATE INDEX ASYNC.

# A job that finds two rows with one key.

INSERT INTO t VALUES (6, 'Dee', 1, 1), (7, 'dEe!', 1, 1);
CREATE UNIQUE INDEX ASYNC twice ON t (rtrim(lower(email), '!'));
SELECT status, details FROM sys.jobs WHERE object_name = 'public.twice';
SELECT indisvalid FROM pg_index WHERE indexrelid = 'twice'::regclass;
---
INSERT 0 2
job_id
<job>
CREATE INDEX
status|details
failed|could not create unique index "twice": Key (rtrim(lower(email), '!'))=(dee) is duplicated.
SELECT 1
indisvalid
f
SELECT 1

# A constant in an index's expression or condition is the statement's literal, whoever sends it.

CREATE TABLE s (id int PRIMARY KEY, status text, a int);
CREATE INDEX ASYNC ON s ((a + 1));
CREATE INDEX ASYNC fresh ON s (a) WHERE status = 'new';
INSERT INTO s VALUES (1, 'new', 5), (2, 'old', 6), (3, 'new', 7);
SELECT id FROM s WHERE a + 1 = 7;
EXPLAIN SELECT id FROM s WHERE a + 1 = 7;
EXPLAIN SELECT id FROM s WHERE a + 2 = 7;
SELECT id FROM s WHERE status = 'new' AND a > 5;
EXPLAIN SELECT id FROM s WHERE status = 'new' AND a > 5;
EXPLAIN SELECT id FROM s WHERE status = 'old' AND a > 5;
SELECT id FROM s WHERE status = 'old' AND a > 5;
---
CREATE TABLE
job_id
<job>
CREATE INDEX
job_id
<job>
CREATE INDEX
INSERT 0 3
id
2
SELECT 1
QUERY PLAN
Index Scan using s_expr_idx on s
  Index Cond: ((a + 1) = 7)
  -> Storage Scan on s_expr_idx
         -> B-Tree Scan on s_expr_idx
                Index Cond: ((a + 1) = 7)
  -> Storage Lookup on s
         Projections: id, status, a
         -> B-Tree Lookup on s
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on s
  -> Storage Scan on s_pkey
         Projections: id, status, a
         Filters: ((a + 2) = 7)
         -> B-Tree Scan on s_pkey
EXPLAIN
id
3
SELECT 1
QUERY PLAN
Index Scan using fresh on s
  Index Cond: (a > 5)
  Filter: (status = 'new'::text)
  -> Storage Scan on fresh
         -> B-Tree Scan on fresh
                Index Cond: (a > 5)
  -> Storage Lookup on s
         Projections: id, status, a
         -> B-Tree Lookup on s
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on s
  -> Storage Scan on s_pkey
         Projections: id, status, a
         Filters: ((status = 'old'::text) AND (a > 5))
         -> B-Tree Scan on s_pkey
EXPLAIN
id
2
SELECT 1

# Two clients write rows with one key at once: the second commit is refused.

CREATE TABLE u (id int PRIMARY KEY, email text);
CREATE UNIQUE INDEX ASYNC ON u (lower(email));
BEGIN;
INSERT INTO u VALUES (1, 'Zed');
b: INSERT INTO u VALUES (2, 'ZED');
COMMIT;
BEGIN;
UPDATE u SET email = 'zeD' WHERE id = 2;
b: INSERT INTO u VALUES (3, 'y');
SELECT id FROM u WHERE lower(email) = 'zed';
COMMIT;
SELECT * FROM u ORDER BY id;
---
CREATE TABLE
job_id
<job>
CREATE INDEX
BEGIN
INSERT 0 1
b: INSERT 0 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
UPDATE 1
b: INSERT 0 1
id
2
SELECT 1
COMMIT
id|email
2|zeD
3|y
SELECT 2
