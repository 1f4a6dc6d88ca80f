# subqueries of statements on a table without a key
CREATE TABLE h (a int, b int);
CREATE TABLE u (id int PRIMARY KEY, n int);
INSERT INTO h VALUES (1, 1), (2, 2), (2, 3);
INSERT INTO u VALUES (1, 10), (2, 20);
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 2

UPDATE h SET b = (SELECT max(n) FROM u) WHERE a = (SELECT min(id) FROM u);
SELECT * FROM h ORDER BY a, b;
UPDATE h SET b = b + 1 WHERE EXISTS (SELECT 1 FROM u WHERE n = 10);
UPDATE h SET b = b + 1 WHERE NOT EXISTS (SELECT 1 FROM u WHERE n = 10);
DELETE FROM h WHERE b = (SELECT n + 1 FROM u WHERE id = 2) RETURNING *;
UPDATE h SET b = (SELECT n FROM u WHERE id = 99) WHERE b = 4;
UPDATE h SET b = (SELECT n FROM u);
UPDATE h SET b = (SELECT n, id FROM u);
SELECT * FROM h ORDER BY a, b;
INSERT INTO h VALUES ((SELECT max(n) FROM u), 1), (5, (SELECT count(*) FROM h)), (6, NULL);
SELECT * FROM h ORDER BY a, b;
---
UPDATE 1
a|b
1|20
2|2
2|3
SELECT 3
UPDATE 3
UPDATE 0
a|b
1|21
DELETE 1
UPDATE 1
ERROR 21000: more than one row returned by a subquery used as an expression
ERROR 42601: subquery must return only one column
a|b
2|3
2|NULL
SELECT 2
INSERT 0 3
a|b
2|3
2|NULL
5|2
6|NULL
20|1
SELECT 5
