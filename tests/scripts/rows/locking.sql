# rows read FOR UPDATE take part in the conflict check: no write skew
CREATE TABLE doctors (id int PRIMARY KEY, on_call bool);
INSERT INTO doctors VALUES (1, true), (2, true);
---
CREATE TABLE
INSERT 0 2

a: BEGIN;
b: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: SELECT on_call FROM doctors WHERE id = 1 FOR UPDATE;
a: UPDATE doctors SET on_call = false WHERE id = 1;
b: UPDATE doctors SET on_call = false WHERE id = 2;
a: COMMIT;
b: COMMIT;
SELECT * FROM doctors ORDER BY id;
---
BEGIN
b: BEGIN
on_call
t
SELECT 1
b: on_call
b: t
b: SELECT 1
UPDATE 1
b: UPDATE 1
COMMIT
b: ERROR 40001: change conflicts with another transaction, please retry: (OC000)
id|on_call
1|f
2|t
SELECT 2

# equality on the whole key is asked for
SELECT id FROM doctors WHERE id > 0 FOR UPDATE;
SELECT id FROM doctors FOR SHARE;
SELECT id FROM doctors WHERE on_call FOR NO KEY UPDATE;
SELECT count(*) FROM doctors WHERE id = 1 FOR UPDATE;
SELECT id FROM doctors WHERE id = 1 AND on_call FOR KEY SHARE;
SELECT id FROM doctors WHERE id = 2 FOR UPDATE OF doctors;
SELECT id FROM doctors WHERE id = 2 FOR UPDATE OF nosuch;
---
ERROR 0A000: locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key
ERROR 0A000: locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key
ERROR 0A000: locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key
ERROR 0A000: FOR UPDATE is not allowed with aggregate functions
id
SELECT 0
id
2
SELECT 1
ERROR 42P01: relation "nosuch" in FOR UPDATE clause not found in FROM clause

# a lock alone writes nothing and conflicts with nothing
a: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: UPDATE doctors SET on_call = true WHERE id = 2;
a: COMMIT;
---
BEGIN
on_call
t
SELECT 1
b: UPDATE 1
COMMIT

CREATE TABLE t (a int, b int, n int, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 1, 1);
SELECT n FROM t WHERE a = 1 FOR UPDATE;
SELECT n FROM t WHERE b = 1 AND a = 1 FOR UPDATE;
---
CREATE TABLE
INSERT 0 1
ERROR 0A000: locking clause such as FOR UPDATE can be applied only on tables with equality predicates on the key
n
1
SELECT 1
