# !open
# Temporary tables. The answers are PostgreSQL 18's, but for what is refused (0A000).

CREATE TABLE p (id int PRIMARY KEY, n int);
INSERT INTO p VALUES (1, 10), (2, 20);
CREATE TEMP TABLE t (id int PRIMARY KEY, s text, n numeric(6,2) DEFAULT 1.5, UNIQUE (s));
INSERT INTO t VALUES (1, 'a', 2), (2, 'b', 3);
INSERT INTO t (id, s) VALUES (3, 'c') RETURNING *;
SELECT * FROM t ORDER BY id;
SELECT * FROM t WHERE id = 2;
SELECT * FROM t WHERE s = 'c';
SELECT s FROM t WHERE id > 1 ORDER BY id DESC LIMIT 1;
SELECT count(*), sum(n), max(s) FROM t;
SELECT p.id, t.s FROM p JOIN t USING (id) ORDER BY 1;
SELECT s, count(*) FROM t GROUP BY s HAVING count(*) > 0 ORDER BY s;
INSERT INTO t VALUES (1, 'z', 0);
INSERT INTO t VALUES (9, 'a', 0);
INSERT INTO t VALUES (1, 'z', 0) ON CONFLICT (id) DO UPDATE SET s = excluded.s || t.s RETURNING *;
UPDATE t SET n = n + 1 WHERE id <> 2;
UPDATE t SET id = id + 10, s = upper(s) WHERE id = 2 RETURNING id, s;
DELETE FROM t WHERE id = 3 RETURNING s;
SELECT * FROM t ORDER BY id;
UPDATE p SET n = t.n FROM t WHERE t.id = p.id RETURNING p.*;
INSERT INTO p SELECT id + 100, n FROM t;
SELECT * FROM p ORDER BY id;
WITH gone AS (DELETE FROM t WHERE id = 12 RETURNING *) INSERT INTO t SELECT id + 1, s, n FROM gone;
SELECT * FROM t WHERE s = 'B';
SELECT * FROM t t1 JOIN t t2 ON t1.id < t2.id;
b: SELECT * FROM t;
b: SELECT count(*) FROM pg_class WHERE relname = 't';
---
CREATE TABLE
INSERT 0 2
CREATE TABLE
INSERT 0 2
id|s|n
3|c|1.50
INSERT 0 1
id|s|n
1|a|2.00
2|b|3.00
3|c|1.50
SELECT 3
id|s|n
2|b|3.00
SELECT 1
id|s|n
3|c|1.50
SELECT 1
s
c
SELECT 1
count|sum|max
3|6.50|c
SELECT 1
id|s
1|a
2|b
SELECT 2
s|count
a|1
b|1
c|1
SELECT 3
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=pg_temp_0 table=t constraint=t_pkey
ERROR 23505: duplicate key value violates unique constraint "t_s_key"
  detail: Key (s)=(a) already exists.
  schema=pg_temp_0 table=t constraint=t_s_key
id|s|n
1|za|2.00
INSERT 0 1
UPDATE 2
id|s
12|B
UPDATE 1
s
c
DELETE 1
id|s|n
1|za|3.00
12|B|3.00
SELECT 2
id|n
1|3
UPDATE 1
INSERT 0 2
id|n
1|3
2|20
101|3
112|3
SELECT 4
INSERT 0 1
id|s|n
13|B|3.00
SELECT 1
id|s|n|id|s|n
1|za|3.00|13|B|3.00
SELECT 1
b: ERROR 42P01: relation "t" does not exist
b: count
b: 0
b: SELECT 1

# names
CREATE TABLE t (other int);
SELECT * FROM public.t;
SELECT id FROM pg_temp.t ORDER BY id;
SELECT relname, relpersistence, relkind, nspname LIKE 'pg_temp_%' AS mine FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname IN ('t', 't_pkey', 't_s_key') ORDER BY 1, 2;
SELECT table_type FROM information_schema.tables WHERE table_name = 't' ORDER BY 1;
SELECT current_schema(), (current_schemas(true))[1] LIKE 'pg_temp_%', pg_my_temp_schema() > 0;
SELECT 't'::regclass = 'pg_temp.t'::regclass;
DROP TABLE t;
SELECT * FROM t;
DROP TABLE t;
SELECT * FROM pg_temp.t;
---
CREATE TABLE
other
SELECT 0
id
1
13
SELECT 2
relname|relpersistence|relkind|mine
t|p|r|f
t|t|r|t
t_pkey|t|i|t
t_s_key|t|i|t
SELECT 4
table_type
BASE TABLE
LOCAL TEMPORARY
SELECT 2
current_schema|?column?|?column?
public|t|t
SELECT 1
?column?
t
SELECT 1
DROP TABLE
other
SELECT 0
DROP TABLE
ERROR 42P01: relation "pg_temp.t" does not exist

# transactions
CREATE TEMP TABLE r (a int);
INSERT INTO r VALUES (1);
BEGIN;
INSERT INTO r VALUES (2), (3);
DELETE FROM r WHERE a = 1;
SELECT * FROM r ORDER BY a;
ROLLBACK;
SELECT * FROM r;
BEGIN;
CREATE TEMP TABLE gone (a int);
INSERT INTO gone VALUES (1);
DROP TABLE r;
SELECT * FROM r;
ROLLBACK;
SELECT * FROM gone;
SELECT * FROM r;
BEGIN;
INSERT INTO r VALUES (4);
SAVEPOINT s;
INSERT INTO r VALUES (5);
CREATE TEMP TABLE later (a int);
UPDATE r SET a = a + 100;
SELECT * FROM r ORDER BY a;
ROLLBACK TO s;
SELECT * FROM r ORDER BY a;
SELECT * FROM later;
ROLLBACK TO s;
COMMIT;
SELECT * FROM r ORDER BY a;
INSERT INTO r VALUES (6), (7 / 0);
SELECT * FROM r ORDER BY a;
INSERT INTO p VALUES (1, 1); INSERT INTO r VALUES (9);
SELECT * FROM r ORDER BY a;
TRUNCATE r;
SELECT * FROM r;
---
CREATE TABLE
INSERT 0 1
BEGIN
INSERT 0 2
DELETE 1
a
2
3
SELECT 2
ROLLBACK
a
1
SELECT 1
BEGIN
CREATE TABLE
INSERT 0 1
DROP TABLE
ERROR 42P01: relation "r" does not exist
ROLLBACK
ERROR 42P01: relation "gone" does not exist
a
1
SELECT 1
BEGIN
INSERT 0 1
SAVEPOINT
INSERT 0 1
CREATE TABLE
UPDATE 3
a
101
104
105
SELECT 3
ROLLBACK
a
1
4
SELECT 2
ERROR 42P01: relation "later" does not exist
ROLLBACK
COMMIT
a
1
4
SELECT 2
ERROR 22012: division by zero
a
1
4
SELECT 2
ERROR 23505: duplicate key value violates unique constraint "p_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=p constraint=p_pkey
a
1
4
SELECT 2
TRUNCATE TABLE
a
SELECT 0

# ON COMMIT
CREATE TEMP TABLE d (a int) ON COMMIT DELETE ROWS;
INSERT INTO d VALUES (1);
SELECT * FROM d;
BEGIN;
INSERT INTO d VALUES (1);
SELECT * FROM d;
COMMIT;
SELECT * FROM d;
BEGIN;
CREATE TEMP TABLE x ON COMMIT DROP AS SELECT id FROM p;
SELECT count(*) FROM x;
COMMIT;
SELECT * FROM x;
CREATE TEMP TABLE k ON COMMIT PRESERVE ROWS AS SELECT n FROM p WHERE id = 1;
SELECT * FROM k;
CREATE TABLE nok (a int) ON COMMIT DROP;
SELECT id INTO TEMP i FROM p;
SELECT count(*) FROM i;
---
CREATE TABLE
INSERT 0 1
a
SELECT 0
BEGIN
INSERT 0 1
a
1
SELECT 1
COMMIT
a
SELECT 0
BEGIN
SELECT 4
count
4
SELECT 1
COMMIT
ERROR 42P01: relation "x" does not exist
SELECT 1
n
3
SELECT 1
ERROR 42P16: ON COMMIT can only be used on temporary tables
SELECT 4
count
4
SELECT 1

# definitions
ALTER TABLE k ADD COLUMN more text DEFAULT 'm';
INSERT INTO k VALUES (1, 'x');
SELECT * FROM k ORDER BY n;
CREATE INDEX ON k (n);
CREATE UNIQUE INDEX ku ON k (more);
INSERT INTO k VALUES (2, 'x');
SELECT * FROM k WHERE n = 1;
ALTER TABLE k RENAME TO kk;
ALTER TABLE kk RENAME COLUMN n TO m;
SELECT m FROM kk ORDER BY m;
ALTER TABLE kk ADD CONSTRAINT c CHECK (m < 50);
INSERT INTO kk VALUES (51, 'y');
ALTER TABLE kk ADD PRIMARY KEY (m);
SELECT more FROM kk WHERE m = 10;
ALTER TABLE kk DROP COLUMN more;
SELECT * FROM kk ORDER BY m;
COMMENT ON TABLE kk IS 'mine';
SELECT obj_description('kk'::regclass);
ALTER TABLE kk SET SCHEMA public;
CREATE TEMP TABLE public.no (a int);
CREATE TABLE refers (a int REFERENCES kk);
---
ALTER TABLE
INSERT 0 1
n|more
1|x
3|m
SELECT 2
CREATE INDEX
CREATE INDEX
ERROR 23505: duplicate key value violates unique constraint "ku"
  detail: Key (more)=(x) already exists.
  schema=pg_temp_0 table=k constraint=ku
n|more
1|x
SELECT 1
ALTER TABLE
ALTER TABLE
m
1
3
SELECT 2
ALTER TABLE
ERROR 23514: new row for relation "kk" violates check constraint "c"
  detail: Failing row contains (51, y).
  schema=pg_temp_0 table=kk constraint=c
ALTER TABLE
more
SELECT 0
ALTER TABLE
m
1
3
SELECT 2
COMMENT
obj_description
mine
SELECT 1
ERROR 0A000: cannot move objects into or out of temporary schemas
ERROR 42P16: cannot create temporary relation in non-temporary schema
ERROR 42P16: constraints on permanent tables may reference only permanent tables

# what is refused here
CREATE TEMP TABLE s (id serial);
CREATE TEMP TABLE f (id int REFERENCES p);
CREATE VIEW v AS SELECT * FROM kk;
CREATE TEMP VIEW v AS SELECT 1;
CREATE VIEW pg_temp.v AS SELECT 1;
CREATE INDEX ASYNC ON kk (m);
EXPLAIN (PARTS) SELECT * FROM kk;
---
ERROR 0A000: sequences of temporary tables are not supported
ERROR 0A000: foreign keys of temporary tables are not supported
ERROR 0A000: views of temporary tables are not supported
ERROR 0A000: temporary views are not supported
ERROR 0A000: only tables can be temporary
ERROR 0A000: asynchronous indexes of temporary tables are not supported
ERROR 0A000: EXPLAIN (PARTS) of temporary tables is not supported

DISCARD TEMP;
SELECT * FROM kk;
CREATE TEMP TABLE again (a int);
DISCARD ALL;
SELECT * FROM again;
CREATE TEMP TABLE again (a int);
INSERT INTO again SELECT g FROM generate_series(1, 5000) g;
SELECT count(*), sum(a) FROM again;
DELETE FROM again WHERE a % 2 = 0;
SELECT count(*), sum(a) FROM again;
BEGIN;
UPDATE again SET a = a + 1;
SELECT count(*), sum(a) FROM again;
ROLLBACK;
SELECT count(*), sum(a) FROM again;
---
DISCARD TEMP
ERROR 42P01: relation "kk" does not exist
CREATE TABLE
DISCARD ALL
ERROR 42P01: relation "again" does not exist
CREATE TABLE
INSERT 0 5000
count|sum
5000|12502500
SELECT 1
DELETE 2500
count|sum
2500|6250000
SELECT 1
BEGIN
UPDATE 2500
count|sum
2500|6252500
SELECT 1
ROLLBACK
count|sum
2500|6250000
SELECT 1

# others change the schema meanwhile
BEGIN;
CREATE TEMP TABLE mine (a int);
INSERT INTO mine VALUES (1);
b: ALTER TABLE p ADD COLUMN x int;
b: CREATE TABLE q (a int);
b: INSERT INTO q VALUES (5);
INSERT INTO mine SELECT 2;
COMMIT;
SELECT * FROM q JOIN mine ON true ORDER BY 2;
PREPARE m AS SELECT count(*) FROM mine;
EXECUTE m;
b: DROP TABLE q;
EXECUTE m;
INSERT INTO mine VALUES (3);
EXECUTE m;
INSERT INTO p SELECT a + 500, a, a FROM mine;
SELECT count(*) FROM p WHERE id > 500;
---
BEGIN
CREATE TABLE
INSERT 0 1
b: ALTER TABLE
b: CREATE TABLE
b: INSERT 0 1
INSERT 0 1
COMMIT
a|a
5|1
5|2
SELECT 2
PREPARE
count
2
SELECT 1
b: DROP TABLE
count
2
SELECT 1
INSERT 0 1
count
3
SELECT 1
INSERT 0 3
count
3
SELECT 1

# SET ROLE, cursors, COPY
CREATE ROLE app;
SET ROLE app;
SELECT count(*) FROM mine;
CREATE TEMP TABLE of_app AS SELECT 1 AS a;
SELECT * FROM of_app;
RESET ROLE;
DECLARE c CURSOR WITH HOLD FOR SELECT a FROM mine ORDER BY a;
FETCH 2 FROM c;
BEGIN;
SELECT a FROM mine WHERE a = 1 FOR UPDATE;
DECLARE d CURSOR FOR SELECT a FROM mine ORDER BY a;
FETCH 1 FROM d;
DELETE FROM mine;
FETCH ALL FROM d;
COMMIT;
SELECT count(*) FROM mine;
---
CREATE ROLE
SET
ERROR 42501: permission denied for table mine
SELECT 1
a
1
SELECT 1
RESET
DECLARE CURSOR
a
1
2
FETCH 2
BEGIN
a
1
SELECT 1
DECLARE CURSOR
a
1
FETCH 1
DELETE 3
a
2
3
FETCH 2
COMMIT
count
0
SELECT 1
