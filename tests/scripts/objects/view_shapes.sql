# !open Views with ORDER BY, odd names, window functions, cursors, whole rows. The answers are PostgreSQL's.

CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 1, 'x'), (2, NULL, 'y');
CREATE VIEW v1 AS SELECT id, a, b FROM t WHERE a IS NOT NULL OR b = 'y' ORDER BY id DESC;
SELECT * FROM v1;
SELECT id FROM v1 LIMIT 1;
SELECT max(id), min(b) FROM v1 WHERE a > 0;
---
CREATE TABLE
INSERT 0 2
CREATE VIEW
id|a|b
2|NULL|y
1|1|x
SELECT 2
id
2
SELECT 1
max|min
1|x
SELECT 1

SELECT upper(b) FROM v1 WHERE id = 2;
SELECT x.id AS k, row_number() OVER (ORDER BY x.id) FROM v1 x ORDER BY 1;
SELECT * FROM v1 UNION SELECT id, 5, 'z' FROM v1 ORDER BY 1, 2;
SELECT (SELECT count(*) FROM v1 y WHERE y.id >= v1.id) AS c FROM v1 ORDER BY 1;
WITH q AS (SELECT * FROM v1) SELECT count(*) FROM q JOIN v1 USING (id);
INSERT INTO t SELECT id + 10, a, b FROM v1;
---
upper
Y
SELECT 1
k|row_number
1|1
2|2
SELECT 2
id|a|b
1|1|x
1|5|z
2|5|z
2|NULL|y
SELECT 4
c
1
2
SELECT 2
count
2
SELECT 1
INSERT 0 2

UPDATE t SET a = (SELECT max(id) FROM v1) WHERE id = 1;
DELETE FROM t USING v1 WHERE t.id = v1.id AND v1.id > 11;
SELECT * FROM t ORDER BY id;
CREATE VIEW v2 AS SELECT id AS "Weird Id", a * 2 AS "select" FROM v1;
SELECT "Weird Id", "select" FROM v2 WHERE "Weird Id" = 1;
UPDATE v2 SET "Weird Id" = 77 WHERE "Weird Id" = 11;
---
UPDATE 1
DELETE 1
id|a|b
1|12|x
2|NULL|y
11|1|x
SELECT 3
CREATE VIEW
Weird Id|select
1|24
SELECT 1
UPDATE 1

SELECT * FROM v2 ORDER BY 1;
PREPARE p AS SELECT "select" FROM v2 WHERE "Weird Id" = $1;
EXECUTE p(77);
DEALLOCATE p;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM v1;
FETCH 2 FROM c;
---
Weird Id|select
1|24
2|NULL
77|2
SELECT 3
PREPARE
select
2
SELECT 1
DEALLOCATE
DECLARE CURSOR
id
77
2
FETCH 2

CLOSE c;
SELECT v1 FROM v1 WHERE id = 1;
SELECT id, a FROM v1 WHERE v1.b LIKE 'x%' GROUP BY id, a HAVING count(*) > 0 ORDER BY id;
CREATE TABLE tt (id int PRIMARY KEY, a int, b text);
INSERT INTO tt VALUES (1, 1, 'x'), (2, NULL, 'y');
CREATE VIEW vv AS SELECT id, b FROM tt WHERE id > 1;
---
CLOSE CURSOR
v1
(1,12,x)
SELECT 1
id|a
1|12
77|1
SELECT 2
CREATE TABLE
INSERT 0 2
CREATE VIEW

SELECT vv FROM vv;
SELECT vv.* FROM vv;
SELECT w FROM vv w WHERE w.id = 2;
SELECT count(vv) FROM vv;
---
vv
(2,y)
SELECT 1
id|b
2|y
SELECT 1
w
(2,y)
SELECT 1
count
1
SELECT 1
