# !open
# The order in which the parts of a statement write: those that it reads, the statement itself, then the others from the
# last to the first. The answers are PostgreSQL 18's.

CREATE TABLE u (id int PRIMARY KEY, c int);
INSERT INTO u VALUES (1, 1), (2, 2), (51, 51);
WITH d AS (DELETE FROM u WHERE id > 50) INSERT INTO u VALUES (51, 7);
WITH d AS (DELETE FROM u WHERE id > 50 RETURNING id) INSERT INTO u SELECT id + 1, 7 FROM d;
SELECT * FROM u ORDER BY id;
WITH a AS (UPDATE u SET c = 100 WHERE id = 1) UPDATE u SET c = 200 WHERE id = 1;
SELECT c FROM u WHERE id = 1;
WITH a AS (UPDATE u SET c = 100 WHERE id = 1 RETURNING *) UPDATE u SET c = 200 FROM a WHERE u.id = a.id;
SELECT c FROM u WHERE id = 1;
WITH a AS (UPDATE u SET c = 300 WHERE id = 1), b AS (UPDATE u SET c = 400 WHERE id = 1) SELECT 1;
SELECT c FROM u WHERE id = 1;
WITH a AS (UPDATE u SET c = 500 WHERE id = 1 RETURNING c), b AS (UPDATE u SET c = 600 WHERE id = 1 RETURNING c) SELECT b.c FROM b;
SELECT c FROM u WHERE id = 1;
WITH a AS (UPDATE u SET c = 700 WHERE id = 1 RETURNING c), b AS (UPDATE u SET c = c + 1 FROM a WHERE id = 2 RETURNING u.c) SELECT 1;
SELECT * FROM u ORDER BY id;
WITH a AS (INSERT INTO u VALUES (9, 1) RETURNING id), b AS (SELECT id FROM a), c AS (INSERT INTO u SELECT id + 1, 2 FROM b) DELETE FROM u WHERE id IN (1, 9);
SELECT * FROM u ORDER BY id;
WITH a AS (DELETE FROM u WHERE id = 2) INSERT INTO u VALUES (2, 22) ON CONFLICT (id) DO UPDATE SET c = excluded.c;
SELECT * FROM u ORDER BY id;
---
CREATE TABLE
INSERT 0 3
ERROR 23505: duplicate key value violates unique constraint "u_pkey"
  detail: Key (id)=(51) already exists.
  schema=public table=u constraint=u_pkey
INSERT 0 1
id|c
1|1
2|2
52|7
SELECT 3
UPDATE 1
c
200
SELECT 1
UPDATE 0
c
100
SELECT 1
?column?
1
SELECT 1
c
400
SELECT 1
c
600
SELECT 1
c
600
SELECT 1
ERROR 42702: column reference "c" is ambiguous
id|c
1|600
2|2
52|7
SELECT 3
DELETE 1
id|c
2|2
9|1
10|2
52|7
SELECT 4
INSERT 0 1
id|c
2|22
9|1
10|2
52|7
SELECT 4

WITH RECURSIVE w AS (INSERT INTO u VALUES (20, 9) RETURNING *) SELECT * FROM w;
WITH RECURSIVE w AS (INSERT INTO u SELECT id + 100, c FROM w RETURNING *) SELECT * FROM w;
WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 3) INSERT INTO u SELECT n + 30, n FROM w;
SELECT * FROM u ORDER BY id;
---
id|c
20|9
SELECT 1
ERROR 42P19: recursive query "w" must not contain data-modifying statements
INSERT 0 3
id|c
2|22
9|1
10|2
20|9
31|1
32|2
33|3
52|7
SELECT 8
