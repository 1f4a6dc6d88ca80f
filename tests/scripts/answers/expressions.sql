# !open
# Answers that PostgreSQL 18 gives: expressions.sql in tests/sql/statements.

CREATE TABLE ix (id int PRIMARY KEY, email text, a int, b int, v varchar(10), n numeric, d timestamptz);
INSERT INTO ix VALUES (1, 'Bob', 1, 2, 'V', 1.50), (2, 'alice', 3, 4, 'W', 2), (3, NULL, NULL, 5, NULL, NULL), (4, 'Carol', 7, -4, 'x', 0.1), (5, 'dave', 0, 0, 'y', 9);
CREATE INDEX ON ix (lower(email), (a + b));
CREATE INDEX ON ix ((a + b), lower(email), a);
CREATE INDEX ON ix ((a), (email));
CREATE INDEX ON ix (v, (v || 'x'));
CREATE INDEX ON ix ((a + 1) DESC, lower(email) NULLS FIRST) WHERE a > 0;
CREATE INDEX ON ix (coalesce(a, b));
---
CREATE TABLE
INSERT 0 5
CREATE INDEX
CREATE INDEX
CREATE INDEX
CREATE INDEX
CREATE INDEX
CREATE INDEX

CREATE INDEX ON ix ((d::date));
CREATE INDEX ON ix (date(d));
CREATE INDEX ON ix ((d AT TIME ZONE 'UTC'));
CREATE INDEX ON ix (random());
CREATE INDEX ON ix ((now() - d));
CREATE INDEX ON ix ((1));
CREATE INDEX ON ix ((a IS NULL));
CREATE INDEX ON ix ((a > 5));
---
ERROR 42P17: functions in index expression must be marked IMMUTABLE
ERROR 42P17: functions in index expression must be marked IMMUTABLE
CREATE INDEX
ERROR 42P17: functions in index expression must be marked IMMUTABLE
ERROR 42P17: functions in index expression must be marked IMMUTABLE
CREATE INDEX
CREATE INDEX
CREATE INDEX

CREATE INDEX ON ix (sum(a));
CREATE INDEX ON ix (((SELECT 1)));
CREATE INDEX ON ix (generate_series(1, a));
CREATE INDEX ON ix (nosuch(a));
CREATE INDEX ON ix (lower(nosuch));
CREATE INDEX ON ix (lower(other.email));
CREATE INDEX ON ix ((ix.a * 2));
CREATE INDEX ON ix (lower(email) text_pattern_ops);
---
ERROR 42803: aggregate functions are not allowed in index expressions
ERROR 0A000: cannot use subquery in index expression
ERROR 0A000: set-returning functions are not allowed in index expressions
ERROR 42883: function nosuch(integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42703: column "nosuch" does not exist
ERROR 42P01: missing FROM-clause entry for table "other"
CREATE INDEX
CREATE INDEX

CREATE INDEX ON ix (substr(email, 1, 3), substr(email, 2, 3));
CREATE INDEX ON ix ((a + 1)) INCLUDE ((b + 1));
CREATE INDEX ON ix ((email::json));
CREATE INDEX ON ix (lower(email), $1);
CREATE INDEX ON ix ((12 / (a - 1)));
SELECT indexname FROM pg_indexes WHERE tablename = 'ix' ORDER BY 1;
SELECT indexdef FROM pg_indexes WHERE indexname IN ('ix_lower_expr_idx', 'ix_expr_lower_a_idx', 'ix_a_email_idx', 'ix_coalesce_idx', 'ix_expr_lower_idx', 'ix_expr_idx', 'ix_expr_idx1') ORDER BY 1;
SELECT indkey, indnatts, indnkeyatts, pg_get_expr(indexprs, indrelid), indclass, indoption FROM pg_index WHERE indexrelid IN ('ix_lower_expr_idx'::regclass, 'ix_expr_lower_a_idx'::regclass, 'ix_a_email_idx'::regclass, 'ix_expr_lower_idx'::regclass) ORDER BY 1, 4;
---
CREATE INDEX
ERROR 0A000: expressions are not supported in included columns
ERROR 42704: data type json has no default operator class for access method "btree"
  hint: You must specify an operator class for the index or define a default operator class for the data type.
ERROR 42601: syntax error at or near "$1"
ERROR 22012: division by zero
indexname
ix_a_email_idx
ix_coalesce_idx
ix_expr_idx
ix_expr_idx1
ix_expr_idx2
ix_expr_idx3
ix_expr_lower_a_idx
ix_expr_lower_idx
ix_lower_expr_idx
ix_lower_idx
ix_pkey
ix_substr_substr1_idx
ix_timezone_idx
ix_v_expr_idx
SELECT 14
indexdef
CREATE INDEX ix_a_email_idx ON public.ix USING btree (a, email)
CREATE INDEX ix_coalesce_idx ON public.ix USING btree (COALESCE(a, b))
CREATE INDEX ix_expr_idx ON public.ix USING btree ((1))
CREATE INDEX ix_expr_idx1 ON public.ix USING btree (((a IS NULL)))
CREATE INDEX ix_expr_lower_a_idx ON public.ix USING btree (((a + b)), lower(email), a)
CREATE INDEX ix_expr_lower_idx ON public.ix USING btree (((a + 1)) DESC, lower(email) NULLS FIRST) WHERE (a > 0)
CREATE INDEX ix_lower_expr_idx ON public.ix USING btree (lower(email), ((a + b)))
SELECT 7
indkey|indnatts|indnkeyatts|pg_get_expr|indclass|indoption
0 0|2|2|(a + 1), lower(email)|1978 3126|3 2
0 0|2|2|lower(email), (a + b)|3126 1978|0 0
0 0 3|3|3|(a + b), lower(email)|1978 3126 1978|0 0 0
3 2|2|2|NULL|1978 3126|0 0
SELECT 4

SELECT attrelid::regclass, attnum, attname, atttypid::regtype, atttypmod FROM pg_attribute WHERE attrelid IN ('ix_lower_expr_idx'::regclass, 'ix_expr_lower_a_idx'::regclass, 'ix_a_email_idx'::regclass, 'ix_substr_substr1_idx'::regclass) ORDER BY 1, 2;
SELECT pg_get_indexdef('ix_lower_expr_idx'::regclass, 1, true), pg_get_indexdef('ix_lower_expr_idx'::regclass, 2, true), pg_get_indexdef('ix_lower_expr_idx'::regclass, 2, false);
CREATE UNIQUE INDEX ux ON ix (lower(email));
CREATE UNIQUE INDEX ux2 ON ix (lower(v), (n + 1), a);
INSERT INTO ix VALUES (12, 'BOB', 1, 2, 'v', 1.5);
INSERT INTO ix VALUES (12, 'eve', 1, 2, 'v', 1.5);
UPDATE ix SET email = 'ALICE' WHERE id = 1;
UPDATE ix SET email = 'BOB' WHERE id = 1 RETURNING email;
---
attrelid|attnum|attname|atttypid|atttypmod
ix_lower_expr_idx|1|lower|text|-1
ix_lower_expr_idx|2|expr|integer|-1
ix_expr_lower_a_idx|1|expr|integer|-1
ix_expr_lower_a_idx|2|lower|text|-1
ix_expr_lower_a_idx|3|a|integer|-1
ix_a_email_idx|1|a|integer|-1
ix_a_email_idx|2|email|text|-1
ix_substr_substr1_idx|1|substr|text|-1
ix_substr_substr1_idx|2|substr1|text|-1
SELECT 9
pg_get_indexdef|pg_get_indexdef|pg_get_indexdef
lower(email)|(a + b)|((a + b))
SELECT 1
CREATE INDEX
CREATE INDEX
ERROR 23505: duplicate key value violates unique constraint "ux"
  detail: Key (lower(email))=(bob) already exists.
  schema=public table=ix constraint=ux
ERROR 23505: duplicate key value violates unique constraint "ux2"
  detail: Key (lower(v), (n + 1), a)=(v, 2.5, 1) already exists.
  schema=public table=ix constraint=ux2
ERROR 23505: duplicate key value violates unique constraint "ux"
  detail: Key (lower(email))=(alice) already exists.
  schema=public table=ix constraint=ux
email
BOB
UPDATE 1

INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT (lower(email)) DO UPDATE SET a = excluded.a RETURNING id, a;
INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT (lower(ix.email)) DO NOTHING RETURNING id;
INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT ((lower(email))) DO NOTHING RETURNING id;
INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT (upper(email)) DO NOTHING;
INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT (email) DO NOTHING;
INSERT INTO ix VALUES (12, 'zoe', 5, 2, 'v', 1.5) ON CONFLICT ((n + 1), lower(v), a) DO UPDATE SET b = 22 RETURNING id, b;
INSERT INTO ix VALUES (12, 'bob', 5, 5) ON CONFLICT DO NOTHING RETURNING id;
CREATE UNIQUE INDEX dup ON ix ((a - a));
---
id|a
1|5
INSERT 0 1
id
INSERT 0 0
id
INSERT 0 0
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
id|b
1|22
INSERT 0 1
id
INSERT 0 0
ERROR 23505: could not create unique index "dup"
  detail: Key ((a - a))=(0) is duplicated.
  schema=public table=ix constraint=dup

CREATE UNIQUE INDEX dup ON ix (lower(email), (a + 0)) WHERE a < 0;
CREATE UNIQUE INDEX dup2 ON ix ((a * 0), lower('q' || b));
SELECT id FROM ix WHERE lower(email) = 'alice';
SELECT id FROM ix WHERE lower(email) IN ('alice', 'bob', 'none') ORDER BY id;
SELECT id FROM ix WHERE lower(email) = ANY ('{carol,dave}') ORDER BY id;
SELECT id FROM ix WHERE lower(email) > 'b' AND lower(email) < 'd' ORDER BY lower(email);
SELECT id FROM ix WHERE a + b = 7;
SELECT id, a + b FROM ix WHERE a + b BETWEEN 3 AND 10 ORDER BY a + b DESC, id;
---
CREATE INDEX
CREATE INDEX
id
2
SELECT 1
id
1
2
SELECT 2
id
4
5
SELECT 2
id
1
4
SELECT 2
id
2
SELECT 1
id|?column?
2|7
4|3
SELECT 2

SELECT id FROM ix WHERE lower(email) IS NULL;
SELECT id FROM ix WHERE lower(email) IS NOT NULL ORDER BY lower(email) DESC LIMIT 2;
SELECT id FROM ix ORDER BY lower(email), a + b, id;
SELECT id FROM ix ORDER BY lower(email) DESC NULLS LAST LIMIT 2;
SELECT id FROM ix WHERE a + 1 = 8;
SELECT id FROM ix WHERE a + 1 > 2 AND a > 0 ORDER BY a + 1 DESC, lower(email) NULLS FIRST LIMIT 3;
SELECT id FROM ix WHERE (a > 5) = true;
SELECT id FROM ix WHERE a > 5;
---
id
3
SELECT 1
id
5
4
SELECT 2
id
2
1
4
5
3
SELECT 5
id
5
4
SELECT 2
id
4
SELECT 1
id
4
1
2
SELECT 3
id
4
SELECT 1
id
4
SELECT 1

SELECT l.id, r.id FROM ix l JOIN ix r ON lower(r.email) = lower(l.email) AND l.id <> r.id;
SELECT x.id, y.id FROM ix x JOIN ix y ON lower(y.email) = x.v || 'ob' WHERE x.id < 3;
UPDATE ix SET a = a + 100 WHERE lower(email) = 'carol' RETURNING id, a;
SELECT id FROM ix WHERE a + b = 103;
SELECT id FROM ix WHERE a + b = 3;
DELETE FROM ix WHERE lower(email) = 'dave' RETURNING id;
SELECT id FROM ix WHERE a + b = 0;
DROP INDEX ux2;
---
id|id
SELECT 0
id|id
SELECT 0
id|a
4|107
UPDATE 1
id
4
SELECT 1
id
SELECT 0
id
5
DELETE 1
id
SELECT 0
DROP INDEX

ALTER TABLE ix DROP COLUMN n;
ALTER TABLE ix RENAME COLUMN email TO mail;
ALTER TABLE ix RENAME TO iy;
SELECT indexdef FROM pg_indexes WHERE indexname IN ('ix_lower_expr_idx', 'ix_expr_lower_idx', 'ux') ORDER BY 1;
INSERT INTO iy VALUES (20, 'ALICE', 1, 1);
SELECT id FROM iy WHERE lower(mail) = 'alice';
ALTER TABLE iy ALTER COLUMN a TYPE bigint;
SELECT id FROM iy WHERE a + b = 103;
---
ALTER TABLE
ALTER TABLE
ALTER TABLE
indexdef
CREATE INDEX ix_expr_lower_idx ON public.iy USING btree (((a + 1)) DESC, lower(mail) NULLS FIRST) WHERE (a > 0)
CREATE INDEX ix_lower_expr_idx ON public.iy USING btree (lower(mail), ((a + b)))
CREATE UNIQUE INDEX ux ON public.iy USING btree (lower(mail))
SELECT 3
ERROR 23505: duplicate key value violates unique constraint "ux"
  detail: Key (lower(mail))=(alice) already exists.
  schema=public table=iy constraint=ux
id
2
SELECT 1
ALTER TABLE
id
4
SELECT 1

SELECT id FROM iy WHERE a + b = 103::bigint;
ALTER TABLE iy ALTER COLUMN mail TYPE int USING 1;
CREATE TABLE ly (LIKE iy INCLUDING ALL);
SELECT indexname FROM pg_indexes WHERE tablename = 'ly' AND indexname LIKE '%lower%' ORDER BY 1;
INSERT INTO ly (id, mail) VALUES (1, 'A'), (2, 'a');
INSERT INTO ly (id, mail) VALUES (1, 'A'), (2, 'b');
SELECT id FROM ly WHERE lower(mail) = 'a';
ALTER TABLE ly DROP COLUMN mail;
---
id
4
SELECT 1
ERROR 42883: function lower(integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
CREATE TABLE
indexname
ly_expr_lower_a_idx
ly_expr_lower_idx
ly_expr_lower_idx1
ly_lower_expr_idx
ly_lower_expr_idx1
ly_lower_idx
ly_lower_idx1
SELECT 7
ERROR 23505: duplicate key value violates unique constraint "ly_lower_idx1"
  detail: Key (lower(mail))=(a) already exists.
  schema=public table=ly constraint=ly_lower_idx1
INSERT 0 2
id
1
SELECT 1
ALTER TABLE

SELECT count(*) FROM pg_indexes WHERE tablename = 'ly' AND indexname LIKE '%lower%';
CREATE TABLE es (k int PRIMARY KEY, t text, f float8);
INSERT INTO es VALUES (1, 'one', 4), (2, 'two', 9), (3, 'three', -1);
CREATE INDEX ON es (sqrt(f));
DELETE FROM es WHERE k = 3;
CREATE INDEX ON es (sqrt(f));
INSERT INTO es VALUES (4, 'four', -4);
UPDATE es SET f = -9 WHERE k = 2;
---
count
1
SELECT 1
CREATE TABLE
INSERT 0 3
ERROR 2201F: cannot take square root of a negative number
DELETE 1
CREATE INDEX
ERROR 2201F: cannot take square root of a negative number
ERROR 2201F: cannot take square root of a negative number

SELECT k FROM es WHERE sqrt(f) >= 2.5;
CREATE UNIQUE INDEX ON es (length(t), k);
CREATE UNIQUE INDEX ON es (length(t));
CREATE TEMP TABLE tmp (a text);
CREATE UNIQUE INDEX ON tmp (upper(a));
INSERT INTO tmp VALUES ('x');
INSERT INTO tmp VALUES ('X');
CREATE TABLE gi (a text, low text GENERATED ALWAYS AS (lower(a)) STORED);
---
k
2
SELECT 1
CREATE INDEX
ERROR 23505: could not create unique index "es_length_idx"
  detail: Key (length(t))=(3) is duplicated.
  schema=public table=es constraint=es_length_idx
CREATE TABLE
CREATE INDEX
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "tmp_upper_idx"
  detail: Key (upper(a))=(X) already exists.
  schema=pg_temp_0 table=tmp constraint=tmp_upper_idx
CREATE TABLE

CREATE UNIQUE INDEX ON gi ((low || '!'));
INSERT INTO gi VALUES ('A');
INSERT INTO gi VALUES ('a');
UPDATE gi SET a = 'B' RETURNING low;
INSERT INTO gi VALUES ('a') RETURNING low;
SELECT low FROM gi WHERE low || '!' = 'b!';
---
CREATE INDEX
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "gi_expr_idx"
  detail: Key ((low || '!'))=(a!) already exists.
  schema=public table=gi constraint=gi_expr_idx
low
b
UPDATE 1
low
a
INSERT 0 1
low
b
SELECT 1
