# !open INSERT, UPDATE and DELETE on views, WITH CHECK OPTION. The answers are PostgreSQL's, but FOR UPDATE on a view with ORDER BY is refused here.

CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 7, s text);
CREATE VIEW v AS SELECT id, n AS num, n + 1 AS more FROM t WHERE n > 5 ORDER BY id;
INSERT INTO v VALUES (1);
INSERT INTO v (id, num) VALUES (2, 10), (3, 2) RETURNING *;
INSERT INTO v (id, more) VALUES (2, 10);
INSERT INTO v (id, s) VALUES (2, 10);
---
CREATE TABLE
CREATE VIEW
INSERT 0 1
id|num|more
2|10|11
3|2|3
INSERT 0 2
ERROR 0A000: cannot insert into column "more" of view "v"
  detail: View columns that are not columns of their base relation are not updatable.
ERROR 42703: column "s" of relation "v" does not exist

SELECT * FROM t ORDER BY id;
SELECT * FROM v;
UPDATE v SET num = num + more WHERE id = 2 RETURNING id, v.num, more;
UPDATE v SET num = num + 1;
UPDATE v SET num = num + 1 WHERE id IN (SELECT max(id) FROM v);
UPDATE v SET num = 50 FROM t WHERE t.id = v.id AND t.id = 1 RETURNING v.num;
---
id|n|s
1|7|NULL
2|10|NULL
3|2|NULL
SELECT 3
id|num|more
1|7|8
2|10|11
SELECT 2
id|num|more
2|21|22
UPDATE 1
UPDATE 2
UPDATE 1
num
50
UPDATE 1

UPDATE v SET more = 1;
DELETE FROM v WHERE id = 3;
DELETE FROM v WHERE num = 50 RETURNING *;
INSERT INTO v (id, num) VALUES (2, 100) ON CONFLICT (id) DO UPDATE SET num = excluded.num + v.num RETURNING *;
SELECT * FROM t ORDER BY id;
CREATE VIEW w AS SELECT id, num FROM v WHERE num < 1000 WITH CHECK OPTION;
---
ERROR 0A000: cannot update column "more" of view "v"
  detail: View columns that are not columns of their base relation are not updatable.
DELETE 0
id|num|more
1|50|51
DELETE 1
id|num|more
2|123|124
INSERT 0 1
id|n|s
2|123|NULL
3|2|NULL
SELECT 2
CREATE VIEW

CREATE VIEW x AS SELECT id AS k, num AS l FROM t JOIN v USING (id);
CREATE VIEW w AS SELECT id, s FROM t WHERE n < 1000 WITH CHECK OPTION;
INSERT INTO w VALUES (9, 'nine');
UPDATE w SET s = 'x' WHERE id = 9;
INSERT INTO w SELECT id + 100, 'q' FROM t;
CREATE VIEW lo AS SELECT id, n FROM t WHERE n > 5 WITH LOCAL CHECK OPTION;
---
CREATE VIEW
ERROR 42P07: relation "w" already exists
ERROR 22P02: invalid input syntax for type integer: "nine"
ERROR 42703: column "s" of relation "w" does not exist
ERROR 22P02: invalid input syntax for type integer: "q"
CREATE VIEW

INSERT INTO lo VALUES (50, 1);
INSERT INTO lo VALUES (50, NULL);
INSERT INTO lo VALUES (50, 6);
UPDATE lo SET n = 4 WHERE id = 50;
CREATE VIEW agg AS SELECT n, count(*) FROM t GROUP BY n;
INSERT INTO agg VALUES (1, 1);
---
ERROR 44000: new row violates check option for view "lo"
  detail: Failing row contains (50, 1, null).
ERROR 44000: new row violates check option for view "lo"
  detail: Failing row contains (50, null, null).
INSERT 0 1
ERROR 44000: new row violates check option for view "lo"
  detail: Failing row contains (50, 4, null).
CREATE VIEW
ERROR 55000: cannot insert into view "agg"
  detail: Views containing GROUP BY are not automatically updatable.
  hint: To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an unconditional ON INSERT DO INSTEAD rule.

DELETE FROM agg;
UPDATE agg SET n = 1;
SELECT * FROM agg ORDER BY n;
CREATE VIEW j AS SELECT t.id, u.n FROM t, t u WHERE t.id = u.id;
INSERT INTO j VALUES (1, 1);
COMMENT ON VIEW v IS 'a view';
---
ERROR 55000: cannot delete from view "agg"
  detail: Views containing GROUP BY are not automatically updatable.
  hint: To enable deleting from the view, provide an INSTEAD OF DELETE trigger or an unconditional ON DELETE DO INSTEAD rule.
ERROR 55000: cannot update view "agg"
  detail: Views containing GROUP BY are not automatically updatable.
  hint: To enable updating the view, provide an INSTEAD OF UPDATE trigger or an unconditional ON UPDATE DO INSTEAD rule.
n|count
2|1
6|1
123|1
SELECT 3
CREATE VIEW
ERROR 55000: cannot insert into view "j"
  detail: Views that do not select from a single table or view are not automatically updatable.
  hint: To enable inserting into the view, provide an INSTEAD OF INSERT trigger or an unconditional ON INSERT DO INSTEAD rule.
COMMENT

COMMENT ON COLUMN v.num IS 'a column';
SELECT obj_description('v'::regclass), col_description('v'::regclass, 2);
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v'::regclass ORDER BY attnum;
SELECT * FROM v FOR UPDATE;
CREATE SCHEMA s;
ALTER VIEW v SET SCHEMA s;
---
COMMENT
obj_description|col_description
a view|a column
SELECT 1
attname|format_type
id|integer
num|integer
more|integer
SELECT 3
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
CREATE SCHEMA
ALTER VIEW

SELECT * FROM s.v;
SET search_path = s, public;
CREATE VIEW two AS SELECT * FROM v;
DROP SCHEMA s;
DROP SCHEMA s CASCADE;
DROP TABLE t CASCADE;
---
id|num|more
2|123|124
50|6|7
SELECT 2
SET
CREATE VIEW
ERROR 2BP01: cannot drop schema s because other objects depend on it
  detail: view v depends on schema s
view w depends on view v
view x depends on view v
view two depends on view v
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: drop cascades to 4 other objects
DROP SCHEMA
NOTICE: drop cascades to 3 other objects
DROP TABLE

CREATE VIEW r AS WITH RECURSIVE q AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM q WHERE a < 3) SELECT * FROM q;
SELECT * FROM r;
CREATE TABLE r (a int);
DROP TABLE r;
DROP INDEX r;
ALTER TABLE r ADD COLUMN x int;
---
CREATE VIEW
a
1
2
3
SELECT 3
ERROR 42P07: relation "r" already exists
ERROR 42809: "r" is not a table
  hint: Use DROP VIEW to remove a view.
ERROR 42809: "r" is not an index
  hint: Use DROP VIEW to remove a view.
ERROR 42809: "r" is not a table

CREATE VIEW st AS SELECT datname FROM pg_database;
---
CREATE VIEW
