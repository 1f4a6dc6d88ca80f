# !open
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric, d timestamptz);
CREATE TABLE h (n int, s text);
---
CREATE TABLE
CREATE TABLE

EXPLAIN (PARTS) SELECT id + 1 FROM t;
EXPLAIN (PARTS) SELECT id, count(*) FROM t GROUP BY id;
EXPLAIN (PARTS) SELECT count(*) FROM t;
EXPLAIN (PARTS) SELECT DISTINCT a FROM t;
EXPLAIN (PARTS) SELECT * FROM h ORDER BY n;
EXPLAIN (PARTS) SELECT * FROM h LIMIT 1;
EXPLAIN (PARTS) SELECT * FROM h FOR UPDATE;
EXPLAIN (PARTS) SELECT * FROM h UNION SELECT * FROM h;
EXPLAIN (PARTS) WITH x AS (SELECT 1) SELECT * FROM h;
EXPLAIN (PARTS) SELECT h.* FROM h, t;
EXPLAIN (PARTS) SELECT n FROM h JOIN t ON n = id;
EXPLAIN (PARTS) SELECT 1;
EXPLAIN (PARTS) VALUES (1);
EXPLAIN (PARTS) SELECT x FROM generate_series(1, 2) x;
EXPLAIN (PARTS) SELECT relname FROM pg_class;
EXPLAIN (PARTS) SELECT n FROM h WHERE random() < 0.5;
EXPLAIN (PARTS) SELECT n FROM h WHERE n = 1 AND n IN (SELECT id FROM t);
EXPLAIN (PARTS) SELECT n, generate_series(1, n) FROM h;
EXPLAIN (PARTS) SELECT row_number() OVER () FROM h;
EXPLAIN (PARTS) INSERT INTO h VALUES (1);
EXPLAIN (PARTS) SELECT missing FROM h;
EXPLAIN (PARTS) SELECT * FROM missing;
BEGIN;
INSERT INTO h VALUES (1, 'x');
EXPLAIN (PARTS) SELECT * FROM h;
---
ERROR 0A000: the query cannot be read in parts: column "?column?" is no column of the table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: GROUP BY needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: column "count" is no column of the table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: DISTINCT needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: ORDER BY needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: LIMIT needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: FOR UPDATE needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: UNION, INTERSECT and EXCEPT needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: WITH needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: VALUES needs the rows of all parts in one place
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: storage cannot evaluate all of its conditions
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: it does not read exactly one table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: column "generate_series" is no column of the table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: column "row_number" is no column of the table
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 0A000: the query cannot be read in parts: only a SELECT reads
  hint: Read columns of one table with conditions on them, or run the query whole: eagleray.read_arrow(query).
ERROR 42703: column "missing" does not exist
ERROR 42P01: relation "missing" does not exist
BEGIN
INSERT 0 1
ERROR 55000: EXPLAIN (PARTS) reads what is committed, and this transaction has written
