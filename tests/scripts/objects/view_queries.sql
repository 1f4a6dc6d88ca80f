# !open Views in joins, groups, subqueries, prepared statements, other schemas. The answers are PostgreSQL's.

CREATE TABLE a (id int PRIMARY KEY, x int, y text);
CREATE TABLE b (id int PRIMARY KEY, a int, z numeric(10,2));
INSERT INTO a VALUES (1, 1, 'p'), (2, 2, 'q'), (3, NULL, NULL);
INSERT INTO b VALUES (1, 1, 1.5), (2, 1, 2.5), (3, 2, 3.5);
CREATE VIEW ab AS SELECT * FROM a JOIN b ON a.id = b.a;
CREATE VIEW ab AS SELECT a.*, b.z FROM a JOIN b ON a.id = b.a;
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 3
ERROR 42701: column "id" specified more than once
CREATE VIEW

SELECT * FROM ab ORDER BY z;
SELECT y, sum(z) FROM ab GROUP BY y ORDER BY y;
CREATE VIEW totals AS SELECT y, sum(z) AS total, count(*) AS n FROM ab GROUP BY y HAVING sum(z) > 1;
SELECT * FROM totals ORDER BY total DESC;
SELECT t.y, a.x FROM totals t LEFT JOIN a ON a.y = t.y ORDER BY 1;
SELECT (SELECT max(total) FROM totals);
---
id|x|y|z
1|1|p|1.50
1|1|p|2.50
2|2|q|3.50
SELECT 3
y|sum
p|4.00
q|3.50
SELECT 2
CREATE VIEW
y|total|n
p|4.00|2
q|3.50|1
SELECT 2
y|x
p|1
q|2
SELECT 2
max
4.00
SELECT 1

SELECT x FROM a WHERE EXISTS (SELECT 1 FROM ab WHERE ab.id = a.id) ORDER BY 1;
CREATE VIEW u AS SELECT id FROM a UNION SELECT a FROM b;
SELECT * FROM u ORDER BY 1;
ALTER TABLE b ADD COLUMN x int;
SELECT * FROM ab ORDER BY z LIMIT 1;
ALTER TABLE b DROP COLUMN z;
---
x
1
2
SELECT 2
CREATE VIEW
id
1
2
3
SELECT 3
ALTER TABLE
id|x|y|z
1|1|p|1.50
SELECT 1
ERROR 2BP01: cannot drop column z of table b because other objects depend on it
  detail: view ab depends on column z of table b
view totals depends on view ab
  hint: Use DROP ... CASCADE to drop the dependent objects too.

ALTER TABLE b DROP COLUMN z CASCADE;
SELECT * FROM totals;
CREATE VIEW vals (k, v) AS VALUES (1, 'one'), (2, 'two');
SELECT * FROM vals ORDER BY k DESC;
SELECT v.k + 1 AS k2 FROM vals AS v (k, w) WHERE v.w = 'two';
PREPARE q (int) AS SELECT y FROM a2 WHERE id = $1;
---
NOTICE: drop cascades to 2 other objects
ALTER TABLE
ERROR 42P01: relation "totals" does not exist
CREATE VIEW
k|v
2|two
1|one
SELECT 2
k2
3
SELECT 1
ERROR 42P01: relation "a2" does not exist

CREATE VIEW a2 AS SELECT id, y, x FROM a WHERE x > 0;
PREPARE q (int) AS SELECT y FROM a2 WHERE id = $1;
EXECUTE q(2);
CREATE OR REPLACE VIEW a2 AS SELECT id, 'r: ' || y AS y, x FROM a;
EXECUTE q(2);
EXECUTE q(3);
---
CREATE VIEW
PREPARE
y
q
SELECT 1
CREATE VIEW
y
r: q
SELECT 1
y
NULL
SELECT 1

SELECT count(y), count(*) FROM a2;
SELECT y AS id FROM a2 ORDER BY id DESC;
SELECT x + 1 AS x, count(*) FROM a2 GROUP BY x ORDER BY x;
SELECT DISTINCT ON (x) x, id FROM a2 ORDER BY x, id;
SELECT a2.* FROM a2 WHERE a2.id = 1;
SELECT * FROM a2 AS q (i, j) WHERE i = 1;
---
count|count
2|3
SELECT 1
id
NULL
r: q
r: p
SELECT 3
x|count
2|1
3|1
NULL|1
SELECT 3
x|id
1|1
2|2
NULL|3
SELECT 3
id|y|x
1|r: p|1
SELECT 1
i|j|x
1|r: p|1
SELECT 1

INSERT INTO b SELECT id + 10, x FROM a2 WHERE x IS NOT NULL;
SELECT id, a FROM b ORDER BY 1;
CREATE VIEW p AS SELECT * FROM a WHERE id = $1;
CREATE VIEW v1 AS SELECT 1 AS one;
CREATE VIEW v1 AS SELECT 2 AS two;
CREATE OR REPLACE VIEW v1 AS SELECT 'x' AS one;
---
INSERT 0 2
id|a
1|1
2|1
3|2
11|1
12|2
SELECT 5
ERROR 42P02: there is no parameter $1
CREATE VIEW
ERROR 42P07: relation "v1" already exists
ERROR 42P16: cannot change data type of view column "one" from integer to text

CREATE OR REPLACE VIEW v1 AS SELECT 1 AS uno;
CREATE OR REPLACE VIEW a AS SELECT 1 AS uno;
CREATE OR REPLACE VIEW v1 AS SELECT 1 AS one, 2 AS two;
SELECT * FROM v1;
DROP VIEW v1, nothing;
DROP VIEW IF EXISTS nothing;
---
ERROR 42P16: cannot change name of view column "one" to "uno"
  hint: Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.
ERROR 42809: "a" is not a view
CREATE VIEW
one|two
1|2
SELECT 1
ERROR 42P01: view "nothing" does not exist
NOTICE: view "nothing" does not exist, skipping
DROP VIEW

DROP VIEW a;
DROP VIEW IF EXISTS nothere.v;
DROP VIEW v1, vals;
ALTER VIEW a RENAME TO c;
ALTER VIEW IF EXISTS nope RENAME TO c;
ALTER VIEW nope RENAME TO c;
---
ERROR 42809: "a" is not a view
  hint: Use DROP TABLE to remove a table.
NOTICE: schema "nothere" does not exist, skipping
DROP VIEW
DROP VIEW
ERROR 42809: "a" is not a view
NOTICE: relation "nope" does not exist, skipping
ALTER VIEW
ERROR 42P01: relation "nope" does not exist

ALTER TABLE a2 RENAME TO a3;
ALTER TABLE a3 RENAME COLUMN x TO xx;
SELECT xx FROM a3 WHERE id = 1;
CREATE SCHEMA other;
SET search_path = other, public;
CREATE TABLE a (other int);
---
ALTER TABLE
ALTER TABLE
xx
1
SELECT 1
CREATE SCHEMA
SET
CREATE TABLE

SELECT xx FROM a3 WHERE id = 1;
ALTER TABLE a3 SET SCHEMA other;
SELECT xx FROM public.a3;
SELECT xx FROM other.a3 WHERE id = 2;
UPDATE a3 SET xx = 100 WHERE id = 1 RETURNING *;
UPDATE a3 SET y = 'w' WHERE id = 1;
---
xx
1
SELECT 1
ALTER TABLE
ERROR 42P01: relation "public.a3" does not exist
xx
2
SELECT 1
id|y|xx
1|r: p|100
UPDATE 1
ERROR 0A000: cannot update column "y" of view "a3"
  detail: View columns that are not columns of their base relation are not updatable.

DELETE FROM a3 USING b WHERE a3.id = b.id AND b.id = 3;
SELECT * FROM public.a ORDER BY id;
SELECT to_regclass('a3'), 'a3'::regclass::oid > 0, pg_table_is_visible('a3'::regclass);
SELECT table_schema, table_name, table_type, is_insertable_into FROM information_schema.tables WHERE table_schema IN ('public', 'other') ORDER BY 1, 2;
SELECT column_name, data_type, is_updatable FROM information_schema.columns WHERE table_name = 'a3' ORDER BY ordinal_position;
CREATE TEMP VIEW tv AS SELECT 1;
---
DELETE 1
id|x|y
1|100|p
2|2|q
SELECT 2
to_regclass|?column?|pg_table_is_visible
a3|t|t
SELECT 1
table_schema|table_name|table_type|is_insertable_into
other|a|BASE TABLE|YES
other|a3|VIEW|YES
public|a|BASE TABLE|YES
public|b|BASE TABLE|YES
public|u|VIEW|NO
SELECT 5
column_name|data_type|is_updatable
id|integer|YES
y|text|NO
xx|integer|YES
SELECT 3
ERROR 0A000: temporary views are not supported

CREATE VIEW z WITH (nonsense) AS SELECT 1 AS a;
SELECT pg_get_viewdef(oid) FROM pg_class WHERE relname = 'a3';
---
ERROR 22023: unrecognized parameter "nonsense"
pg_get_viewdef
 SELECT id,
    'r: ' || y AS y,
    x AS xx
   FROM public.a;
SELECT 1
