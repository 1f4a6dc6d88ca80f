# what DSQL does not mix is refused before anything of the query runs
CREATE TABLE w (i int PRIMARY KEY); INSERT INTO w VALUES (1);
CREATE TABLE w (i int PRIMARY KEY); CREATE TABLE v (i int PRIMARY KEY);
CREATE TABLE w (i int PRIMARY KEY); INSERT INTO w VALUES (1); INSERT INTO w VALUES (1);
SELECT * FROM w;
CREATE TABLE w (i int PRIMARY KEY); SELECT * FROM w;
INSERT INTO w VALUES (1); CREATE INDEX ASYNC ON w (i);
INSERT INTO w VALUES (1); COMMIT; DROP TABLE w; INSERT INTO w VALUES (1);
SELECT * FROM w;
INSERT INTO w VALUES (1); COMMIT; ALTER TABLE w ADD COLUMN s text;
SELECT * FROM w;
BEGIN; DROP TABLE w; COMMIT; BEGIN; INSERT INTO w VALUES (2); CREATE TABLE v (i int PRIMARY KEY); COMMIT;
SELECT * FROM w;
COPY w FROM STDIN; DROP TABLE w;
---
ERROR 0A000: ddl and dml are not supported in the same transaction
ERROR 0A000: multiple ddl statements not supported in a transaction
ERROR 0A000: ddl and dml are not supported in the same transaction
ERROR 42P01: relation "w" does not exist
CREATE TABLE
i
SELECT 0
ERROR 0A000: ddl and dml are not supported in the same transaction
ERROR 0A000: ddl and dml are not supported in the same transaction
i
SELECT 0
INSERT 0 1
WARNING: there is no transaction in progress
COMMIT
ALTER TABLE
i|s
1|NULL
SELECT 1
ERROR 0A000: ddl and dml are not supported in the same transaction
i|s
1|NULL
SELECT 1
ERROR 0A000: ddl and dml are not supported in the same transaction

# an open block counts
BEGIN;
INSERT INTO w VALUES (2, 'b');
SELECT 1; DROP TABLE w;
COMMIT;
BEGIN;
INSERT INTO w VALUES (2, 'b');
COMMIT; CREATE TABLE v (i int PRIMARY KEY);
SELECT * FROM w;
BEGIN;
DROP TABLE v;
SELECT 1; CREATE TABLE u (i int PRIMARY KEY);
ROLLBACK;
BEGIN;
DROP TABLE v;
INSERT INTO w VALUES (3, 'c');
ROLLBACK;
SELECT * FROM v;
---
BEGIN
INSERT 0 1
ERROR 0A000: ddl and dml are not supported in the same transaction
ROLLBACK
BEGIN
INSERT 0 1
COMMIT
CREATE TABLE
i|s
1|NULL
2|b
SELECT 2
BEGIN
DROP TABLE
ERROR 0A000: multiple ddl statements not supported in a transaction
ROLLBACK
BEGIN
DROP TABLE
ERROR 0A000: ddl and dml are not supported in the same transaction
ROLLBACK
i
SELECT 0
