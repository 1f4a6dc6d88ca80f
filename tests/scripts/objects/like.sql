# !open
# CREATE TABLE ... (LIKE ...). The answers are PostgreSQL 18's.

CREATE SEQUENCE q CACHE 1;
CREATE TABLE s (id int PRIMARY KEY, n int DEFAULT 5 NOT NULL, gone int, u text UNIQUE, i int GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5), k int DEFAULT nextval('q'), CONSTRAINT positive CHECK (n > 0));
ALTER TABLE s DROP COLUMN gone;
CREATE INDEX by_n ON s (n DESC, u);
CREATE UNIQUE INDEX only_k ON s (k);
COMMENT ON COLUMN s.n IS 'a number';
CREATE TABLE a (LIKE s);
INSERT INTO a VALUES (1, -1, 'x');
INSERT INTO a (id, n, i) VALUES (1, 1, 1);
INSERT INTO a (id, n) VALUES (2, 2);
CREATE TABLE b (first date, LIKE s INCLUDING ALL, last text DEFAULT 'l');
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'b' ORDER BY 1;
SELECT conname, contype FROM pg_constraint WHERE conrelid = 'b'::regclass AND contype <> 'n' ORDER BY 1;
INSERT INTO b (id, u) VALUES (1, 'x') RETURNING first, id, n, u, i, k > 0, last;
INSERT INTO b (id, n, u) VALUES (2, 0, 'y');
INSERT INTO b (id, u) VALUES (2, 'x');
INSERT INTO b (id, u, i) VALUES (3, 'z', 1);
INSERT INTO s (id) VALUES (1) RETURNING i;
SELECT col_description('b'::regclass, 3);
CREATE TABLE c (LIKE s INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS EXCLUDING IDENTITY);
SELECT conname FROM pg_constraint WHERE conrelid = 'c'::regclass AND contype <> 'n';
SELECT column_name, column_default IS NULL, is_nullable, is_identity FROM information_schema.columns WHERE table_name = 'c' ORDER BY ordinal_position;
CREATE VIEW v AS SELECT id, n + 1 AS m FROM s;
CREATE TABLE d (LIKE v INCLUDING ALL, PRIMARY KEY (id));
INSERT INTO d VALUES (1, 2) RETURNING *;
CREATE TABLE e (id int, LIKE s);
CREATE TABLE e (LIKE nosuch);
CREATE TEMP TABLE f (LIKE s INCLUDING DEFAULTS INCLUDING INDEXES);
INSERT INTO f (id, u, i) VALUES (1, 'a', 1), (2, 'a', 2);
CREATE ROLE app LOGIN;
GRANT CREATE ON SCHEMA public TO app;
b@app: CREATE TABLE mine (LIKE s);
---
CREATE SEQUENCE
CREATE TABLE
ALTER TABLE
CREATE INDEX
CREATE INDEX
COMMENT
CREATE TABLE
ERROR 23502: null value in column "i" of relation "a" violates not-null constraint
  detail: Failing row contains (1, -1, x, null, null).
  schema=public table=a column=i
INSERT 0 1
ERROR 23502: null value in column "i" of relation "a" violates not-null constraint
  detail: Failing row contains (2, 2, null, null, null).
  schema=public table=a column=i
CREATE TABLE
indexname|indexdef
b_k_idx|CREATE UNIQUE INDEX b_k_idx ON public.b USING btree (k)
b_n_u_idx|CREATE INDEX b_n_u_idx ON public.b USING btree (n DESC, u)
b_pkey|CREATE UNIQUE INDEX b_pkey ON public.b USING btree (id)
b_u_key|CREATE UNIQUE INDEX b_u_key ON public.b USING btree (u)
SELECT 4
conname|contype
b_pkey|p
b_u_key|u
positive|c
SELECT 3
first|id|n|u|i|?column?|last
NULL|1|5|x|100|t|l
INSERT 0 1
ERROR 23514: new row for relation "b" violates check constraint "positive"
  detail: Failing row contains (null, 2, 0, y, 105, 2, l).
  schema=public table=b constraint=positive
ERROR 23505: duplicate key value violates unique constraint "b_u_key"
  detail: Key (u)=(x) already exists.
  schema=public table=b constraint=b_u_key
ERROR 428C9: cannot insert a non-DEFAULT value into column "i"
  detail: Column "i" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.
i
100
INSERT 0 1
col_description
a number
SELECT 1
CREATE TABLE
conname
SELECT 0
column_name|?column?|is_nullable|is_identity
id|t|NO|NO
n|f|NO|NO
u|t|YES|NO
i|t|NO|NO
k|f|YES|NO
SELECT 5
CREATE VIEW
CREATE TABLE
id|m
1|2
INSERT 0 1
ERROR 42701: column "id" specified more than once
ERROR 42P01: relation "nosuch" does not exist
CREATE TABLE
ERROR 23505: duplicate key value violates unique constraint "f_u_key"
  detail: Key (u)=(a) already exists.
  schema=pg_temp_0 table=f constraint=f_u_key
CREATE ROLE
GRANT
b: ERROR 42501: permission denied for table s
