# !open Views: names as of their creation, what depends on them, renames, CREATE OR REPLACE. The answers are PostgreSQL's but for pg_get_viewdef's parentheses.

CREATE TABLE t (id int PRIMARY KEY, n int, s text);
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');
CREATE VIEW v AS SELECT id, n AS num FROM t WHERE n > 10;
SELECT * FROM v ORDER BY id;
SELECT num FROM v WHERE id = 2;
SELECT v.num, t.s FROM v JOIN t USING (id) ORDER BY 1;
---
CREATE TABLE
INSERT 0 3
CREATE VIEW
id|num
2|20
3|30
SELECT 2
num
20
SELECT 1
num|s
20|b
30|c
SELECT 2

SELECT public.v.num FROM public.v WHERE v.id = 3;
SELECT count(*), sum(num) FROM v;
SELECT s FROM v;
CREATE VIEW w (a, b) AS SELECT *, 1 FROM v WHERE id < 3;
CREATE VIEW w (a, b, c) AS SELECT *, 1 FROM v WHERE id < 3;
SELECT * FROM w;
---
num
30
SELECT 1
count|sum
2|50
SELECT 1
ERROR 42703: column "s" does not exist
CREATE VIEW
ERROR 42P07: relation "w" already exists
a|b|?column?
2|20|1
SELECT 1

SELECT a FROM w WHERE a = 2;
DROP TABLE t;
DROP VIEW v;
ALTER TABLE t DROP COLUMN n;
ALTER TABLE t DROP COLUMN s;
ALTER TABLE t RENAME COLUMN n TO amount;
---
a
2
SELECT 1
ERROR 2BP01: cannot drop table t because other objects depend on it
  detail: view v depends on table t
view w depends on view v
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop view v because other objects depend on it
  detail: view w depends on view v
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop column n of table t because other objects depend on it
  detail: view v depends on column n of table t
view w depends on view v
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ALTER TABLE
ALTER TABLE

ALTER TABLE t RENAME TO tt;
SELECT * FROM v ORDER BY id;
SELECT * FROM w;
ALTER TABLE tt ADD COLUMN num int;
SELECT * FROM v WHERE id = 2;
SELECT pg_get_viewdef('v'::regclass);
---
ALTER TABLE
id|num
2|20
3|30
SELECT 2
a|b|?column?
2|20|1
SELECT 1
ALTER TABLE
id|num
2|20
SELECT 1
pg_get_viewdef
 SELECT id,
    amount AS num
   FROM tt AS t
  WHERE amount > 10;
SELECT 1

SELECT pg_get_viewdef('w'::regclass, true);
INSERT INTO v VALUES (1, 2);
UPDATE tt SET amount = v.num + 1 FROM v WHERE v.id = tt.id;
DELETE FROM tt WHERE id IN (SELECT id FROM v WHERE num > 30);
SELECT * FROM tt ORDER BY id;
CREATE OR REPLACE VIEW v AS SELECT id FROM tt;
---
pg_get_viewdef
 SELECT id AS a,
    num AS b,
    1 AS "?column?"
   FROM v
  WHERE id < 3;
SELECT 1
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=tt constraint=t_pkey
UPDATE 2
DELETE 1
id|amount|num
1|10|NULL
2|21|NULL
SELECT 2
ERROR 42P16: cannot drop columns from view

CREATE OR REPLACE VIEW v AS SELECT id, amount FROM tt;
CREATE OR REPLACE VIEW v AS SELECT id, amount AS num, num AS more FROM tt;
SELECT * FROM w;
SELECT * FROM v;
ALTER VIEW v RENAME TO vv;
ALTER VIEW vv RENAME COLUMN num TO nn;
---
ERROR 42P16: cannot change name of view column "num" to "amount"
  hint: Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.
CREATE VIEW
a|b|?column?
1|10|1
2|21|1
SELECT 2
id|num|more
1|10|NULL
2|21|NULL
SELECT 2
ALTER VIEW
ALTER VIEW

SELECT * FROM w;
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1;
DROP VIEW vv CASCADE;
SELECT * FROM w;
CREATE VIEW bad AS SELECT nope FROM tt;
CREATE VIEW bad AS SELECT 1 AS a, 2 AS a;
---
a|b|?column?
1|10|1
2|21|1
SELECT 2
table_name|table_type
tt|BASE TABLE
vv|VIEW
w|VIEW
SELECT 3
NOTICE: drop cascades to view w
DROP VIEW
ERROR 42P01: relation "w" does not exist
ERROR 42703: column "nope" does not exist
ERROR 42701: column "a" specified more than once

CREATE VIEW bad AS SELECT * FROM nothing;
WITH v AS (SELECT 5 AS x) SELECT * FROM v;
---
ERROR 42P01: relation "nothing" does not exist
x
5
SELECT 1
