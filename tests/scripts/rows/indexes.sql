# !open
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int);
CREATE INDEX ab ON t (a, b);
CREATE INDEX c_down ON t (c DESC);
CREATE UNIQUE INDEX bc ON t (b, c);
INSERT INTO t VALUES (1, 1, 'x', 10), (2, 1, 'y', 20), (3, 2, 'x', 30), (4, 2, NULL, NULL), (5, NULL, 'z', 5), (6, 1, 'x', 60), (7, 3, '', -1);
---
CREATE TABLE
CREATE INDEX
CREATE INDEX
CREATE INDEX
INSERT 0 7

SELECT id FROM t WHERE a = 1 ORDER BY id;
SELECT id FROM t WHERE a = 1 AND b = 'x' ORDER BY id;
SELECT id FROM t WHERE a = 1 AND b > 'x' ORDER BY id;
SELECT id FROM t WHERE a IN (1, 3) AND b >= 'x' ORDER BY id;
SELECT id FROM t WHERE a IS NULL;
SELECT id FROM t WHERE a = 2 AND b IS NULL;
SELECT id FROM t WHERE a BETWEEN 2 AND 3 ORDER BY id;
SELECT id FROM t WHERE a > 1 AND a <= 2 AND c > 5 ORDER BY id;
SELECT id FROM t WHERE b = 'x' AND c = 30;
SELECT id FROM t WHERE b = 'x' AND c IN (30, 60, 70) ORDER BY id;
SELECT id FROM t WHERE a = NULL;
SELECT id FROM t WHERE a = 1 AND a = 2;
SELECT id FROM t WHERE 1 = a AND 'y' = b;
---
id
1
2
6
SELECT 3
id
1
6
SELECT 2
id
2
SELECT 1
id
1
2
6
SELECT 3
id
5
SELECT 1
id
4
SELECT 1
id
3
4
7
SELECT 3
id
3
SELECT 1
id
3
SELECT 1
id
3
6
SELECT 2
id
SELECT 0
id
SELECT 0
id
2
SELECT 1

# orders that an index gives
SELECT id, c FROM t ORDER BY c DESC;
SELECT id, c FROM t ORDER BY c;
SELECT id, c FROM t ORDER BY c NULLS FIRST LIMIT 3;
SELECT id, c FROM t WHERE c > 5 ORDER BY c DESC LIMIT 2;
SELECT id, c FROM t WHERE c > 5 ORDER BY c LIMIT 2 OFFSET 1;
SELECT a, b, id FROM t WHERE a = 1 ORDER BY b DESC, id;
SELECT a, b FROM t ORDER BY a DESC, b DESC LIMIT 3;
---
id|c
4|NULL
6|60
3|30
2|20
1|10
5|5
7|-1
SELECT 7
id|c
7|-1
5|5
1|10
2|20
3|30
6|60
4|NULL
SELECT 7
id|c
4|NULL
7|-1
5|5
SELECT 3
id|c
6|60
3|30
SELECT 2
id|c
2|20
3|30
SELECT 2
a|b|id
1|y|2
1|x|1
1|x|6
SELECT 3
a|b
NULL|z
3|
2|NULL
SELECT 3

# entries follow their rows
UPDATE t SET a = 9 WHERE id = 1;
SELECT id FROM t WHERE a = 1 ORDER BY id;
SELECT id FROM t WHERE a = 9;
UPDATE t SET id = 100 WHERE id = 2;
SELECT id FROM t WHERE a = 1 ORDER BY id;
UPDATE t SET b = NULL WHERE id = 3;
INSERT INTO t VALUES (8, 8, 'x', 30);
INSERT INTO t VALUES (9, 8, 'x', 30);
DELETE FROM t WHERE a = 1;
SELECT id FROM t WHERE a = 1;
SELECT id FROM t WHERE c > 0 ORDER BY c, id;
SELECT * FROM t ORDER BY id;
---
UPDATE 1
id
2
6
SELECT 2
id
1
SELECT 1
UPDATE 1
id
6
100
SELECT 2
UPDATE 1
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "bc"
  detail: Key (b, c)=(x, 30) already exists.
  schema=public table=t constraint=bc
DELETE 2
id
SELECT 0
id
5
1
3
8
SELECT 4
id|a|b|c
1|9|x|10
3|2|NULL|30
4|2|NULL|NULL
5|NULL|z|5
7|3||-1
8|8|x|30
SELECT 6

# an index is made of the rows that are there
CREATE INDEX late ON t (c, a);
SELECT id FROM t WHERE c = 30 ORDER BY id;
CREATE UNIQUE INDEX refused ON t (a) ;
---
CREATE INDEX
id
3
8
SELECT 2
ERROR 23505: could not create unique index "refused"
  detail: Key (a)=(2) is duplicated.
  schema=public table=t constraint=refused

# numbers beyond the column's type
SELECT id FROM t WHERE id = 3000000000;
SELECT id FROM t WHERE id < 3000000000 AND id > 50;
SELECT id FROM t WHERE id > -3000000000 AND a = 8;
SELECT id FROM t WHERE id > 3000000000;
SELECT id FROM t WHERE id = 8.0;
SELECT id FROM t WHERE id = 8.5;
SELECT id FROM t WHERE id < 7.5 AND id > 6.5;
---
id
SELECT 0
id
SELECT 0
id
8
SELECT 1
id
SELECT 0
id
8
SELECT 1
id
SELECT 0
id
7
SELECT 1
