# two transactions of the same snapshot: the first to commit wins
CREATE TABLE t (id int PRIMARY KEY, n int, u text UNIQUE);
INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two');
---
CREATE TABLE
INSERT 0 2

a: BEGIN;
b: BEGIN;
a: UPDATE t SET n = n + 1 WHERE id = 1;
b: UPDATE t SET n = n + 5 WHERE id = 1;
a: COMMIT;
b: COMMIT;
SELECT n FROM t WHERE id = 1;
---
BEGIN
b: BEGIN
UPDATE 1
b: UPDATE 1
COMMIT
b: ERROR 40001: change conflicts with another transaction (OC000)
n
11
SELECT 1

# the same new key, the same unique value
a: BEGIN;
b: BEGIN;
a: INSERT INTO t VALUES (3, 30, 'three');
b: INSERT INTO t VALUES (3, 33, 'drei');
b: COMMIT;
a: COMMIT;
a: BEGIN;
b: BEGIN;
a: INSERT INTO t VALUES (4, 40, 'same');
b: INSERT INTO t VALUES (5, 50, 'same');
a: COMMIT;
b: COMMIT;
SELECT id, u FROM t ORDER BY id;
---
BEGIN
b: BEGIN
INSERT 0 1
b: INSERT 0 1
b: COMMIT
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
b: BEGIN
INSERT 0 1
b: INSERT 0 1
COMMIT
b: ERROR 40001: change conflicts with another transaction (OC000)
id|u
1|one
2|two
3|drei
4|same
SELECT 4

# a snapshot does not move
a: BEGIN;
a: SELECT n FROM t WHERE id = 2;
b: UPDATE t SET n = 21 WHERE id = 2;
a: SELECT n FROM t WHERE id = 2;
a: SELECT sum(n) FROM t;
a: COMMIT;
a: SELECT n FROM t WHERE id = 2;
---
BEGIN
n
20
SELECT 1
b: UPDATE 1
n
20
SELECT 1
sum
104
SELECT 1
COMMIT
n
21
SELECT 1

# an upsert that changes nothing still depends on the row that it saw
a: BEGIN;
a: INSERT INTO t VALUES (1, 0, 'x') ON CONFLICT (id) DO UPDATE SET n = 0 WHERE t.n > 1000;
a: INSERT INTO t VALUES (9, 9, 'nine');
b: UPDATE t SET n = 5000 WHERE id = 1;
a: COMMIT;
SELECT count(*) FROM t WHERE id = 9;
---
BEGIN
INSERT 0 0
INSERT 0 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
count
0
SELECT 1
