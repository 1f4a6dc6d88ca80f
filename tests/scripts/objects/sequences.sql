# !open Sequences, identity columns and serial. The answers are PostgreSQL's.

CREATE SEQUENCE s;
SELECT nextval('s');
SELECT nextval('s'), nextval('s'), currval('s'), lastval();
SELECT currval('s');
SELECT setval('s', 100);
SELECT nextval('s'::regclass);
---
CREATE SEQUENCE
nextval
1
SELECT 1
nextval|nextval|currval|lastval
2|3|3|3
SELECT 1
currval
3
SELECT 1
setval
100
SELECT 1
nextval
101
SELECT 1

SELECT setval('s', 5, false), nextval('s'), nextval('public.s');
SELECT last_value FROM s;
SELECT last_value, is_called FROM s;
SELECT nextval('nothing');
CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('s'), n int);
INSERT INTO t (n) VALUES (1), (2), (3) RETURNING id;
---
setval|nextval|nextval
5|5|6
SELECT 1
last_value
6
SELECT 1
last_value|is_called
6|t
SELECT 1
ERROR 42P01: relation "nothing" does not exist
CREATE TABLE
id
7
8
9
INSERT 0 3

INSERT INTO t VALUES (DEFAULT, 4);
INSERT INTO t (n) SELECT g FROM generate_series(5, 8) g;
SELECT * FROM t ORDER BY id;
SELECT nextval('t');
DROP SEQUENCE s;
ALTER SEQUENCE s RENAME TO s2;
---
INSERT 0 1
INSERT 0 4
id|n
7|1
8|2
9|3
10|4
11|5
12|6
13|7
14|8
SELECT 8
ERROR 42809: cannot open relation "t"
  detail: This operation is not supported for tables.
ERROR 2BP01: cannot drop sequence s because other objects depend on it
  detail: default value for column id of table t depends on sequence s
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ALTER SEQUENCE

INSERT INTO t (n) VALUES (9) RETURNING id, currval('s2');
SELECT column_default FROM information_schema.columns WHERE table_name = 't' AND column_name = 'id';
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass;
DROP SEQUENCE s2 CASCADE;
INSERT INTO t (n) VALUES (10);
---
id|currval
15|15
INSERT 0 1
column_default
nextval('s2'::regclass)
SELECT 1
pg_get_expr
nextval('s2'::regclass)
SELECT 1
NOTICE: drop cascades to default value for column id of table t
DROP SEQUENCE
ERROR 23502: null value in column "id" of relation "t" violates not-null constraint
  detail: Failing row contains (null, 10).
  schema=public table=t column=id

# Options
CREATE SEQUENCE a INCREMENT 5 MINVALUE 10 MAXVALUE 20 CYCLE;
SELECT nextval('a'), nextval('a'), nextval('a'), nextval('a');
CREATE SEQUENCE b INCREMENT -1;
SELECT nextval('b'), nextval('b');
CREATE SEQUENCE c MAXVALUE 2;
SELECT nextval('c');
---
CREATE SEQUENCE
nextval|nextval|nextval|nextval
10|15|20|10
SELECT 1
CREATE SEQUENCE
nextval|nextval
-1|-2
SELECT 1
CREATE SEQUENCE
nextval
1
SELECT 1

SELECT nextval('c');
SELECT nextval('c');
CREATE SEQUENCE bad INCREMENT 0;
CREATE SEQUENCE bad MINVALUE 10 MAXVALUE 5;
CREATE SEQUENCE bad START 0;
CREATE SEQUENCE bad START 100 MAXVALUE 50;
---
nextval
2
SELECT 1
ERROR 2200H: nextval: reached maximum value of sequence "c" (2)
ERROR 22023: INCREMENT must not be zero
ERROR 22023: MINVALUE (10) must be less than MAXVALUE (5)
ERROR 22023: START value (0) cannot be less than MINVALUE (1)
ERROR 22023: START value (100) cannot be greater than MAXVALUE (50)

CREATE SEQUENCE bad CACHE 0;
CREATE SEQUENCE bad AS text;
CREATE SEQUENCE bad AS smallint MAXVALUE 100000;
CREATE SEQUENCE bad START 1 START 2;
CREATE SEQUENCE bad OWNED BY t;
CREATE SEQUENCE bad OWNED BY t.nope;
---
ERROR 22023: CACHE (0) must be greater than zero
ERROR 22023: sequence type must be smallint, integer, or bigint
ERROR 22023: MAXVALUE (100000) is out of range for sequence data type smallint
ERROR 42601: conflicting or redundant options
ERROR 42601: invalid OWNED BY option
  hint: Specify OWNED BY table.column or OWNED BY NONE.
ERROR 42703: column "nope" of relation "t" does not exist

CREATE SEQUENCE IF NOT EXISTS a;
CREATE SEQUENCE a;
CREATE TABLE a (x int);
SELECT setval('a', 1000);
ALTER SEQUENCE a MAXVALUE 2000 NO CYCLE RESTART 11;
SELECT nextval('a');
---
NOTICE: relation "a" already exists, skipping
CREATE SEQUENCE
ERROR 42P07: relation "a" already exists
ERROR 42P07: relation "a" already exists
ERROR 22003: setval: value 1000 is out of bounds for sequence "a" (10..20)
ALTER SEQUENCE
nextval
11
SELECT 1

ALTER SEQUENCE a RESTART;
SELECT nextval('a');
ALTER SEQUENCE a START 3;
ALTER SEQUENCE a RESTART 5;
ALTER SEQUENCE nothere RESTART;
ALTER SEQUENCE IF EXISTS nothere RESTART;
---
ALTER SEQUENCE
nextval
10
SELECT 1
ERROR 22023: START value (3) cannot be less than MINVALUE (10)
ERROR 22023: RESTART value (5) cannot be less than MINVALUE (10)
ERROR 42P01: relation "nothere" does not exist
NOTICE: relation "nothere" does not exist, skipping
ALTER SEQUENCE

INSERT INTO a VALUES (1);
UPDATE a SET last_value = 1;
SELECT seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle FROM pg_sequence WHERE seqrelid = 'a'::regclass;
SELECT sequencename, start_value, min_value, max_value, increment_by, cycle, cache_size FROM pg_sequences ORDER BY 1;
SELECT sequence_name, data_type, start_value, minimum_value, maximum_value, increment, cycle_option FROM information_schema.sequences ORDER BY 1;
SELECT relname, relkind FROM pg_class WHERE relkind = 'S' ORDER BY 1;
---
ERROR 42809: cannot change sequence "a"
ERROR 42809: cannot change sequence "a"
seqstart|seqincrement|seqmin|seqmax|seqcache|seqcycle
10|5|10|2000|1|f
SELECT 1
sequencename|start_value|min_value|max_value|increment_by|cycle|cache_size
a|10|10|2000|5|f|1
b|-1|-9223372036854775808|-1|-1|f|1
c|1|1|2|1|f|1
SELECT 3
sequence_name|data_type|start_value|minimum_value|maximum_value|increment|cycle_option
a|bigint|10|10|2000|5|NO
b|bigint|-1|-9223372036854775808|-1|-1|NO
c|bigint|1|1|2|1|NO
SELECT 3
relname|relkind
a|S
b|S
c|S
SELECT 3

DROP SEQUENCE nothere;
DROP SEQUENCE IF EXISTS nothere;
DROP TABLE a;
DROP SEQUENCE a, b, c;
---
ERROR 42P01: sequence "nothere" does not exist
NOTICE: sequence "nothere" does not exist, skipping
DROP SEQUENCE
ERROR 42809: "a" is not a table
  hint: Use DROP SEQUENCE to remove a sequence.
DROP SEQUENCE

# Identity
CREATE TABLE i (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
INSERT INTO i (n) VALUES (1), (2) RETURNING id;
INSERT INTO i VALUES (10, 3);
INSERT INTO i VALUES (DEFAULT, 3);
INSERT INTO i OVERRIDING SYSTEM VALUE VALUES (10, 4);
INSERT INTO i OVERRIDING USER VALUE VALUES (10, 5);
---
CREATE TABLE
id
1
2
INSERT 0 2
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"
  detail: Column "id" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.
INSERT 0 1
INSERT 0 1
INSERT 0 1

INSERT INTO i (id, n) SELECT 50, 1;
UPDATE i SET id = 7;
UPDATE i SET id = DEFAULT WHERE n = 1 RETURNING id;
SELECT * FROM i ORDER BY id;
SELECT pg_get_serial_sequence('i', 'id'), pg_get_serial_sequence('i', 'n');
SELECT attname, attidentity, attnotnull FROM pg_attribute WHERE attrelid = 'i'::regclass AND attnum > 0 ORDER BY attnum;
---
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"
  detail: Column "id" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.
ERROR 428C9: column "id" can only be updated to DEFAULT
  detail: Column "id" is an identity column defined as GENERATED ALWAYS.
id
5
UPDATE 1
id|n
2|2
3|3
4|5
5|1
10|4
SELECT 5
pg_get_serial_sequence|pg_get_serial_sequence
public.i_id_seq|NULL
SELECT 1
attname|attidentity|attnotnull
id|a|t
n||f
SELECT 2

SELECT is_identity, identity_generation, identity_start, identity_increment, identity_maximum FROM information_schema.columns WHERE table_name = 'i' ORDER BY ordinal_position;
SELECT setval(pg_get_serial_sequence('i', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM i;
INSERT INTO i (n) VALUES (6) RETURNING id;
DROP SEQUENCE i_id_seq;
ALTER TABLE i ALTER COLUMN id SET GENERATED BY DEFAULT;
INSERT INTO i VALUES (30, 7) RETURNING id;
---
is_identity|identity_generation|identity_start|identity_increment|identity_maximum
YES|ALWAYS|1|1|9223372036854775807
NO|NULL|NULL|NULL|NULL
SELECT 2
setval
10
SELECT 1
id
11
INSERT 0 1
ERROR 2BP01: cannot drop sequence i_id_seq because column id of table i requires it
  hint: You can drop column id of table i instead.
ALTER TABLE
id
30
INSERT 0 1

ALTER TABLE i ALTER COLUMN id RESTART WITH 40;
INSERT INTO i (n) VALUES (8) RETURNING id;
ALTER TABLE i ALTER COLUMN id SET DEFAULT 5;
ALTER TABLE i ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE i ALTER COLUMN n DROP IDENTITY;
ALTER TABLE i ALTER COLUMN id DROP IDENTITY;
---
ALTER TABLE
id
40
INSERT 0 1
ERROR 42601: column "id" of relation "i" is an identity column
ERROR 55000: column "n" of relation "i" must be declared NOT NULL before identity can be added
ERROR 55000: column "n" of relation "i" is not an identity column
ALTER TABLE

INSERT INTO i (n) VALUES (9);
ALTER TABLE i ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (START 60);
INSERT INTO i (n) VALUES (9) RETURNING id;
TRUNCATE i RESTART IDENTITY;
INSERT INTO i (n) VALUES (9) RETURNING id;
DROP TABLE i;
---
ERROR 23502: null value in column "id" of relation "i" violates not-null constraint
  detail: Failing row contains (null, 9).
  schema=public table=i column=id
ALTER TABLE
id
60
INSERT 0 1
TRUNCATE TABLE
id
60
INSERT 0 1
DROP TABLE

SELECT nextval('i_id_seq');
CREATE TABLE bad (a text GENERATED ALWAYS AS IDENTITY);
---
ERROR 42P01: relation "i_id_seq" does not exist
ERROR 22023: identity column type must be smallint, integer, or bigint

# Serial
CREATE TABLE r (id serial PRIMARY KEY, b bigserial, s smallserial);
INSERT INTO r DEFAULT VALUES;
INSERT INTO r (b) VALUES (77) RETURNING *;
SELECT column_name, data_type, column_default, is_nullable FROM information_schema.columns WHERE table_name = 'r' ORDER BY ordinal_position;
ALTER TABLE r ADD COLUMN more serial;
SELECT more FROM r ORDER BY id;
---
CREATE TABLE
INSERT 0 1
id|b|s
2|77|2
INSERT 0 1
column_name|data_type|column_default|is_nullable
id|integer|nextval('r_id_seq'::regclass)|NO
b|bigint|nextval('r_b_seq'::regclass)|NO
s|smallint|nextval('r_s_seq'::regclass)|NO
SELECT 3
ALTER TABLE
more
1
2
SELECT 2

CREATE TABLE uses (x int DEFAULT nextval('r_id_seq'));
DROP TABLE r;
DROP TABLE r CASCADE;
INSERT INTO uses DEFAULT VALUES RETURNING x;
---
CREATE TABLE
ERROR 2BP01: cannot drop table r because other objects depend on it
  detail: default value for column x of table uses depends on sequence r_id_seq
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: drop cascades to default value for column x of table uses
DROP TABLE
x
NULL
INSERT 0 1

# In queries
CREATE SEQUENCE q;
CREATE TABLE w (a int PRIMARY KEY, b int);
INSERT INTO w VALUES (1, 30), (2, 20), (3, 10);
SELECT nextval('q') AS n, a, nextval('q') * 10 + b AS m FROM w ORDER BY b;
SELECT *, nextval('q') FROM w WHERE a < 3 ORDER BY a LIMIT 1;
SELECT nextval('q') + count(*) FROM w;
---
CREATE SEQUENCE
CREATE TABLE
INSERT 0 3
n|a|m
1|3|30
3|2|60
5|1|90
SELECT 3
a|b|nextval
1|30|7
SELECT 1
?column?
11
SELECT 1

UPDATE w SET b = nextval('q') WHERE a > 1 RETURNING b;
INSERT INTO w VALUES (1, 0) ON CONFLICT (a) DO UPDATE SET b = nextval('q') RETURNING b;
SELECT CASE WHEN a > 2 THEN nextval('q') ELSE 0 END FROM w ORDER BY a;
SELECT lastval();
BEGIN;
SELECT nextval('q');
---
b
9
10
UPDATE 2
b
11
INSERT 0 1
case
0
0
12
SELECT 3
lastval
12
SELECT 1
BEGIN
nextval
13
SELECT 1

ROLLBACK;
SELECT nextval('q');
BEGIN READ ONLY;
SELECT nextval('q');
ROLLBACK;
PREPARE p AS INSERT INTO w VALUES (nextval('q'), $1) RETURNING a;
---
ROLLBACK
nextval
14
SELECT 1
BEGIN
ERROR 25006: cannot execute nextval() in a read-only transaction
ROLLBACK
PREPARE

EXECUTE p(1);
EXECUTE p(2);
COMMENT ON SEQUENCE q IS 'counts';
SELECT obj_description('q'::regclass);
b: SELECT currval('q');
b: SELECT lastval();
---
a
15
INSERT 0 1
a
16
INSERT 0 1
COMMENT
obj_description
counts
SELECT 1
b: ERROR 55000: currval of sequence "q" is not yet defined in this session
b: ERROR 55000: lastval is not yet defined in this session

DISCARD SEQUENCES;
SELECT currval('q');
SELECT 'q'::regclass, to_regclass('q');
---
DISCARD SEQUENCES
ERROR 55000: currval of sequence "q" is not yet defined in this session
regclass|to_regclass
q|q
SELECT 1

# What depends on a sequence
CREATE SEQUENCE seen;
CREATE VIEW look AS SELECT last_value FROM seen;
SELECT * FROM look;
DROP SEQUENCE seen;
COPY look TO STDOUT;
COPY seen TO STDOUT;
---
CREATE SEQUENCE
CREATE VIEW
last_value
1
SELECT 1
ERROR 2BP01: cannot drop sequence seen because other objects depend on it
  detail: view look depends on sequence seen
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 42809: cannot copy from view "look"
  hint: Try the COPY (SELECT ...) TO variant.
ERROR 42809: cannot copy from sequence "seen"

COPY look FROM STDIN;
DROP SEQUENCE seen CASCADE;
---
ERROR 42809: cannot copy to view "look"
  hint: To enable copying to a view, provide an INSTEAD OF INSERT trigger.
NOTICE: drop cascades to view look
DROP SEQUENCE
