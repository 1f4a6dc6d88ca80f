# Partial indexes are built by jobs, and kept by whoever writes meanwhile.

CREATE TABLE t (id int PRIMARY KEY, email text, gone timestamp);
INSERT INTO t VALUES (1, 'a', NULL), (2, 'a', '2024-01-01'), (3, 'a', '2024-02-01'), (4, 'b', NULL);
CREATE UNIQUE INDEX ASYNC live ON t (email) WHERE gone IS NULL;
SELECT status, details FROM sys.jobs;
INSERT INTO t VALUES (5, 'a', NULL);
INSERT INTO t VALUES (5, 'a', '2024-03-01');
UPDATE t SET gone = NULL WHERE id = 5;
SELECT id FROM t WHERE email = 'a' AND gone IS NULL;
UPDATE t SET gone = '2024-04-01' WHERE id = 1;
UPDATE t SET gone = NULL WHERE id = 5;
SELECT id FROM t WHERE email = 'a' AND gone IS NULL;
EXPLAIN SELECT id FROM t WHERE email = 'a' AND gone IS NULL;
EXPLAIN SELECT id FROM t WHERE email = 'a';
---
CREATE TABLE
INSERT 0 4
job_id
<job>
CREATE INDEX
status|details
completed|NULL
SELECT 1
ERROR 23505: duplicate key value violates unique constraint "live"
  detail: Key (email)=(a) already exists.
  schema=public table=t constraint=live
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "live"
  detail: Key (email)=(a) already exists.
  schema=public table=t constraint=live
id
1
SELECT 1
UPDATE 1
UPDATE 1
id
5
SELECT 1
QUERY PLAN
Index Scan using live on t
  Index Cond: (email = 'a'::text)
  Filter: (gone IS NULL)
  -> Storage Lookup on live
         -> B-Tree Lookup on live
                Index Cond: (email = 'a'::text)
  -> Storage Lookup on t
         Projections: id, email, gone
         -> B-Tree Lookup on t
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  -> Storage Scan on t_pkey
         Projections: id, email, gone
         Filters: (email = 'a'::text)
         -> B-Tree Scan on t_pkey
EXPLAIN

# The job finds two rows that the index is about, and none of those that it is not about.

CREATE TABLE u (id int PRIMARY KEY, a int, b bool);
INSERT INTO u VALUES (1, 1, true), (2, 1, true), (3, 2, true), (4, 2, false);
CREATE UNIQUE INDEX ASYNC u_one ON u (a) WHERE b;
SELECT status, details FROM sys.jobs WHERE object_name = 'public.u_one';
DROP INDEX u_one;
DELETE FROM u WHERE id = 2;
CREATE UNIQUE INDEX ASYNC u_one ON u (a) WHERE b;
SELECT status FROM sys.jobs WHERE object_name = 'public.u_one' ORDER BY start_time;
INSERT INTO u VALUES (5, 1, NULL), (6, 1, false);
INSERT INTO u VALUES (7, 1, true);
DELETE FROM u WHERE id = 1;
INSERT INTO u VALUES (7, 1, true);
SELECT * FROM u ORDER BY id;
---
CREATE TABLE
INSERT 0 4
job_id
<job>
CREATE INDEX
status|details
failed|could not create unique index "u_one": Key (a)=(1) is duplicated.
SELECT 1
DROP INDEX
DELETE 1
job_id
<job>
CREATE INDEX
status
failed
completed
SELECT 2
INSERT 0 2
ERROR 23505: duplicate key value violates unique constraint "u_one"
  detail: Key (a)=(1) already exists.
  schema=public table=u constraint=u_one
DELETE 1
INSERT 0 1
id|a|b
3|2|t
4|2|f
5|1|NULL
6|1|f
7|1|t
SELECT 5
