# !open Foreign keys that are deferred, added later, under upserts and joined changes. The answers are PostgreSQL's, but a COMMIT that fails in a statement's own transaction comes after its tag.

# Deferred constraints
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE, q int REFERENCES p DEFERRABLE INITIALLY DEFERRED);
INSERT INTO c VALUES (1, 1, NULL);
INSERT INTO c VALUES (1, NULL, 1);
BEGIN;
INSERT INTO c VALUES (1, NULL, 1);
---
CREATE TABLE
CREATE TABLE
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(1) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
INSERT 0 1
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_q_fkey"
  detail: Key (q)=(1) is not present in table "p".
  schema=public table=c constraint=c_q_fkey
BEGIN
INSERT 0 1

INSERT INTO p VALUES (1);
COMMIT;
BEGIN;
INSERT INTO c VALUES (2, NULL, 2);
COMMIT;
BEGIN;
---
INSERT 0 1
COMMIT
BEGIN
INSERT 0 1
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_q_fkey"
  detail: Key (q)=(2) is not present in table "p".
  schema=public table=c constraint=c_q_fkey
BEGIN

SET CONSTRAINTS ALL DEFERRED;
INSERT INTO c VALUES (2, 2, NULL);
DELETE FROM c WHERE id = 2;
COMMIT;
BEGIN;
SET CONSTRAINTS c_p_fkey DEFERRED;
---
SET CONSTRAINTS
INSERT 0 1
DELETE 1
COMMIT
BEGIN
SET CONSTRAINTS

INSERT INTO c VALUES (2, 2, NULL);
SET CONSTRAINTS c_p_fkey IMMEDIATE;
ROLLBACK;
BEGIN;
SET CONSTRAINTS c_q_fkey IMMEDIATE;
INSERT INTO c VALUES (2, NULL, 2);
---
INSERT 0 1
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(2) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
ROLLBACK
BEGIN
SET CONSTRAINTS
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_q_fkey"
  detail: Key (q)=(2) is not present in table "p".
  schema=public table=c constraint=c_q_fkey

ROLLBACK;
BEGIN;
DELETE FROM p WHERE id = 1;
INSERT INTO p VALUES (1);
COMMIT;
BEGIN;
---
ROLLBACK
BEGIN
DELETE 1
INSERT 0 1
COMMIT
BEGIN

DELETE FROM p WHERE id = 1;
COMMIT;
BEGIN;
DELETE FROM p WHERE id = 1;
UPDATE c SET q = NULL;
COMMIT;
---
DELETE 1
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_q_fkey" on table "c"
  detail: Key (id)=(1) is still referenced from table "c".
  schema=public table=c constraint=c_q_fkey
BEGIN
DELETE 1
UPDATE 1
COMMIT

BEGIN;
INSERT INTO c VALUES (3, NULL, 3);
SAVEPOINT s;
INSERT INTO c VALUES (4, NULL, 4);
ROLLBACK TO s;
INSERT INTO p VALUES (3);
---
BEGIN
INSERT 0 1
SAVEPOINT
INSERT 0 1
ROLLBACK
INSERT 0 1

COMMIT;
SELECT * FROM c ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS nothing DEFERRED;
---
COMMIT
id|p|q
1|NULL|NULL
3|NULL|3
SELECT 2
WARNING: SET CONSTRAINTS can only be used in transaction blocks
SET CONSTRAINTS
WARNING: SET CONSTRAINTS can only be used in transaction blocks
ERROR 42704: constraint "nothing" does not exist

# Added later
CREATE TABLE e (id int PRIMARY KEY, p int);
INSERT INTO e VALUES (1, 3), (2, 99), (3, NULL);
ALTER TABLE e ADD CONSTRAINT e_p FOREIGN KEY (p) REFERENCES p;
ALTER TABLE e ADD CONSTRAINT e_p FOREIGN KEY (p) REFERENCES p NOT VALID;
INSERT INTO e VALUES (4, 98);
UPDATE e SET p = 99 WHERE id = 2;
---
CREATE TABLE
INSERT 0 3
ERROR 23503: insert or update on table "e" violates foreign key constraint "e_p"
  detail: Key (p)=(99) is not present in table "p".
  schema=public table=e constraint=e_p
ALTER TABLE
ERROR 23503: insert or update on table "e" violates foreign key constraint "e_p"
  detail: Key (p)=(98) is not present in table "p".
  schema=public table=e constraint=e_p
UPDATE 1

UPDATE e SET p = 98 WHERE id = 2;
SELECT convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'e_p';
ALTER TABLE e VALIDATE CONSTRAINT e_p;
DELETE FROM e WHERE id = 2;
ALTER TABLE e VALIDATE CONSTRAINT e_p;
SELECT convalidated FROM pg_constraint WHERE conname = 'e_p';
---
ERROR 23503: insert or update on table "e" violates foreign key constraint "e_p"
  detail: Key (p)=(98) is not present in table "p".
  schema=public table=e constraint=e_p
convalidated|pg_get_constraintdef
f|FOREIGN KEY (p) REFERENCES p(id) NOT VALID
SELECT 1
ERROR 23503: insert or update on table "e" violates foreign key constraint "e_p"
  detail: Key (p)=(99) is not present in table "p".
  schema=public table=e constraint=e_p
DELETE 1
ALTER TABLE
convalidated
t
SELECT 1

ALTER TABLE e RENAME CONSTRAINT e_p TO ee;
ALTER TABLE e ALTER CONSTRAINT ee DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE e ADD CONSTRAINT ee FOREIGN KEY (p) REFERENCES p;
COMMENT ON CONSTRAINT ee ON e IS 'refers';
SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'ee';
ALTER TABLE e RENAME COLUMN p TO pp;
---
ALTER TABLE
ALTER TABLE
ERROR 42710: constraint "ee" for relation "e" already exists
COMMENT
obj_description
refers
SELECT 1
ALTER TABLE

ALTER TABLE p RENAME TO parents;
INSERT INTO e VALUES (7, 77);
ALTER TABLE e DROP CONSTRAINT ee;
INSERT INTO e VALUES (7, 77);
ALTER TABLE e ADD COLUMN more int REFERENCES parents;
UPDATE e SET more = 5;
---
ALTER TABLE
INSERT 0 1
ERROR 23503: insert or update on table "e" violates foreign key constraint "ee"
  detail: Key (pp)=(77) is not present in table "parents".
  schema=public table=e constraint=ee
ALTER TABLE
INSERT 0 1
ALTER TABLE
ERROR 23503: insert or update on table "e" violates foreign key constraint "e_more_fkey"
  detail: Key (more)=(5) is not present in table "parents".
  schema=public table=e constraint=e_more_fkey

ALTER TABLE e DROP COLUMN more;
DROP TABLE parents;
DROP TABLE c;
DROP TABLE parents;
---
ALTER TABLE
ERROR 2BP01: cannot drop table parents because other objects depend on it
  detail: constraint c_p_fkey on table c depends on table parents
constraint c_q_fkey on table c depends on table parents
  hint: Use DROP ... CASCADE to drop the dependent objects too.
DROP TABLE
DROP TABLE

# Upserts, RETURNING, joined changes, several rows of one key
CREATE TABLE p (id bigint PRIMARY KEY, note text);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
INSERT INTO p SELECT g, 'p' || g FROM generate_series(1, 300) g;
INSERT INTO c SELECT g, g % 300 + 1 FROM generate_series(1, 1000) g;
INSERT INTO c VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET p = excluded.p + 1000;
INSERT INTO c VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET p = excluded.p + 1 RETURNING *;
---
CREATE TABLE
CREATE TABLE
INSERT 0 300
INSERT 0 1000
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(1005) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
id|p
1|6
INSERT 0 1

INSERT INTO c VALUES (1, 5000) ON CONFLICT (id) DO NOTHING;
DELETE FROM p WHERE id <= 290 RETURNING id > 0 AS gone LIMIT 1;
DELETE FROM p WHERE id <= 290;
SELECT count(*), min(p), max(p) FROM c;
UPDATE c SET p = p.id - 1 FROM p WHERE c.p = p.id AND p.id = 291;
DELETE FROM p USING c WHERE c.p = p.id AND c.id % 2 = 0;
---
INSERT 0 0
ERROR 42601: syntax error at or near "LIMIT"
DELETE 290
count|min|max
30|291|300
SELECT 1
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(290) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
DELETE 5

SELECT count(*) FROM c;
BEGIN;
DELETE FROM p WHERE id = 293;
INSERT INTO c VALUES (5001, 293);
ROLLBACK;
BEGIN;
---
count
15
SELECT 1
BEGIN
DELETE 0
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(293) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
ROLLBACK
BEGIN

INSERT INTO p VALUES (1000, 'new');
INSERT INTO c VALUES (5001, 1000);
DELETE FROM p WHERE id = 1000;
SELECT * FROM c WHERE id = 5001;
COMMIT;
CREATE TABLE big (id int PRIMARY KEY, p bigint);
---
INSERT 0 1
INSERT 0 1
DELETE 1
id|p
SELECT 0
COMMIT
CREATE TABLE

INSERT INTO big VALUES (1, 5000000000);
CREATE TABLE small (id int PRIMARY KEY);
ALTER TABLE big ADD FOREIGN KEY (p) REFERENCES small;
CREATE TABLE num (id numeric PRIMARY KEY);
INSERT INTO num VALUES (1.0), (2.5);
CREATE TABLE inum (n int REFERENCES num ON UPDATE CASCADE);
---
INSERT 0 1
CREATE TABLE
ERROR 23503: insert or update on table "big" violates foreign key constraint "big_p_fkey"
  detail: Key (p)=(5000000000) is not present in table "small".
  schema=public table=big constraint=big_p_fkey
CREATE TABLE
INSERT 0 2
CREATE TABLE

INSERT INTO inum VALUES (1);
INSERT INTO inum VALUES (2);
DELETE FROM num WHERE id = 2.5;
DELETE FROM num WHERE id = 1;
UPDATE num SET id = 5 WHERE id = 1;
SELECT * FROM inum;
---
INSERT 0 1
ERROR 23503: insert or update on table "inum" violates foreign key constraint "inum_n_fkey"
  detail: Key (n)=(2) is not present in table "num".
  schema=public table=inum constraint=inum_n_fkey
DELETE 1
ERROR 23503: update or delete on table "num" violates foreign key constraint "inum_n_fkey" on table "inum"
  detail: Key (id)=(1.0) is still referenced from table "inum".
  schema=public table=inum constraint=inum_n_fkey
UPDATE 1
n
5
SELECT 1

CREATE TABLE h (p int REFERENCES p, x text);
INSERT INTO h VALUES (NULL, 'a'), (295, 'b');
INSERT INTO h VALUES (1, 'c');
DELETE FROM p WHERE id = 295;
DELETE FROM h WHERE x = 'b';
---
CREATE TABLE
ERROR 23503: insert or update on table "h" violates foreign key constraint "h_p_fkey"
  detail: Key (p)=(295) is not present in table "p".
  schema=public table=h constraint=h_p_fkey
ERROR 23503: insert or update on table "h" violates foreign key constraint "h_p_fkey"
  detail: Key (p)=(1) is not present in table "p".
  schema=public table=h constraint=h_p_fkey
DELETE 0
DELETE 0

# What a statement that failed has noted is nobody's business after ROLLBACK TO
CREATE TABLE sp (id int PRIMARY KEY, q int, r int, UNIQUE (q, r));
CREATE TABLE sc (id int PRIMARY KEY, p int REFERENCES sp ON UPDATE CASCADE ON DELETE CASCADE, q int, r int, FOREIGN KEY (q, r) REFERENCES sp (q, r) MATCH FULL);
INSERT INTO sp VALUES (1), (2), (3);
INSERT INTO sc VALUES (1, 1);
BEGIN;
SAVEPOINT a;
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 1
BEGIN
SAVEPOINT

UPDATE sp SET id = CASE id WHEN 1 THEN 10 ELSE 3 END WHERE id < 3;
ROLLBACK TO a;
INSERT INTO sc VALUES (2, 2);
INSERT INTO sc VALUES (3, 2, 5, NULL);
ROLLBACK TO a;
INSERT INTO sc VALUES (2, 2);
---
ERROR 23505: duplicate key value violates unique constraint "sp_pkey"
  detail: Key (id)=(3) already exists.
  schema=public table=sp constraint=sp_pkey
ROLLBACK
INSERT 0 1
ERROR 23503: insert or update on table "sc" violates foreign key constraint "sc_q_r_fkey"
  detail: MATCH FULL does not allow mixing of null and nonnull key values.
  schema=public table=sc constraint=sc_q_r_fkey
ROLLBACK
INSERT 0 1

COMMIT;
SELECT * FROM sc ORDER BY id;
---
COMMIT
id|p|q|r
1|1|NULL|NULL
2|2|NULL|NULL
SELECT 2
