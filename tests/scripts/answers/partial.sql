# !open
# Answers that PostgreSQL 18 gives: partial.sql in tests/sql/statements.

CREATE TABLE pi (id int PRIMARY KEY, email text, tenant int, gone timestamp, published bool DEFAULT false, n int);
INSERT INTO pi VALUES (1, 'a', 1, NULL, true, 1), (2, 'a', 1, '2024-01-01', false, 2), (3, 'b', 1, NULL, false, 3);
CREATE UNIQUE INDEX pi_live ON pi (email) WHERE gone IS NULL;
CREATE INDEX pi_pub ON pi (n) WHERE published;
CREATE UNIQUE INDEX pi_both ON pi (tenant, n) WHERE pi.published;
INSERT INTO pi VALUES (4, 'a', 2, NULL, true, 4);
INSERT INTO pi VALUES (4, 'a', 2, '2024-02-02', true, 4), (5, 'a', 2, '2024-02-02', true, 5);
UPDATE pi SET gone = NULL WHERE id = 4;
---
CREATE TABLE
INSERT 0 3
CREATE INDEX
CREATE INDEX
CREATE INDEX
ERROR 23505: duplicate key value violates unique constraint "pi_live"
  detail: Key (email)=(a) already exists.
  schema=public table=pi constraint=pi_live
INSERT 0 2
ERROR 23505: duplicate key value violates unique constraint "pi_live"
  detail: Key (email)=(a) already exists.
  schema=public table=pi constraint=pi_live

UPDATE pi SET gone = '2024-03-03' WHERE id = 1;
UPDATE pi SET gone = NULL WHERE id = 4;
UPDATE pi SET gone = NULL WHERE id = 1;
SELECT id, n FROM pi WHERE published ORDER BY n;
SELECT id FROM pi WHERE published AND n = 4;
SELECT id FROM pi WHERE published AND n > 1 ORDER BY n DESC LIMIT 1;
SELECT id FROM pi WHERE n = 2;
SELECT id FROM pi WHERE email = 'a' AND gone IS NULL;
---
UPDATE 1
UPDATE 1
ERROR 23505: duplicate key value violates unique constraint "pi_live"
  detail: Key (email)=(a) already exists.
  schema=public table=pi constraint=pi_live
id|n
1|1
4|4
5|5
SELECT 3
id
4
SELECT 1
id
5
SELECT 1
id
2
SELECT 1
id
4
SELECT 1

SELECT id FROM pi WHERE email = 'a' ORDER BY id;
UPDATE pi SET published = true WHERE id = 2;
SELECT id FROM pi WHERE published AND n = 2;
UPDATE pi SET published = false WHERE id = 2;
SELECT id FROM pi WHERE published AND n = 2;
DELETE FROM pi WHERE id = 4 RETURNING email;
INSERT INTO pi VALUES (6, 'a', 3, NULL, NULL, 6);
INSERT INTO pi VALUES (7, 'a', 3, NULL, NULL, 6) ON CONFLICT (email) WHERE gone IS NULL DO UPDATE SET tenant = 99 RETURNING id, tenant;
---
id
1
2
4
5
SELECT 4
UPDATE 1
id
2
SELECT 1
UPDATE 1
id
SELECT 0
email
a
DELETE 1
INSERT 0 1
id|tenant
6|99
INSERT 0 1

INSERT INTO pi VALUES (7, 'a', 3, NULL, NULL, 6) ON CONFLICT (email) WHERE pi.gone IS NULL DO NOTHING RETURNING id;
INSERT INTO pi VALUES (7, 'a', 3, NULL, NULL, 6) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO pi VALUES (7, 'a', 3, NULL, NULL, 6) ON CONFLICT (email) DO NOTHING;
INSERT INTO pi VALUES (7, 'a', 3, NULL, NULL, 6) ON CONFLICT (email) WHERE tenant = 1 DO NOTHING;
INSERT INTO pi VALUES (6, 'z', 3, NULL, NULL, 6) ON CONFLICT (id) WHERE n > 0 DO UPDATE SET n = 60 RETURNING n;
SELECT pg_get_indexdef(indexrelid), pg_get_expr(indpred, indrelid) FROM pg_index WHERE indrelid = 'pi'::regclass AND indpred IS NOT NULL ORDER BY 1;
SELECT indexdef FROM pg_indexes WHERE tablename = 'pi' ORDER BY 1;
CREATE TABLE pr (email text REFERENCES pi (email));
---
id
INSERT 0 0
id
INSERT 0 0
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
n
60
INSERT 0 1
pg_get_indexdef|pg_get_expr
CREATE INDEX pi_pub ON public.pi USING btree (n) WHERE published|published
CREATE UNIQUE INDEX pi_both ON public.pi USING btree (tenant, n) WHERE published|published
CREATE UNIQUE INDEX pi_live ON public.pi USING btree (email) WHERE (gone IS NULL)|(gone IS NULL)
SELECT 3
indexdef
CREATE INDEX pi_pub ON public.pi USING btree (n) WHERE published
CREATE UNIQUE INDEX pi_both ON public.pi USING btree (tenant, n) WHERE published
CREATE UNIQUE INDEX pi_live ON public.pi USING btree (email) WHERE (gone IS NULL)
CREATE UNIQUE INDEX pi_pkey ON public.pi USING btree (id)
SELECT 4
ERROR 42830: there is no unique constraint matching given keys for referenced table "pi"

CREATE INDEX ON pi (n) WHERE now() > gone;
CREATE INDEX ON pi (n) WHERE n;
CREATE INDEX ON pi (n) WHERE nosuch > 1;
CREATE INDEX ON pi (n) WHERE n IN (SELECT 1);
CREATE INDEX ON pi (n) WHERE random() < 0.5;
INSERT INTO pi VALUES (8, 'q', 8, NULL, true, 8), (9, 'q', 8, now()::timestamp, true, 8);
CREATE UNIQUE INDEX pi_dup ON pi (tenant) WHERE email = 'a';
ALTER TABLE pi RENAME COLUMN gone TO deleted_at;
---
ERROR 42P17: functions in index predicate must be marked IMMUTABLE
ERROR 42804: argument of WHERE must be type boolean, not type integer
ERROR 42703: column "nosuch" does not exist
ERROR 0A000: cannot use subquery in index predicate
ERROR 42P17: functions in index predicate must be marked IMMUTABLE
ERROR 23505: duplicate key value violates unique constraint "pi_both"
  detail: Key (tenant, n)=(8, 8) already exists.
  schema=public table=pi constraint=pi_both
ERROR 23505: could not create unique index "pi_dup"
  detail: Key (tenant)=(1) is duplicated.
  schema=public table=pi constraint=pi_dup
ALTER TABLE

ALTER TABLE pi RENAME TO pj;
INSERT INTO pj VALUES (10, 'a', 1, NULL, true, 10);
INSERT INTO pj VALUES (10, 'a', 1, '2024-01-01', true, 10);
CREATE TABLE pk (LIKE pj INCLUDING ALL);
SELECT count(*), count(indpred) FROM pg_index WHERE indrelid = 'pk'::regclass;
INSERT INTO pk VALUES (1, 'a', 1, NULL), (2, 'a', 1, '2024-01-01');
INSERT INTO pk VALUES (3, 'a', 1, NULL);
ALTER TABLE pj DROP COLUMN deleted_at;
---
ALTER TABLE
ERROR 23505: duplicate key value violates unique constraint "pi_live"
  detail: Key (email)=(a) already exists.
  schema=public table=pj constraint=pi_live
INSERT 0 1
CREATE TABLE
count|count
4|3
SELECT 1
INSERT 0 2
ERROR 23505: duplicate key value violates unique constraint "pk_email_idx"
  detail: Key (email)=(a) already exists.
  schema=public table=pk constraint=pk_email_idx
ALTER TABLE

SELECT count(*) FROM pg_index WHERE indrelid = 'pj'::regclass;
INSERT INTO pj VALUES (11, 'a', 1, true, 11);
ALTER TABLE pj ALTER COLUMN n TYPE bigint;
SELECT id FROM pj WHERE published AND n > 4 ORDER BY n;
DROP INDEX pi_pub;
TRUNCATE pj;
SELECT id FROM pj WHERE published AND n = 4;
---
count
3
SELECT 1
INSERT 0 1
ALTER TABLE
id
5
10
11
SELECT 3
DROP INDEX
TRUNCATE TABLE
id
SELECT 0
