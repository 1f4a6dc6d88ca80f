# !open
# ALTER COLUMN ... TYPE. The answers are PostgreSQL 18's, but for what is refused at the end.

CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 5 NOT NULL, s varchar(5), d date, u int UNIQUE, CHECK (n > 0));
INSERT INTO t VALUES (1, 10, '11', '2024-01-01', 7), (2, 20, '22', '2024-02-02', 8), (10, 30, NULL, NULL, NULL);
CREATE INDEX ON t (s);
ALTER TABLE t ALTER COLUMN n TYPE bigint;
ALTER TABLE t ALTER n SET DATA TYPE numeric(8,2);
INSERT INTO t (id) VALUES (4);
SELECT id, n FROM t ORDER BY id;
ALTER TABLE t ALTER n TYPE text;
ALTER TABLE t ALTER s TYPE int;
ALTER TABLE t ALTER s TYPE int USING s::int;
SELECT id, s FROM t WHERE s = 22;
SELECT id, s FROM t ORDER BY s DESC NULLS LAST, id;
ALTER TABLE t ALTER s TYPE varchar(1);
ALTER TABLE t ALTER s TYPE varchar(10), ALTER d TYPE timestamp;
ALTER TABLE t ALTER s TYPE text;
SELECT id, s, d FROM t WHERE s = '22';
ALTER TABLE t ALTER id TYPE text;
SELECT id FROM t ORDER BY id;
SELECT n FROM t WHERE id = '10';
INSERT INTO t VALUES ('10', 1);
ALTER TABLE t ALTER id TYPE text USING 'same';
ALTER TABLE t ALTER id TYPE int USING length(id) + id::int * 10;
SELECT id FROM t ORDER BY id;
ALTER TABLE t ALTER u TYPE int USING 1;
ALTER TABLE t ALTER u TYPE bigint USING u * 1000000000000;
INSERT INTO t VALUES (99, 1, '', NULL, 7000000000000);
SELECT id FROM t WHERE u = 8000000000000;
ALTER TABLE t ALTER n TYPE int USING -n;
ALTER TABLE t ALTER n TYPE int USING NULL;
ALTER TABLE t ALTER n TYPE int USING n / 0;
ALTER TABLE t ALTER n TYPE bool;
ALTER TABLE t ALTER n TYPE bool USING n > 15;
ALTER TABLE t ALTER n TYPE int USING (SELECT 1);
ALTER TABLE t ALTER n TYPE int USING nope;
ALTER TABLE t ALTER nope TYPE int;
ALTER TABLE t ALTER n TYPE nosuch;
ALTER TABLE t ALTER n DROP DEFAULT, ALTER n TYPE real;
SELECT column_name, data_type, numeric_precision, character_maximum_length, column_default FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position;
SELECT * FROM t ORDER BY id;
CREATE VIEW v AS SELECT d FROM t;
ALTER TABLE t ALTER d TYPE date;
ALTER TABLE t ALTER s TYPE json USING to_json(s);
---
CREATE TABLE
INSERT 0 3
CREATE INDEX
ALTER TABLE
ALTER TABLE
INSERT 0 1
id|n
1|10.00
2|20.00
4|5.00
10|30.00
SELECT 4
ERROR 42883: operator does not exist: text > integer
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
ERROR 42804: column "s" cannot be cast automatically to type integer
  hint: You might need to specify "USING s::integer".
ALTER TABLE
id|s
2|22
SELECT 1
id|s
2|22
1|11
4|NULL
10|NULL
SELECT 4
ERROR 22001: value too long for type character varying(1)
ALTER TABLE
ALTER TABLE
id|s|d
2|22|2024-02-02 00:00:00
SELECT 1
ALTER TABLE
id
1
10
2
4
SELECT 4
n
30.00
SELECT 1
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(10) already exists.
  schema=public table=t constraint=t_pkey
ERROR 23505: could not create unique index "t_pkey"
  detail: Key (id)=(same) is duplicated.
  schema=public table=t constraint=t_pkey
ALTER TABLE
id
11
21
41
102
SELECT 4
ERROR 23505: could not create unique index "t_u_key"
  detail: Key (u)=(1) is duplicated.
  schema=public table=t constraint=t_u_key
ALTER TABLE
ERROR 23505: duplicate key value violates unique constraint "t_u_key"
  detail: Key (u)=(7000000000000) already exists.
  schema=public table=t constraint=t_u_key
id
21
SELECT 1
ERROR 23514: check constraint "t_n_check" of relation "t" is violated by some row
ERROR 23502: column "n" of relation "t" contains null values
  schema=public table=t column=n
ERROR 22012: division by zero
ERROR 42804: column "n" cannot be cast automatically to type boolean
  hint: You might need to specify "USING n::boolean".
ERROR 42804: default for column "n" cannot be cast automatically to type boolean
ERROR 0A000: cannot use subquery in transform expression
ERROR 42703: column "nope" does not exist
ERROR 42703: column "nope" of relation "t" does not exist
ERROR 42704: type "nosuch" does not exist
ALTER TABLE
column_name|data_type|numeric_precision|character_maximum_length|column_default
id|integer|32|NULL|NULL
n|real|24|NULL|NULL
s|text|NULL|NULL|NULL
d|timestamp without time zone|NULL|NULL|NULL
u|bigint|64|NULL|NULL
SELECT 5
id|n|s|d|u
11|10|11|2024-01-01 00:00:00|7000000000000
21|20|22|2024-02-02 00:00:00|8000000000000
41|5|NULL|NULL|NULL
102|30|NULL|NULL|NULL
SELECT 4
CREATE VIEW
ERROR 0A000: cannot alter type of a column used by a view or rule
  detail: rule _RETURN on view v depends on column "d"
ERROR 42704: data type json has no default operator class for access method "btree"
  hint: You must specify an operator class for the index or define a default operator class for the data type.

# without a primary key, in a block, of a temporary table
CREATE TABLE h (a int, b text);
INSERT INTO h VALUES (1, 'x'), (2, 'y');
BEGIN;
INSERT INTO h VALUES (3, 'z');
ALTER TABLE h ALTER a TYPE text USING b || a;
INSERT INTO h VALUES ('own', 'w');
SELECT * FROM h ORDER BY a;
ROLLBACK;
SELECT * FROM h ORDER BY a;
ALTER TABLE h ALTER a TYPE char(3), ALTER b TYPE bytea USING b::bytea;
SELECT a, b FROM h ORDER BY a;
CREATE TEMP TABLE m AS SELECT 1 AS a;
ALTER TABLE m ALTER a TYPE text;
SELECT a || '!' FROM m;
CREATE TABLE wide AS SELECT g AS id, g AS n FROM generate_series(1, 3000) g;
ALTER TABLE wide ALTER n TYPE text;
SELECT count(*), max(n) FROM wide;
---
CREATE TABLE
INSERT 0 2
BEGIN
INSERT 0 1
ALTER TABLE
INSERT 0 1
a|b
own|w
x1|x
y2|y
z3|z
SELECT 4
ROLLBACK
a|b
1|x
2|y
SELECT 2
ALTER TABLE
a|b
1  |\x78
2  |\x79
SELECT 2
SELECT 1
ALTER TABLE
?column?
1!
SELECT 1
SELECT 3000
ALTER TABLE
count|max
3000|999
SELECT 1

CREATE TABLE p (id int PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE c (id int REFERENCES p);
ALTER TABLE p ALTER id TYPE bigint;
ALTER TABLE c ALTER id TYPE bigint;
ALTER TABLE p ALTER i TYPE bigint;
---
CREATE TABLE
CREATE TABLE
ERROR 0A000: columns of foreign keys cannot change their type
ERROR 0A000: columns of foreign keys cannot change their type
ERROR 0A000: identity columns cannot change their type
