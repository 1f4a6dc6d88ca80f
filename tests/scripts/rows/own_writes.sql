CREATE TABLE t (id int PRIMARY KEY, n int, s text);
INSERT INTO t SELECT 1, 10, 'a';
INSERT INTO t VALUES (2, 20, 'b'), (3, 30, 'c'), (4, 40, 'd'), (5, 50, 'e');
---
CREATE TABLE
INSERT 0 1
INSERT 0 4

# every kind of read sees what the transaction wrote
BEGIN;
INSERT INTO t VALUES (6, 60, 'f');
UPDATE t SET n = 21 WHERE id = 2;
DELETE FROM t WHERE id = 3;
SELECT * FROM t WHERE id = 2;
SELECT * FROM t WHERE id = 3;
SELECT * FROM t WHERE id IN (1, 3, 6) ORDER BY id;
SELECT id FROM t WHERE n > 20 ORDER BY id;
SELECT id FROM t ORDER BY id DESC LIMIT 3;
SELECT id FROM t ORDER BY id LIMIT 2 OFFSET 1;
SELECT count(*), sum(n), min(n), max(n), avg(n) FROM t;
SELECT count(*) FROM t WHERE id > 2;
SELECT id FROM t WHERE s >= 'b' ORDER BY s DESC;
SELECT sum(n) FROM t WHERE id < 3;
UPDATE t SET n = n + 1 WHERE id > 4;
SELECT id, n FROM t ORDER BY id;
DELETE FROM t WHERE n > 50;
INSERT INTO t VALUES (3, 33, 'again');
INSERT INTO t VALUES (6, 66, 'again') ON CONFLICT (id) DO UPDATE SET n = 1;
INSERT INTO t VALUES (6, 66, 'again') ON CONFLICT (id) DO UPDATE SET n = 2;
SELECT * FROM t ORDER BY id;
ROLLBACK;
SELECT * FROM t ORDER BY id;
---
BEGIN
INSERT 0 1
UPDATE 1
DELETE 1
id|n|s
2|21|b
SELECT 1
id|n|s
SELECT 0
id|n|s
1|10|a
6|60|f
SELECT 2
id
2
4
5
6
SELECT 4
id
6
5
4
SELECT 3
id
2
4
SELECT 2
count|sum|min|max|avg
5|181|10|60|36.2000000000000000
SELECT 1
count
3
SELECT 1
id
6
5
4
2
SELECT 4
sum
31
SELECT 1
UPDATE 2
id|n
1|10
2|21
4|40
5|51
6|61
SELECT 5
DELETE 2
INSERT 0 1
INSERT 0 1
INSERT 0 1
id|n|s
1|10|a
2|21|b
3|33|again
4|40|d
6|2|again
SELECT 5
ROLLBACK
id|n|s
1|10|a
2|20|b
3|30|c
4|40|d
5|50|e
SELECT 5

# through an index
CREATE TABLE i (id int PRIMARY KEY, u int UNIQUE, v int);
INSERT INTO i VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
---
CREATE TABLE
INSERT 0 3

BEGIN;
UPDATE i SET u = 20 WHERE id = 2;
INSERT INTO i VALUES (4, 2, 4);
DELETE FROM i WHERE id = 3;
SELECT * FROM i WHERE u = 2;
SELECT * FROM i WHERE u = 20;
SELECT * FROM i WHERE u = 3;
SELECT * FROM i WHERE u > 1 ORDER BY u;
SELECT * FROM i WHERE u > 1 ORDER BY u DESC LIMIT 1;
INSERT INTO i VALUES (5, 20, 5) ON CONFLICT DO NOTHING;
COMMIT;
SELECT * FROM i ORDER BY id;
INSERT INTO i VALUES (6, 20, 6);
---
BEGIN
UPDATE 1
INSERT 0 1
DELETE 1
id|u|v
4|2|4
SELECT 1
id|u|v
2|20|2
SELECT 1
id|u|v
SELECT 0
id|u|v
4|2|4
2|20|2
SELECT 2
id|u|v
2|20|2
SELECT 1
INSERT 0 0
COMMIT
id|u|v
1|1|1
2|20|2
4|2|4
SELECT 3
ERROR 23505: duplicate key value violates unique constraint "i_u_key"
  detail: Key (u)=(20) already exists.
  schema=public table=i constraint=i_u_key
