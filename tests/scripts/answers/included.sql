# !open
# Answers that PostgreSQL 18 gives: included.sql in tests/sql/statements.

CREATE TABLE ic (a int PRIMARY KEY, b text, c int);
CREATE INDEX ON ic (b) INCLUDE (c DESC);
CREATE INDEX ON ic (b) INCLUDE (c NULLS FIRST);
CREATE INDEX ON ic (b) INCLUDE (c int4_ops);
CREATE INDEX ON ic (b) INCLUDE (b COLLATE "C");
CREATE INDEX ON ic (b) INCLUDE (nosuch);
CREATE INDEX ON ic (b) INCLUDE (b);
CREATE INDEX ON ic (b) INCLUDE ((c));
---
CREATE TABLE
ERROR 42P17: including column does not support ASC/DESC options
ERROR 42P17: including column does not support NULLS FIRST/LAST options
ERROR 42P17: including column does not support an operator class
ERROR 42P17: including column does not support a collation
ERROR 42703: column "nosuch" does not exist
CREATE INDEX
ERROR 0A000: expressions are not supported in included columns

CREATE UNIQUE INDEX ON ic (lower(b)) INCLUDE (c, a) NULLS NOT DISTINCT WHERE a > 0;
SELECT indexdef FROM pg_indexes WHERE tablename = 'ic' ORDER BY 1;
SELECT indkey, indnatts, indnkeyatts, indclass, indoption, indcollation FROM pg_index WHERE indrelid = 'ic'::regclass ORDER BY 1;
SELECT attrelid::regclass, attnum, attname FROM pg_attribute WHERE attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'ic'::regclass) ORDER BY 1, 2;
SELECT relname, relnatts FROM pg_class WHERE relname LIKE 'ic%' ORDER BY 1;
SELECT pg_get_indexdef('ic_lower_c_a_idx'::regclass, 1, true), pg_get_indexdef('ic_lower_c_a_idx'::regclass, 2, true), pg_get_indexdef('ic_lower_c_a_idx'::regclass, 4, true);
INSERT INTO ic VALUES (1, 'x', 1), (2, 'y', 1);
INSERT INTO ic VALUES (3, 'X', 2);
---
CREATE INDEX
indexdef
CREATE INDEX ic_b_b1_idx ON public.ic USING btree (b) INCLUDE (b)
CREATE UNIQUE INDEX ic_lower_c_a_idx ON public.ic USING btree (lower(b)) INCLUDE (c, a) NULLS NOT DISTINCT WHERE (a > 0)
CREATE UNIQUE INDEX ic_pkey ON public.ic USING btree (a)
SELECT 3
indkey|indnatts|indnkeyatts|indclass|indoption|indcollation
0 3 1|3|1|3126|0|100
1|1|1|1978|0|0
2 2|2|1|3126|0|100
SELECT 3
attrelid|attnum|attname
ic_pkey|1|a
ic_b_b1_idx|1|b
ic_b_b1_idx|2|b1
ic_lower_c_a_idx|1|lower
ic_lower_c_a_idx|2|c
ic_lower_c_a_idx|3|a
SELECT 6
relname|relnatts
ic|3
ic_b_b1_idx|2
ic_lower_c_a_idx|3
ic_pkey|1
SELECT 4
pg_get_indexdef|pg_get_indexdef|pg_get_indexdef
lower(b)|c|
SELECT 1
INSERT 0 2
ERROR 23505: duplicate key value violates unique constraint "ic_lower_c_a_idx"
  detail: Key (lower(b))=(x) already exists.
  schema=public table=ic constraint=ic_lower_c_a_idx

INSERT INTO ic VALUES (3, 'X', 2) ON CONFLICT (lower(b)) WHERE a > 0 DO UPDATE SET c = 9 RETURNING *;
UPDATE ic SET c = 5 WHERE lower(b) = 'y' AND a > 0 RETURNING a;
CREATE TABLE il (LIKE ic INCLUDING INDEXES);
SELECT indexdef FROM pg_indexes WHERE tablename = 'il' ORDER BY 1;
CREATE TABLE if (b text REFERENCES ic (b));
ALTER TABLE ic RENAME COLUMN c TO d;
SELECT indexdef FROM pg_indexes WHERE indexname = 'ic_lower_c_a_idx';
ALTER TABLE ic ALTER COLUMN d TYPE bigint;
---
a|b|c
1|x|9
INSERT 0 1
a
2
UPDATE 1
CREATE TABLE
indexdef
CREATE INDEX il_b_b1_idx ON public.il USING btree (b) INCLUDE (b)
CREATE UNIQUE INDEX il_lower_c_a_idx ON public.il USING btree (lower(b)) INCLUDE (c, a) NULLS NOT DISTINCT WHERE (a > 0)
CREATE UNIQUE INDEX il_pkey ON public.il USING btree (a)
SELECT 3
ERROR 42830: there is no unique constraint matching given keys for referenced table "ic"
ALTER TABLE
indexdef
CREATE UNIQUE INDEX ic_lower_c_a_idx ON public.ic USING btree (lower(b)) INCLUDE (d, a) NULLS NOT DISTINCT WHERE (a > 0)
SELECT 1
ALTER TABLE

SELECT a, d FROM ic WHERE lower(b) = 'x' AND a > 0;
ALTER TABLE ic DROP COLUMN d;
SELECT indexdef FROM pg_indexes WHERE tablename = 'ic' ORDER BY 1;
---
a|d
1|9
SELECT 1
ALTER TABLE
indexdef
CREATE INDEX ic_b_b1_idx ON public.ic USING btree (b) INCLUDE (b)
CREATE UNIQUE INDEX ic_pkey ON public.ic USING btree (a)
SELECT 2
