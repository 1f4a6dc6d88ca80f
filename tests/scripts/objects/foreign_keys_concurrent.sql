# !open Foreign keys between two clients: write skew is impossible.

# Concurrent transactions: both orders of a deletion and of what refers to it; only one of them commits
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, code text REFERENCES p (code) ON UPDATE CASCADE);
INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0), (4, 'd', 0), (5, 'e', 0);
BEGIN;
SELECT count(*) FROM p;
b: BEGIN;
---
CREATE TABLE
CREATE TABLE
INSERT 0 5
BEGIN
count
5
SELECT 1
b: BEGIN

b: DELETE FROM p WHERE id = 1;
INSERT INTO c VALUES (1, 1);
COMMIT;
b: COMMIT;
BEGIN;
INSERT INTO c VALUES (2, 2);
---
b: DELETE 1
INSERT 0 1
COMMIT
b: ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
INSERT 0 1

b: BEGIN;
b: DELETE FROM p WHERE id = 2;
b: COMMIT;
COMMIT;
---
b: BEGIN
b: DELETE 1
b: COMMIT
ERROR 40001: change conflicts with another transaction (OC000)

# A change of the key is a deletion, of a unique column too; a change of another column is nobody's business
BEGIN;
INSERT INTO c VALUES (3, NULL, 'c');
b: UPDATE p SET code = 'cc' WHERE id = 3;
COMMIT;
BEGIN;
UPDATE p SET code = 'ccc' WHERE id = 3;
---
BEGIN
INSERT 0 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
UPDATE 1

b: INSERT INTO c VALUES (4, NULL, 'cc');
COMMIT;
BEGIN;
INSERT INTO c VALUES (5, 4, 'd');
b: UPDATE p SET n = n + 1 WHERE id = 4;
b: INSERT INTO c VALUES (6, 4, 'd');
---
b: INSERT 0 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
INSERT 0 1
b: UPDATE 1
b: INSERT 0 1

COMMIT;
BEGIN;
UPDATE p SET n = n + 1 WHERE id = 4;
b: INSERT INTO c VALUES (7, 4, 'd');
COMMIT;
---
COMMIT
BEGIN
UPDATE 1
b: INSERT 0 1
COMMIT

# A foreign key that is added meets who deletes what it is about
BEGIN;
DELETE FROM p WHERE id = 5;
b: CREATE TABLE later (p int REFERENCES p);
b: INSERT INTO later VALUES (5);
COMMIT;
SELECT id, code, n FROM p ORDER BY id;
---
BEGIN
DELETE 1
b: CREATE TABLE
b: INSERT 0 1
ERROR 40001: schema has been updated by another transaction (OC001)
id|code|n
1|a|0
3|cc|0
4|d|2
5|e|0
SELECT 4

SELECT * FROM c ORDER BY id;
---
id|p|code
1|1|NULL
4|NULL|cc
5|4|d
6|4|d
7|4|d
SELECT 5
