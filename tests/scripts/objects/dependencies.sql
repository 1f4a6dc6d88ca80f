# !open A schema and what depends on what is in it. The answers are PostgreSQL's, but for the order of the list of what depends on a schema.

CREATE SCHEMA s;
CREATE TABLE s.p (id serial PRIMARY KEY);
CREATE TABLE s.c (id int PRIMARY KEY, p int REFERENCES s.p);
CREATE TABLE outside (p int REFERENCES s.p, q int);
CREATE SEQUENCE s.alone;
ALTER TABLE outside ALTER q SET DEFAULT nextval('s.alone');
---
CREATE SCHEMA
CREATE TABLE
CREATE TABLE
CREATE TABLE
CREATE SEQUENCE
ALTER TABLE

CREATE VIEW s.v AS SELECT * FROM s.p;
CREATE VIEW o AS SELECT * FROM s.v;
DROP SCHEMA s;
DROP TABLE s.p;
DROP SCHEMA s CASCADE;
INSERT INTO outside VALUES (5);
---
CREATE VIEW
CREATE VIEW
ERROR 2BP01: cannot drop schema s because other objects depend on it
  detail: table s.p depends on schema s
constraint outside_p_fkey on table outside depends on table s.p
view s.v depends on table s.p
view o depends on view s.v
table s.c depends on schema s
sequence s.alone depends on schema s
default value for column q of table outside depends on sequence s.alone
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop table s.p because other objects depend on it
  detail: constraint c_p_fkey on table s.c depends on table s.p
constraint outside_p_fkey on table outside depends on table s.p
view s.v depends on table s.p
view o depends on view s.v
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: drop cascades to 7 other objects
DROP SCHEMA
INSERT 0 1

SELECT * FROM outside;
SELECT relname FROM pg_class WHERE relname IN ('p', 'c', 'p_id_seq', 'alone', 'v', 'o');
SELECT conname FROM pg_constraint WHERE contype = 'f';
---
p|q
5|NULL
SELECT 1
relname
SELECT 0
conname
SELECT 0
