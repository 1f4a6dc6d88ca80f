# !open
# CREATE TABLE AS and SELECT INTO: what PostgreSQL 18 answers.

CREATE TABLE u (id int PRIMARY KEY, s varchar(10), n numeric(8,2), c char(3), ts timestamp(3));
INSERT INTO u VALUES (1, 'one', 1.5, 'a', '2024-01-01 10:00:00'), (2, NULL, 2.25, 'b', NULL);
CREATE TABLE t AS SELECT id, s, n, c, ts, id + 1 AS more FROM u;
SELECT * FROM t ORDER BY id;
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;
CREATE TABLE t AS SELECT 1;
CREATE TABLE IF NOT EXISTS t AS SELECT 1;
---
CREATE TABLE
INSERT 0 2
SELECT 2
id|s|n|c|ts|more
1|one|1.50|a  |2024-01-01 10:00:00|2
2|NULL|2.25|b  |NULL|3
SELECT 2
attname|format_type|attnotnull
id|integer|f
s|character varying(10)|f
n|numeric(8,2)|f
c|character(3)|f
ts|timestamp(3) without time zone|f
more|integer|f
SELECT 6
ERROR 42P07: relation "t" already exists
NOTICE: relation "t" already exists, skipping
CREATE TABLE AS

CREATE TABLE named (a, b) AS SELECT 1, 'x', now() IS NOT NULL AS third;
SELECT * FROM named;
CREATE TABLE bad (a, b, c) AS SELECT 1, 2;
CREATE TABLE bad AS SELECT 1 AS a, 2 AS a;
CREATE TABLE bad AS SELECT 1, 2;
CREATE TABLE empty AS SELECT * FROM u WITH NO DATA;
SELECT * FROM empty;
CREATE TABLE full_one AS TABLE u WITH DATA;
SELECT count(*) FROM full_one;
CREATE TABLE of_values AS VALUES (1, 'a'), (2, 'b');
SELECT * FROM of_values ORDER BY 1;
CREATE TABLE united AS SELECT id FROM u UNION ALL SELECT 7 ORDER BY 1;
SELECT * FROM united ORDER BY 1;
CREATE TABLE grouped AS WITH w AS (SELECT count(*) AS n FROM u) SELECT n, sum(id) FROM w, u GROUP BY n;
SELECT * FROM grouped;
CREATE TABLE of_null AS SELECT NULL AS x, 'a' AS y;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'of_null'::regclass AND attnum > 0 ORDER BY attnum;
---
SELECT 1
a|b|third
1|x|t
SELECT 1
ERROR 42601: too many column names were specified
ERROR 42701: column "a" specified more than once
ERROR 42701: column "?column?" specified more than once
CREATE TABLE AS
id|s|n|c|ts
SELECT 0
SELECT 2
count
2
SELECT 1
SELECT 2
column1|column2
1|a
2|b
SELECT 2
SELECT 3
id
1
2
7
SELECT 3
ERROR 42702: column reference "n" is ambiguous
ERROR 42P01: relation "grouped" does not exist
SELECT 1
attname|format_type
x|text
y|text
SELECT 2

# SELECT INTO
SELECT id, s INTO i1 FROM u;
SELECT * FROM i1 ORDER BY id;
SELECT 5 AS x INTO TABLE i2;
SELECT x FROM i2;
SELECT 1 AS z INTO i3 UNION SELECT 2;
SELECT z FROM i3 ORDER BY z;
SELECT id INTO i1 FROM u WHERE id = 1;
WITH w AS (SELECT 3 AS q) SELECT q INTO i4 FROM w;
SELECT * FROM i4;
---
SELECT 2
id|s
1|one
2|NULL
SELECT 2
SELECT 1
x
5
SELECT 1
SELECT 2
z
1
2
SELECT 2
ERROR 42P07: relation "i1" already exists
SELECT 1
q
3
SELECT 1

# parts that write, prepared queries, blocks
CREATE TABLE moved AS WITH gone AS (DELETE FROM i2 RETURNING x) SELECT x FROM gone;
SELECT * FROM moved;
SELECT * FROM i2;
PREPARE p (int) AS SELECT id, s FROM u WHERE id >= $1;
CREATE TABLE ofp AS EXECUTE p(2);
SELECT * FROM ofp;
CREATE TABLE ofp2 AS EXECUTE p;
PREPARE d AS DELETE FROM u;
CREATE TABLE ofp3 AS EXECUTE d;
BEGIN;
CREATE TABLE inb AS SELECT id FROM u;
INSERT INTO inb VALUES (9);
SELECT count(*) FROM inb;
ROLLBACK;
SELECT * FROM inb;
BEGIN READ ONLY;
CREATE TABLE ro AS SELECT 1 AS a;
ROLLBACK;
CREATE TABLE failing AS SELECT 1 / (id - 2) AS x FROM u;
SELECT * FROM failing;
CREATE TABLE twice AS SELECT 1 AS a; CREATE TABLE twice AS SELECT 2 AS a;
SELECT * FROM twice;
CREATE TABLE nosuch.t AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
CREATE TABLE arr AS SELECT ARRAY[1] AS a;
---
SELECT 1
x
5
SELECT 1
x
SELECT 0
PREPARE
SELECT 1
id|s
2|NULL
SELECT 1
ERROR 42601: wrong number of parameters for prepared statement "p"
  detail: Expected 1 parameters but got 0.
PREPARE
ERROR 42809: prepared statement is not a SELECT
BEGIN
SELECT 2
INSERT 0 1
count
3
SELECT 1
ROLLBACK
ERROR 42P01: relation "inb" does not exist
BEGIN
ERROR 25006: cannot execute CREATE TABLE AS in a read-only transaction
ROLLBACK
ERROR 22012: division by zero
ERROR 42P01: relation "failing" does not exist
SELECT 1
ERROR 42P07: relation "twice" already exists
ERROR 42P01: relation "twice" does not exist
ERROR 3F000: schema "nosuch" does not exist
ERROR 0A000: materialized views are not supported
ERROR 0A000: datatype integer[] not supported

# another's table, and one's own
CREATE ROLE app LOGIN;
GRANT CREATE ON SCHEMA public TO app;
b@app: CREATE TABLE mine AS SELECT * FROM u;
b@app: CREATE TABLE mine AS SELECT 1 AS a;
b@app: SELECT * FROM mine;
SELECT tableowner FROM pg_tables WHERE tablename = 'mine';
---
CREATE ROLE
GRANT
b: ERROR 42501: permission denied for table u
b: SELECT 1
b: a
b: 1
b: SELECT 1
tableowner
app
SELECT 1
