# !open: the statements of one query are one transaction; all of them hold, or none
CREATE TABLE w (i int PRIMARY KEY); INSERT INTO w VALUES (1); INSERT INTO w VALUES (1);
SELECT * FROM w;
CREATE TABLE w (i int PRIMARY KEY); INSERT INTO w VALUES (1); SELECT 1 / (i - 1) FROM w;
CREATE TABLE w (i int PRIMARY KEY, s text); CREATE INDEX ON w (s); INSERT INTO w VALUES (1, 'a'), (2, 'b'); DROP TABLE nosuch;
CREATE SCHEMA x; CREATE TABLE x.w (i int PRIMARY KEY); SELECT nosuch();
CREATE TABLE x.w (i int PRIMARY KEY);
CREATE TABLE w (i int PRIMARY KEY, s text); CREATE INDEX ON w (s); INSERT INTO w VALUES (1, 'a'), (2, 'b'); SELECT i FROM w WHERE s = 'b';
SELECT i FROM w WHERE s = 'a';
INSERT INTO w VALUES (3, 'c'); ALTER TABLE w ADD COLUMN n int DEFAULT 7; UPDATE w SET n = i WHERE i = 3; SELECT 1 / 0;
SELECT * FROM w;
INSERT INTO w VALUES (3, 'c'); ALTER TABLE w ADD COLUMN n int DEFAULT 7; UPDATE w SET n = i WHERE i = 3; SELECT * FROM w;
DROP TABLE w; SELECT 1 FROM w;
SELECT count(*) FROM w;
INSERT INTO w VALUES (4, 'd'); INSERT INTO w VALUES (5; INSERT INTO w VALUES (6, 'f');
TRUNCATE w; INSERT INTO w VALUES (9, 'z', 9); INSERT INTO w VALUES (9, 'z', 9);
SELECT count(*) FROM w;
---
CREATE TABLE
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "w_pkey"
  detail: Key (i)=(1) already exists.
  schema=public table=w constraint=w_pkey
ERROR 42P01: relation "w" does not exist
CREATE TABLE
INSERT 0 1
ERROR 22012: division by zero
CREATE TABLE
CREATE INDEX
INSERT 0 2
ERROR 42P01: table "nosuch" does not exist
CREATE SCHEMA
CREATE TABLE
ERROR 42883: function nosuch() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 3F000: schema "x" does not exist
CREATE TABLE
CREATE INDEX
INSERT 0 2
i
2
SELECT 1
i
1
SELECT 1
INSERT 0 1
ALTER TABLE
UPDATE 1
ERROR 22012: division by zero
i|s
1|a
2|b
SELECT 2
INSERT 0 1
ALTER TABLE
UPDATE 1
i|s|n
1|a|7
2|b|7
3|c|3
SELECT 3
DROP TABLE
ERROR 42P01: relation "w" does not exist
count
3
SELECT 1
ERROR 42601: syntax error at or near ";"
TRUNCATE TABLE
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "w_pkey"
  detail: Key (i)=(9) already exists.
  schema=public table=w constraint=w_pkey
count
3
SELECT 1

# BEGIN takes in what ran before it; what follows the query is in its block
INSERT INTO w VALUES (4, 'd'); BEGIN; INSERT INTO w VALUES (5, 'e');
SELECT count(*) FROM w;
ROLLBACK;
SELECT count(*) FROM w;
INSERT INTO w VALUES (4, 'd'); BEGIN; INSERT INTO w VALUES (5, 'e'); COMMIT; INSERT INTO w VALUES (6, 'f'); SELECT 1 / 0;
SELECT i FROM w WHERE i > 3;
BEGIN; INSERT INTO w VALUES (7, 'g'); SELECT 1 / 0; INSERT INTO w VALUES (8, 'h');
SELECT 1;
COMMIT;
SELECT i FROM w WHERE i > 5;
BEGIN; BEGIN; DELETE FROM w WHERE i = 5; END;
---
INSERT 0 1
BEGIN
INSERT 0 1
count
5
SELECT 1
ROLLBACK
count
3
SELECT 1
INSERT 0 1
BEGIN
INSERT 0 1
COMMIT
INSERT 0 1
ERROR 22012: division by zero
i
4
5
SELECT 2
BEGIN
INSERT 0 1
ERROR 22012: division by zero
ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block
ROLLBACK
i
SELECT 0
BEGIN
WARNING: there is already a transaction in progress
BEGIN
DELETE 1
COMMIT

# COMMIT and ROLLBACK end it, with a warning; the next statement begins another one
DELETE FROM w WHERE i = 4; COMMIT; DELETE FROM w WHERE i = 3; SELECT 1 / 0;
SELECT i FROM w;
DELETE FROM w WHERE i = 3; ROLLBACK; DELETE FROM w WHERE i = 2; SELECT i FROM w;
DELETE FROM w WHERE i = 3; COMMIT AND CHAIN;
SELECT i FROM w;
COMMIT;
---
DELETE 1
WARNING: there is no transaction in progress
COMMIT
DELETE 1
ERROR 22012: division by zero
i
1
2
3
SELECT 3
DELETE 1
WARNING: there is no transaction in progress
ROLLBACK
DELETE 1
i
1
3
SELECT 2
DELETE 1
ERROR 25P01: COMMIT AND CHAIN can only be used in transaction blocks
i
1
3
SELECT 2
WARNING: there is no transaction in progress
COMMIT

# settings, too, are as the transaction is
SET application_name = 'zero';
SET application_name = 'one'; SELECT 1 / 0;
SHOW application_name;
SET application_name = 'one'; SELECT 1;
SHOW application_name;
SET LOCAL application_name = 'two'; SHOW application_name;
SHOW application_name;
SET application_name = 'three'; ROLLBACK; SHOW application_name;
SET LOCAL application_name = 'two';
SET TRANSACTION READ ONLY; DELETE FROM w;
DELETE FROM w WHERE i = 99; BEGIN READ ONLY; DELETE FROM w; COMMIT;
ROLLBACK;
SELECT 1; VACUUM;
SELECT 1; DISCARD ALL;
DECLARE c CURSOR FOR SELECT i FROM w; FETCH 1 FROM c;
FETCH 1 FROM c;
DECLARE c CURSOR FOR SELECT i FROM w;
---
SET
SET
ERROR 22012: division by zero
application_name
zero
SHOW
SET
?column?
1
SELECT 1
application_name
one
SHOW
SET
application_name
two
SHOW
application_name
one
SHOW
SET
WARNING: there is no transaction in progress
ROLLBACK
application_name
one
SHOW
WARNING: SET LOCAL can only be used in transaction blocks
SET
SET
ERROR 25006: cannot execute DELETE in a read-only transaction
DELETE 0
BEGIN
ERROR 25006: cannot execute DELETE in a read-only transaction
ROLLBACK
?column?
1
SELECT 1
ERROR 25001: VACUUM cannot run inside a transaction block
?column?
1
SELECT 1
ERROR 25001: DISCARD ALL cannot run inside a transaction block
DECLARE CURSOR
i
1
FETCH 1
ERROR 34000: cursor "c" does not exist
ERROR 25P01: DECLARE CURSOR can only be used in transaction blocks

# another's write in between
b: BEGIN;
b: UPDATE w SET s = 'theirs' WHERE i = 1;
INSERT INTO w VALUES (50, 'x'); UPDATE w SET s = 'mine' WHERE i = 1;
b: COMMIT;
b: INSERT INTO w VALUES (51, 'y'); UPDATE w SET s = 'theirs' WHERE i = 1;
SELECT i, s FROM w;
---
b: BEGIN
b: UPDATE 1
INSERT 0 1
UPDATE 1
b: ERROR 40001: change conflicts with another transaction (OC000)
b: INSERT 0 1
b: UPDATE 1
i|s
1|theirs
3|c
50|x
51|y
SELECT 4
