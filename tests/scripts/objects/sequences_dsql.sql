# Sequences as DSQL has them: CACHE is named, 1 or at least 65,536; bigint alone; no serial. Sessions of one query processor share what is held.

CREATE SEQUENCE s;
CREATE SEQUENCE s CACHE 100;
CREATE SEQUENCE s CACHE 1 AS int;
CREATE SEQUENCE s CACHE 1;
CREATE SEQUENCE big CACHE 65536;
SELECT nextval('s'), nextval('s');
---
ERROR 0A000: CREATE SEQUENCE is not supported without an explicit cache size
ERROR 0A000: the cache size of a sequence must be 1 or at least 65536
ERROR 0A000: the only type of sequences is bigint
CREATE SEQUENCE
CREATE SEQUENCE
nextval|nextval
1|2
SELECT 1

SELECT nextval('big'), nextval('big');
b: SELECT nextval('s'), nextval('big');
SELECT last_value FROM s;
SELECT last_value FROM big;
CREATE TABLE t (id serial PRIMARY KEY);
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
---
nextval|nextval
1|2
SELECT 1
b: nextval|nextval
b: 3|3
b: SELECT 1
last_value
3
SELECT 1
last_value
65536
SELECT 1
ERROR 42704: type "serial" does not exist
ERROR 0A000: CREATE SEQUENCE is not supported without an explicit cache size

CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, n int);
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, n int);
INSERT INTO t (n) VALUES (1), (2) RETURNING id;
BEGIN;
INSERT INTO t (n) VALUES (3) RETURNING id;
b: INSERT INTO t (n) VALUES (4) RETURNING id;
---
ERROR 0A000: the only type of sequences is bigint
CREATE TABLE
id
1
2
INSERT 0 2
BEGIN
id
3
INSERT 0 1
b: id
b: 4
b: INSERT 0 1

ROLLBACK;
SELECT * FROM t ORDER BY id;
ALTER TABLE t ALTER COLUMN id RESTART WITH 10;
INSERT INTO t (n) VALUES (5) RETURNING id;
ALTER SEQUENCE s CACHE 5;
ALTER SEQUENCE big CACHE 100000 RESTART 5;
---
ROLLBACK
id|n
1|1
2|2
4|4
SELECT 3
ALTER TABLE
id
10
INSERT 0 1
ERROR 0A000: the cache size of a sequence must be 1 or at least 65536
ALTER SEQUENCE

SELECT nextval('big');
SELECT * FROM (SELECT nextval('s') AS n) q;
SELECT 1 WHERE nextval('s') > 0;
DROP TABLE t;
DROP SEQUENCE s, big;
---
nextval
5
SELECT 1
ERROR 0A000: nextval() is supported in select lists, VALUES, SET, RETURNING and defaults
?column?
1
SELECT 1
DROP TABLE
DROP SEQUENCE
