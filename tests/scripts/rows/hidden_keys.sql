CREATE TABLE h (a int, b text);
INSERT INTO h VALUES (1, 'x'), (1, 'x'), (2, 'y');
INSERT INTO h VALUES (1, 'x');
SELECT * FROM h ORDER BY a, b;
---
CREATE TABLE
INSERT 0 3
INSERT 0 1
a|b
1|x
1|x
1|x
2|y
SELECT 4

UPDATE h SET b = 'z' WHERE a = 1;
SELECT count(*) FROM h WHERE b = 'z';
DELETE FROM h WHERE a = 2 RETURNING *;
SELECT count(*), max(a) FROM h;
---
UPDATE 3
count
3
SELECT 1
a|b
2|y
DELETE 1
count|max
3|1
SELECT 1

BEGIN;
INSERT INTO h VALUES (3, 'own');
UPDATE h SET b = b || '!' WHERE a = 3 RETURNING *;
SELECT count(*) FROM h;
DELETE FROM h;
SELECT * FROM h;
ROLLBACK;
SELECT count(*) FROM h;
---
BEGIN
INSERT 0 1
a|b
3|own!
UPDATE 1
count
4
SELECT 1
DELETE 4
a|b
SELECT 0
ROLLBACK
count
3
SELECT 1
