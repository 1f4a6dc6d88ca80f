# !open
# Answers that PostgreSQL 18 gives: returning.sql in tests/sql/statements.

CREATE TABLE r (id int PRIMARY KEY, n int, s text DEFAULT 'd', u int UNIQUE);
CREATE TABLE rs (id int PRIMARY KEY, n int);
INSERT INTO rs VALUES (1, 100), (2, 200), (9, 900);
INSERT INTO r VALUES (1, 10, 'a', 1), (2, 20, 'b', 2), (3, 30, 'c', 3) RETURNING old.id, new.id, *;
INSERT INTO r VALUES (4, 40) RETURNING old.*, new.*, old.n IS NULL, new.n + 1 AS m;
INSERT INTO r VALUES (1, 11), (5, 50) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n RETURNING old.n AS before, new.n AS after, old.id IS NULL AS inserted, n, id;
INSERT INTO r VALUES (1, 12), (6, 60) ON CONFLICT DO NOTHING RETURNING old.n, new.n;
INSERT INTO r SELECT id + 10, n FROM rs RETURNING old.id, new.s, id;
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
id|id|id|n|s|u
NULL|1|1|10|a|1
NULL|2|2|20|b|2
NULL|3|3|30|c|3
INSERT 0 3
id|n|s|u|id|n|s|u|?column?|m
NULL|NULL|NULL|NULL|4|40|d|NULL|t|41
INSERT 0 1
before|after|inserted|n|id
10|11|f|11|1
NULL|50|t|50|5
INSERT 0 2
n|n
NULL|60
INSERT 0 1
id|s|id
NULL|d|11
NULL|d|12
NULL|d|19
INSERT 0 3

UPDATE r SET n = n + 1, s = 'x' WHERE id <= 2 RETURNING old.n, new.n, n, old.s || '>' || new.s, new.n - old.n AS delta, *;
UPDATE r SET id = id + 100 WHERE id = 3 RETURNING old.id, new.id;
UPDATE r SET n = rs.n FROM rs WHERE rs.id = r.id RETURNING old.n, new.n, rs.n, r.n, r.*;
UPDATE r SET n = 7 WHERE id = 1 RETURNING (SELECT rs.n FROM rs WHERE rs.id = old.id), old.n > new.n, *;
UPDATE r AS q SET n = 8 WHERE q.id = 1 RETURNING old.n, q.n, new.id, old.*;
UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS w) o.n, w.n, n;
UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS o) o.n, new.n;
UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS o) old.n;
---
n|n|n|?column?|delta|id|n|s|u
11|12|12|a>x|1|1|12|x|1
20|21|21|b>x|1|2|21|x|2
UPDATE 2
id|id
3|103
UPDATE 1
n|n|n|n|id|n|s|u
12|100|100|100|1|100|x|1
21|200|200|200|2|200|x|2
UPDATE 2
n|?column?|id|n|s|u
100|t|1|7|x|1
UPDATE 1
n|n|id|id|n|s|u
7|8|1|1|7|x|1
UPDATE 1
n|n|n
8|9|9
UPDATE 1
n|n
9|9
UPDATE 1
ERROR 42P01: missing FROM-clause entry for table "old"

UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS o, OLD AS p) o.n;
UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS o) o.n;
UPDATE r SET n = 9 WHERE id = 1 RETURNING WITH (OLD AS r) r.n;
UPDATE r AS old SET n = 10 WHERE id = 1 RETURNING old.n, new.n;
UPDATE r SET n = 9 WHERE id = 1 RETURNING old.nosuch;
UPDATE r SET n = old.n WHERE id = 1;
DELETE FROM r WHERE id = 2 RETURNING old.n, new.n, n, new.*, *;
DELETE FROM r USING rs WHERE rs.id = r.id RETURNING old.n, new.n, rs.n, r.n;
---
ERROR 42601: OLD cannot be specified multiple times
ERROR 42712: table name "o" specified more than once
ERROR 42712: table name "r" specified more than once
n|n
10|10
UPDATE 1
ERROR 42703: column old.nosuch does not exist
ERROR 42P01: missing FROM-clause entry for table "old"
n|n|n|id|n|s|u|id|n|s|u
200|NULL|200|NULL|NULL|NULL|NULL|2|200|x|2
DELETE 1
n|n|n|n
10|NULL|100|10
DELETE 1

DELETE FROM r WHERE id = 4 RETURNING coalesce(new.s, 'gone'), old.s;
WITH m (a, b, c, d) AS (MERGE INTO r USING rs ON r.id = rs.id WHEN MATCHED THEN UPDATE SET n = rs.n WHEN NOT MATCHED THEN INSERT VALUES (rs.id, rs.n) RETURNING merge_action(), old.id, new.id, old.n, new.n, r.n, rs.id) SELECT * FROM m ORDER BY 1, 2, 3, 4;
WITH m (a, b, c, d) AS (MERGE INTO r USING rs ON r.id = rs.id WHEN MATCHED AND rs.n > 500 THEN DELETE WHEN MATCHED THEN UPDATE SET n = r.n + 1 WHEN NOT MATCHED BY SOURCE AND r.id = 5 THEN DELETE RETURNING merge_action(), old.*, new.*, r.id) SELECT * FROM m ORDER BY 1, 2, 3, 4;
WITH w AS (UPDATE r SET n = n * 2 WHERE id < 3 RETURNING old.n AS o, new.n AS w, id) SELECT * FROM w ORDER BY id;
WITH w AS (DELETE FROM r WHERE id = 103 RETURNING old.*) SELECT * FROM w;
CREATE VIEW rv AS SELECT id AS k, n AS v FROM r WHERE id > 0;
UPDATE rv SET v = v + 1 WHERE k = 1 RETURNING old.v, new.v, v, k, *;
UPDATE rv SET v = v + 1 WHERE k = 1 RETURNING old.*, new.k;
---
coalesce|s
gone|d
DELETE 1
a|b|c|d|n|n|id
INSERT|NULL|1|NULL|100|100|1
INSERT|NULL|2|NULL|200|200|2
INSERT|NULL|9|NULL|900|900|9
SELECT 3
a|b|c|d|u|id|n|s|u|id
DELETE|5|50|d|NULL|NULL|NULL|NULL|NULL|5
DELETE|9|900|d|NULL|NULL|NULL|NULL|NULL|9
UPDATE|1|100|d|NULL|1|101|d|NULL|1
UPDATE|2|200|d|NULL|2|201|d|NULL|2
SELECT 4
o|w|id
101|202|1
201|402|2
SELECT 2
id|n|s|u
103|30|c|3
SELECT 1
CREATE VIEW
v|v|v|k|k|v
202|203|203|1|1|203
UPDATE 1
k|v|k
1|203|1
UPDATE 1

UPDATE rv SET v = v + 1 WHERE k = 1 RETURNING WITH (OLD AS o, NEW AS n) o.v, n.v;
INSERT INTO rv VALUES (77, 1) RETURNING old.k, new.k, *;
DELETE FROM rv WHERE k = 77 RETURNING old.k, new.k, *;
UPDATE r SET n = 1 WHERE id = 1 RETURNING count(*);
INSERT INTO r (id, n) VALUES (70, 1) RETURNING n, old.n AS n2, new.n AS n3;
UPDATE r SET s = 'a' RETURNING old.id = new.id AND old.id = id;
SELECT * FROM r ORDER BY id;
---
v|v
204|205
UPDATE 1
k|k|k|v
NULL|77|77|1
INSERT 0 1
k|k|k|v
77|NULL|77|1
DELETE 1
ERROR 42803: aggregate functions are not allowed in RETURNING
n|n2|n3
1|NULL|1
INSERT 0 1
?column?
t
t
t
t
t
t
t
UPDATE 7
id|n|s|u
1|205|a|NULL
2|402|a|NULL
6|60|a|NULL
11|100|a|NULL
12|200|a|NULL
19|900|a|NULL
70|1|a|NULL
SELECT 7

# Whole rows that there may not be: NULL, as the rows of an outer join that have found no other. IS NULL asks each column.
CREATE TABLE w (id int PRIMARY KEY, n int);
CREATE TABLE wo (id int PRIMARY KEY, t text);
INSERT INTO w VALUES (1, NULL) RETURNING old, new, old IS NULL AS a, new IS NULL AS b, old IS NOT NULL AS c, new IS NOT NULL AS d;
INSERT INTO w VALUES (1, 5), (2, 6) ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING old IS NULL AS fresh, new;
DELETE FROM w WHERE id = 2 RETURNING old, new, new IS NULL AS gone;
INSERT INTO w VALUES (2, NULL);
INSERT INTO wo VALUES (1, NULL), (7, 'x');
SELECT w.id, wo, wo IS NULL AS a, wo IS NOT NULL AS b, w IS NULL AS c, w IS NOT NULL AS d FROM w LEFT JOIN wo USING (id) ORDER BY 1;
SELECT count(w), count(wo), count(*) FROM w FULL JOIN wo USING (id);
SELECT x IS NULL AS a, x IS NOT NULL AS b FROM (SELECT NULL::int AS p, NULL::int AS q) AS x;
DROP TABLE w, wo;
---
CREATE TABLE
CREATE TABLE
old|new|a|b|c|d
NULL|(1,)|t|f|f|f
INSERT 0 1
fresh|new
f|(1,5)
t|(2,6)
INSERT 0 2
old|new|gone
(2,6)|NULL|t
DELETE 1
INSERT 0 1
INSERT 0 2
id|wo|a|b|c|d
1|(1,)|f|f|f|t
2|NULL|t|f|f|f
SELECT 2
count|count|count
2|2|3
SELECT 1
a|b
t|f
SELECT 1
DROP TABLE
