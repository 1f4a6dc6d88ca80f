CREATE TABLE t (id int PRIMARY KEY, n int, s text, x numeric(6,1));
INSERT INTO t VALUES (1, 10, 'a', 1), (2, 20, 'b', 2), (3, 30, 'c', 3), (4, NULL, NULL, NULL);
---
CREATE TABLE
INSERT 0 4

UPDATE t SET n = n + 1 WHERE id = 1;
UPDATE t SET n = n + 1, s = s || '!' WHERE n > 15 RETURNING id, n, s;
UPDATE t SET n = 0 WHERE id = 99;
UPDATE t SET x = n / 4.0;
SELECT * FROM t ORDER BY id;
---
UPDATE 1
id|n|s
2|21|b!
3|31|c!
UPDATE 2
UPDATE 0
UPDATE 4
id|n|s|x
1|11|a|2.8
2|21|b!|5.3
3|31|c!|7.8
4|NULL|NULL|NULL
SELECT 4

# the right-hand sides see the old row
UPDATE t SET n = id, id = id + 100 WHERE id = 2 RETURNING *;
UPDATE t SET (n, s) = (7, 'seven') WHERE id = 102;
UPDATE t SET n = DEFAULT, s = DEFAULT WHERE id = 102 RETURNING *;
---
id|n|s|x
102|2|b!|5.3
UPDATE 1
UPDATE 1
id|n|s|x
102|NULL|NULL|5.3
UPDATE 1

# all keys move at once
UPDATE t SET id = id + 1000;
SELECT id FROM t ORDER BY id;
---
UPDATE 4
id
1001
1003
1004
1102
SELECT 4

# an alias, conditions of every kind
UPDATE t AS u SET s = 'z' WHERE u.n IS NULL AND u.id BETWEEN 1004 AND 1200;
UPDATE t SET s = 'in' WHERE id IN (1001, 1003, 5);
UPDATE t SET s = CASE WHEN n > 20 THEN 'big' ELSE coalesce(s, '-') END;
SELECT * FROM t ORDER BY id;
---
UPDATE 2
UPDATE 2
UPDATE 4
id|n|s|x
1001|11|in|2.8
1003|31|big|7.8
1004|NULL|z|NULL
1102|NULL|z|5.3
SELECT 4

# mistakes
UPDATE t SET nosuch = 1;
UPDATE t SET n = 1, n = 2;
UPDATE t SET n = 'x';
UPDATE t SET n = s;
UPDATE t SET n = 3000000000;
UPDATE t SET n = 1 / (n - n) WHERE n IS NOT NULL;
UPDATE nosuch SET n = 1;
UPDATE t SET n = 1 WHERE s;
UPDATE t SET n = 1 WHERE nosuch = 1;
UPDATE t u SET n = 1 WHERE t.id = 1;
---
ERROR 42703: column "nosuch" of relation "t" does not exist
ERROR 42601: multiple assignments to same column "n"
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42804: column "n" is of type integer but expression is of type text
  hint: You will need to rewrite or cast the expression.
ERROR 22003: integer out of range
ERROR 22012: division by zero
ERROR 42P01: relation "nosuch" does not exist
ERROR 42804: argument of WHERE must be type boolean, not type text
ERROR 42703: column "nosuch" does not exist
ERROR 42P01: invalid reference to FROM-clause entry for table "t"
  hint: Perhaps you meant to reference the table alias "u".

# nothing is left of a statement that failed on its way
UPDATE t SET x = 100000 + n * 10 WHERE id = 1001;
UPDATE t SET n = 5 / (id - 1003);
SELECT id, n, x FROM t ORDER BY id;
---
ERROR 22003: numeric field overflow
  detail: A field with precision 6, scale 1 must round to an absolute value less than 10^5.
ERROR 22012: division by zero
id|n|x
1001|11|2.8
1003|31|7.8
1004|NULL|NULL
1102|NULL|5.3
SELECT 4

DELETE FROM t WHERE id = 1001 RETURNING id, n * 2 AS twice;
DELETE FROM t WHERE n IS NULL;
DELETE FROM t WHERE id > 5000;
DELETE FROM t AS d WHERE d.s = 'big' RETURNING d.*;
DELETE FROM t;
SELECT count(*) FROM t;
---
id|twice
1001|22
DELETE 1
DELETE 2
DELETE 0
id|n|s|x
1003|31|big|7.8
DELETE 1
DELETE 0
count
0
SELECT 1
