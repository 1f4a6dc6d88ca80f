CREATE TABLE t (id int PRIMARY KEY, n int, s text);
CREATE TABLE u (id int PRIMARY KEY, n int, t_id int);
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c'), (4, 40, 'd');
INSERT INTO u VALUES (1, 100, 1), (2, 200, 2), (3, 300, 9);
---
CREATE TABLE
CREATE TABLE
INSERT 0 4
INSERT 0 3

UPDATE t SET n = u.n, s = 'from' FROM u WHERE u.t_id = t.id AND u.id = 1 RETURNING t.id, t.n, u.n AS other, s;
UPDATE t SET n = t.n + x.n FROM u AS x WHERE x.t_id = t.id AND x.id = 2 RETURNING *;
UPDATE t SET n = n + 1 FROM u WHERE u.t_id = t.id;
UPDATE t SET n = 0 FROM u WHERE nosuch = 1;
UPDATE t SET nosuch = 0 FROM u;
UPDATE t SET s = u.n FROM u WHERE u.t_id = t.id;
UPDATE t SET n = v.k FROM (SELECT t_id, max(n) + 5 AS k FROM u GROUP BY t_id) v WHERE v.t_id = t.id;
UPDATE t SET id = t.id + 100, n = u.n FROM u WHERE u.t_id = t.id AND t.id = 2 RETURNING t.id, u.id;
SELECT * FROM t ORDER BY id;
---
id|n|other|s
1|100|100|from
UPDATE 1
id|n|s|id|n|t_id
2|220|b|2|200|2
UPDATE 1
ERROR 42702: column reference "n" is ambiguous
ERROR 42703: column "nosuch" does not exist
ERROR 42703: column "nosuch" of relation "t" does not exist
UPDATE 2
UPDATE 2
id|id
102|2
UPDATE 1
id|n|s
1|105|100
3|30|c
4|40|d
102|200|200
SELECT 4

DELETE FROM t USING u WHERE u.t_id = t.id AND u.id = 1 RETURNING t.id, u.id, u.n;
DELETE FROM t WHERE id IN (SELECT id FROM u WHERE n >= 300) RETURNING *;
DELETE FROM t WHERE n < ANY (SELECT n FROM u) AND id < 4;
SELECT * FROM t ORDER BY id;
---
id|id|n
1|1|100
DELETE 1
id|n|s
3|30|c
DELETE 1
DELETE 0
id|n|s
4|40|d
102|200|200
SELECT 2

# WITH in front
WITH m AS (SELECT max(n) AS n FROM u) UPDATE t SET n = m.n FROM m WHERE t.id = 4;
WITH m AS (SELECT 7 AS id, 'seven' AS s) INSERT INTO t (id, s) SELECT id, s FROM m RETURNING *;
WITH m AS (SELECT t_id FROM u) DELETE FROM t WHERE id - 100 IN (SELECT t_id FROM m);
SELECT * FROM t ORDER BY id;
---
UPDATE 1
id|n|s
7|NULL|seven
INSERT 0 1
DELETE 1
id|n|s
4|300|d
7|NULL|seven
SELECT 2

# own writes are joined too
BEGIN;
INSERT INTO u VALUES (4, 400, 4);
UPDATE t SET n = u.n FROM u WHERE u.t_id = t.id;
DELETE FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = u.t_id);
SELECT * FROM u ORDER BY id;
COMMIT;
SELECT * FROM t ORDER BY id;
---
BEGIN
INSERT 0 1
UPDATE 1
DELETE 1
id|n|t_id
1|100|1
2|200|2
3|300|9
SELECT 3
COMMIT
id|n|s
4|400|d
7|NULL|seven
SELECT 2
