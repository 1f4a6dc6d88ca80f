CREATE TABLE t (id int, part int, b text, PRIMARY KEY (id, part));
INSERT INTO t VALUES (1, 1, 'x'), (1, 2, 'y');
---
CREATE TABLE
INSERT 0 2

SELECT b FROM t WHERE id = 1 AND part = 1 FOR UPDATE;
SELECT b FROM t WHERE id = 1 AND part IN (1, 2) FOR KEY SHARE;
SELECT b FROM t WHERE id = 1 FOR UPDATE;
SELECT b FROM t FOR SHARE;
SELECT b FROM t WHERE id = 1 AND part = 1 FOR UPDATE OF u;
SELECT x.b FROM t x JOIN t y ON x.id = y.id AND x.part = y.part WHERE x.id = 1 AND x.part = 1 FOR UPDATE;
SELECT 1 FOR UPDATE;
---
b
x
SELECT 1
b
x
y
SELECT 2
b
x
y
SELECT 2
ERROR 0A000: locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported
ERROR 42P01: relation "u" in FOR UPDATE clause not found in FROM clause
b
x
SELECT 1
?column?
1
SELECT 1

# a row that was only locked conflicts with a write of it
BEGIN;
SELECT b FROM t WHERE id = 1 AND part = 1 FOR UPDATE;
UPDATE t SET b = 'mine' WHERE id = 1 AND part = 2;
b: UPDATE t SET b = 'theirs' WHERE id = 1 AND part = 1;
COMMIT;
SELECT b FROM t ORDER BY id, part;
---
BEGIN
b
x
SELECT 1
UPDATE 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
b
theirs
y
SELECT 2

# without the lock both commit: write skew
BEGIN;
SELECT b FROM t WHERE id = 1 AND part = 1;
UPDATE t SET b = 'mine' WHERE id = 1 AND part = 2;
b: UPDATE t SET b = 'ours' WHERE id = 1 AND part = 1;
COMMIT;
SELECT b FROM t ORDER BY id, part;
---
BEGIN
b
theirs
SELECT 1
UPDATE 1
b: UPDATE 1
COMMIT
b
ours
mine
SELECT 2

# two inserts of one key: the second to commit fails
BEGIN;
INSERT INTO t VALUES (2, 2, 'a');
b: INSERT INTO t VALUES (2, 2, 'b');
COMMIT;
---
BEGIN
INSERT 0 1
b: INSERT 0 1
ERROR 40001: change conflicts with another transaction (OC000)
