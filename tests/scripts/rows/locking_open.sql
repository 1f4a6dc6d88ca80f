# !open: every strength locks
CREATE TABLE t (id int PRIMARY KEY, n int);
INSERT INTO t VALUES (1, 1), (2, 2);
---
CREATE TABLE
INSERT 0 2

# every strength locks, the weaker ones more than they need to
a: BEGIN;
a: SELECT n FROM t WHERE id = 1 FOR SHARE;
b: UPDATE t SET n = n + 1 WHERE id = 1;
a: COMMIT;
a: BEGIN;
a: SELECT n FROM t WHERE id = 1 FOR NO KEY UPDATE;
b: UPDATE t SET n = n + 1 WHERE id = 1;
a: COMMIT;
BEGIN READ ONLY;
SELECT n FROM t WHERE id = 1 FOR NO KEY UPDATE;
ROLLBACK;
BEGIN READ ONLY;
SELECT n FROM t WHERE id = 1 FOR SHARE;
ROLLBACK;
SELECT sum(n) FROM t FOR SHARE;
---
BEGIN
n
1
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
n
2
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
ERROR 25006: cannot execute SELECT FOR NO KEY UPDATE in a read-only transaction
ROLLBACK
BEGIN
ERROR 25006: cannot execute SELECT FOR SHARE in a read-only transaction
ROLLBACK
ERROR 0A000: FOR SHARE is not allowed with aggregate functions

# two clauses, two tables
a: BEGIN;
a: SELECT x.n FROM t x JOIN t y ON y.id = x.n WHERE x.id = 2 FOR SHARE OF x FOR UPDATE OF y;
b: UPDATE t SET n = 9 WHERE id = 2;
a: COMMIT;
---
BEGIN
n
2
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
