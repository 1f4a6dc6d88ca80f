# Generated columns where DSQL's limits hold: they come with CREATE TABLE, and DROP EXPRESSION ends them.

CREATE TABLE g (id int PRIMARY KEY, price numeric(10, 2), quantity int, total numeric(12, 2) GENERATED ALWAYS AS (price * quantity) STORED);
INSERT INTO g (id, price, quantity) VALUES (1, 2.50, 3), (2, 1.25, 2);
UPDATE g SET quantity = 5 WHERE id = 2 RETURNING total;
INSERT INTO g VALUES (3, 1, 1, 1);
SELECT id, total FROM g WHERE total > 7 ORDER BY id;
CREATE INDEX ASYNC ON g (total);
SELECT id FROM g WHERE total = 6.25;
EXPLAIN SELECT id FROM g WHERE total = 6.25;
CREATE TABLE v (a int, b int GENERATED ALWAYS AS (a * 2));
ALTER TABLE g ADD COLUMN half numeric GENERATED ALWAYS AS (price / 2) STORED;
ALTER TABLE g ALTER COLUMN total SET EXPRESSION AS (price);
ALTER TABLE g ALTER COLUMN total DROP EXPRESSION;
INSERT INTO g VALUES (3, 1, 1, 99);
SELECT total FROM g WHERE id = 3;
---
CREATE TABLE
INSERT 0 2
total
6.25
UPDATE 1
ERROR 428C9: cannot insert a non-DEFAULT value into column "total"
  detail: Column "total" is a generated column.
id|total
1|7.50
SELECT 1
job_id
<job>
CREATE INDEX
id
2
SELECT 1
QUERY PLAN
Index Scan using g_total_idx on g
  Index Cond: (total = '6.25'::numeric)
  -> Storage Scan on g_total_idx
         -> B-Tree Scan on g_total_idx
                Index Cond: (total = '6.25'::numeric)
  -> Storage Lookup on g
         Projections: id, price, quantity, total
         -> B-Tree Lookup on g
EXPLAIN
ERROR 0A000: virtual generated columns are not supported
  hint: Use GENERATED ALWAYS AS (...) STORED.
ERROR 0A000: ALTER TABLE ADD COLUMN with constraints not supported
ERROR 0A000: unsupported ALTER TABLE SET EXPRESSION statement
ALTER TABLE
INSERT 0 1
total
99.00
SELECT 1
