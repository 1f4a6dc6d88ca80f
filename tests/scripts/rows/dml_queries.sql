CREATE TABLE t (id int PRIMARY KEY, n int, s text);
CREATE TABLE u (id int PRIMARY KEY, n int, t_id int);
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');
INSERT INTO u VALUES (1, 100, 1), (2, 200, 2), (3, 300, 9);
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 3

# subqueries that do not depend on the row
UPDATE t SET n = (SELECT max(n) FROM u) WHERE id = 1;
UPDATE t SET n = n + 1 WHERE id IN (SELECT t_id FROM u);
DELETE FROM u WHERE n > (SELECT avg(n) FROM u);
UPDATE t SET s = 'none' WHERE NOT EXISTS (SELECT 1 FROM u WHERE n > 1000);
SELECT * FROM t ORDER BY id;
SELECT * FROM u ORDER BY id;
INSERT INTO u VALUES ((SELECT max(id) FROM u) + 5, 1, 1);
UPDATE t SET n = (SELECT n FROM u);
---
UPDATE 1
UPDATE 2
DELETE 1
UPDATE 3
id|n|s
1|301|none
2|21|none
3|30|none
SELECT 3
id|n|t_id
1|100|1
2|200|2
SELECT 2
INSERT 0 1
ERROR 21000: more than one row returned by a subquery used as an expression

# another table
UPDATE t SET n = u.n FROM u WHERE u.t_id = t.id;
UPDATE t AS x SET s = x.s || y.id FROM u y WHERE y.t_id = x.id AND y.id < 5 RETURNING x.id, x.s;
DELETE FROM t USING u WHERE u.t_id = t.id AND u.id = 2;
SELECT * FROM t ORDER BY id;
---
UPDATE 2
id|s
1|none1
2|none2
UPDATE 2
DELETE 1
id|n|s
1|100|none1
3|30|none
SELECT 2

# subqueries that do
UPDATE t SET n = (SELECT sum(u.n) FROM u WHERE u.t_id = t.id);
SELECT id, n FROM t ORDER BY id;
DELETE FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id);
SELECT id FROM t ORDER BY id;
---
UPDATE 2
id|n
1|101
3|NULL
SELECT 2
DELETE 1
id
1
SELECT 1
