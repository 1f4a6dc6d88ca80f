# !open: SAVEPOINT, ROLLBACK TO and RELEASE; PostgreSQL 18 answers the same.

CREATE TABLE t (id int PRIMARY KEY, a text);
INSERT INTO t VALUES (1, 'x');
SAVEPOINT a;
ROLLBACK TO a;
RELEASE a;
---
CREATE TABLE
INSERT 0 1
ERROR 25P01: SAVEPOINT can only be used in transaction blocks
ERROR 25P01: ROLLBACK TO SAVEPOINT can only be used in transaction blocks
ERROR 25P01: RELEASE SAVEPOINT can only be used in transaction blocks

# An error inside, and the block goes on from the savepoint; the outer one takes back all.
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (2, 'y');
SAVEPOINT b;
UPDATE t SET a = 'z' WHERE id = 1;
INSERT INTO t VALUES (1, 'duplicate');
SELECT 1;
SAVEPOINT c;
RELEASE b;
ROLLBACK TO nowhere;
ROLLBACK TO SAVEPOINT b;
SELECT * FROM t ORDER BY id;
ROLLBACK TO b;
RELEASE a;
ROLLBACK TO b;
ROLLBACK;
SELECT * FROM t;
---
BEGIN
SAVEPOINT
INSERT 0 1
SAVEPOINT
UPDATE 1
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=t constraint=t_pkey
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block
ERROR 3B001: savepoint "nowhere" does not exist
ROLLBACK
id|a
1|x
2|y
SELECT 2
ROLLBACK
RELEASE
ERROR 3B001: savepoint "b" does not exist
ROLLBACK
id|a
1|x
SELECT 1

# Several of one name: the newest is meant, until it is released.
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (3, '1');
SAVEPOINT a;
DELETE FROM t;
ROLLBACK TO a;
RELEASE a;
SELECT * FROM t ORDER BY id;
ROLLBACK TO a;
SELECT * FROM t;
COMMIT;
SELECT * FROM t;
---
BEGIN
SAVEPOINT
INSERT 0 1
SAVEPOINT
DELETE 2
ROLLBACK
RELEASE
id|a
1|x
3|1
SELECT 2
ROLLBACK
id|a
1|x
SELECT 1
COMMIT
id|a
1|x
SELECT 1

# Run-time parameters go back, SET LOCAL's and the search path among them.
CREATE SCHEMA s;
CREATE TABLE s.t (id int PRIMARY KEY);
BEGIN;
SAVEPOINT a;
SET TimeZone = 'Europe/Berlin';
SELECT timestamptz '2024-01-01 00:00+00';
SET search_path = s;
SELECT * FROM t;
ROLLBACK TO a;
SHOW TimeZone;
SELECT timestamptz '2024-01-01 00:00+00', * FROM t;
SET LOCAL TimeZone = 'Asia/Tokyo';
SAVEPOINT b;
SET TimeZone = 'Europe/Paris';
ROLLBACK TO b;
SHOW TimeZone;
COMMIT;
SHOW TimeZone;
---
CREATE SCHEMA
CREATE TABLE
BEGIN
SAVEPOINT
SET
timestamptz
2024-01-01 01:00:00+01
SELECT 1
SET
id
SELECT 0
ROLLBACK
TimeZone
UTC
SHOW
timestamptz|id|a
2024-01-01 00:00:00+00|1|x
SELECT 1
SET
SAVEPOINT
SET
ROLLBACK
TimeZone
Asia/Tokyo
SHOW
COMMIT
TimeZone
UTC
SHOW

# So do schema changes, the block's own before the savepoint staying.
BEGIN;
SAVEPOINT a;
CREATE TABLE u (i int PRIMARY KEY);
INSERT INTO u VALUES (1);
ROLLBACK TO a;
SELECT * FROM u;
ROLLBACK TO a;
CREATE TABLE u (i int PRIMARY KEY);
INSERT INTO u VALUES (2);
SAVEPOINT b;
TRUNCATE u;
INSERT INTO u VALUES (3);
SELECT * FROM u;
ROLLBACK TO b;
SELECT * FROM u;
ALTER TABLE u ADD COLUMN x int;
SELECT * FROM u;
ROLLBACK TO b;
SELECT * FROM u;
COMMIT;
SELECT * FROM u;
---
BEGIN
SAVEPOINT
CREATE TABLE
INSERT 0 1
ROLLBACK
ERROR 42P01: relation "u" does not exist
ROLLBACK
CREATE TABLE
INSERT 0 1
SAVEPOINT
TRUNCATE TABLE
INSERT 0 1
i
3
SELECT 1
ROLLBACK
i
2
SELECT 1
ALTER TABLE
i|x
2|NULL
SELECT 1
ROLLBACK
i
2
SELECT 1
COMMIT
i
2
SELECT 1

# Cursors of before keep their places; those of after are gone.
BEGIN;
DECLARE c CURSOR FOR SELECT generate_series(1, 5);
FETCH 2 FROM c;
SAVEPOINT a;
DECLARE d CURSOR FOR SELECT 1;
FETCH 1 FROM c;
SELECT 1 / 0;
ROLLBACK TO a;
FETCH 1 FROM c;
FETCH 1 FROM d;
ROLLBACK TO a;
FETCH ALL c;
ROLLBACK;
---
BEGIN
DECLARE CURSOR
generate_series
1
2
FETCH 2
SAVEPOINT
DECLARE CURSOR
generate_series
3
FETCH 1
ERROR 22012: division by zero
ROLLBACK
generate_series
4
FETCH 1
ERROR 34000: cursor "d" does not exist
ROLLBACK
generate_series
5
FETCH 1
ROLLBACK

# Keys locked since are free again: another's change of the row is no conflict.
BEGIN;
UPDATE t SET a = 'first' WHERE id = 1;
SAVEPOINT a;
SELECT i FROM u WHERE i = 2 FOR UPDATE;
ROLLBACK TO a;
SELECT i FROM u WHERE i = 2 FOR UPDATE;
ROLLBACK TO a;
b: UPDATE u SET i = i WHERE i = 2;
COMMIT;
---
BEGIN
UPDATE 1
SAVEPOINT
i
2
SELECT 1
ROLLBACK
i
2
SELECT 1
ROLLBACK
b: UPDATE 1
COMMIT

# READ ONLY of a savepoint ends with it; AND CHAIN begins without savepoints.
BEGIN;
SAVEPOINT a;
SET TRANSACTION READ ONLY;
INSERT INTO t VALUES (9, 'no');
ROLLBACK TO a;
INSERT INTO t VALUES (9, 'yes');
ROLLBACK AND CHAIN;
ROLLBACK TO a;
ROLLBACK;
SELECT id FROM t WHERE id = 9;
---
BEGIN
SAVEPOINT
SET
ERROR 25006: cannot execute INSERT in a read-only transaction
ROLLBACK
ERROR 25006: cannot execute INSERT in a read-only transaction
ROLLBACK
ERROR 3B001: savepoint "a" does not exist
ROLLBACK
id
SELECT 0
