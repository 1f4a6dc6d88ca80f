# !open
# Domains, as PostgreSQL 18 has them (python -m tests.sql.scripts_oracle).

CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN email AS varchar(20) DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE LIKE '%@%') CHECK (length(VALUE) > 2);
CREATE DOMAIN positive AS int;
CREATE DOMAIN small AS positive CHECK (VALUE < 100);
CREATE DOMAIN bad AS nosuch;
CREATE DOMAIN bad AS int CHECK (x > 1);
CREATE DOMAIN bad AS int DEFAULT 'x';
CREATE DOMAIN bad AS int CHECK (VALUE + 1);
CREATE DOMAIN bad AS int UNIQUE;
CREATE DOMAIN bad AS int NULL NOT NULL;
SELECT 1::positive, '7'::positive, NULL::positive, 5::small, 'x@yz'::email;
SELECT -1::positive;
SELECT (-1)::positive;
SELECT 200::small;
SELECT (0)::small;
SELECT NULL::email;
SELECT 'nope'::email;
SELECT 'x'::positive;
SELECT '0123456789@0123456789xyz'::email;
SELECT CAST(x AS positive) FROM (VALUES (1), (0)) v (x);
SELECT x::positive + 1 FROM (VALUES (1), (2)) v (x) WHERE x::positive > 1;
---
CREATE DOMAIN
CREATE DOMAIN
ERROR 42710: type "positive" already exists
CREATE DOMAIN
ERROR 42704: type "nosuch" does not exist
ERROR 42703: column "x" does not exist
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42804: argument of CHECK must be type boolean, not type integer
ERROR 42601: unique constraints not possible for domains
ERROR 42601: conflicting NULL/NOT NULL constraints
positive|positive|positive|small|email
1|7|NULL|5|x@yz
SELECT 1
?column?
-1
SELECT 1
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
ERROR 23514: value for domain small violates check constraint "small_check"
  constraint=small_check
ERROR 23514: value for domain small violates check constraint "positive_check"
  constraint=positive_check
ERROR 23502: domain email does not allow null values
ERROR 23514: value for domain email violates check constraint "has_at"
  constraint=has_at
ERROR 22P02: invalid input syntax for type integer: "x"
email
0123456789@012345678
SELECT 1
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
?column?
3
SELECT 1

CREATE TABLE people (id int PRIMARY KEY, mail email, age positive, n small DEFAULT 3);
INSERT INTO people (id, age) VALUES (1, 30);
INSERT INTO people VALUES (2, 'c@d', NULL, 7), (3, 'e@f', 1, 99);
SELECT * FROM people ORDER BY id;
INSERT INTO people (id, age) VALUES (4, 0);
INSERT INTO people (id, n) VALUES (4, 100);
INSERT INTO people (id, mail) VALUES (4, NULL);
INSERT INTO people (id, mail) VALUES (4, 'none');
INSERT INTO people (id, mail) VALUES (4, '0123456789@0123456789');
INSERT INTO people (id, mail) SELECT 4, 'none' FROM people WHERE id = 1;
INSERT INTO people VALUES (1, 'x@y', 5) ON CONFLICT (id) DO UPDATE SET age = 0;
INSERT INTO people VALUES (1, 'xy', 5) ON CONFLICT (id) DO NOTHING;
UPDATE people SET age = age - 1 WHERE id = 3;
UPDATE people SET age = age + 1 WHERE id = 3 RETURNING age;
UPDATE people SET mail = DEFAULT WHERE id = 2 RETURNING mail;
MERGE INTO people p USING (VALUES (1), (9)) v (id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET age = -5 WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);
MERGE INTO people p USING (VALUES (1), (9)) v (id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET age = 5 WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);
SELECT * FROM people ORDER BY id;
SELECT * FROM people WHERE age = 5 ORDER BY mail, id;
---
CREATE TABLE
INSERT 0 1
INSERT 0 2
id|mail|age|n
1|a@b|30|3
2|c@d|NULL|7
3|e@f|1|99
SELECT 3
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
ERROR 23514: value for domain small violates check constraint "small_check"
  constraint=small_check
ERROR 23502: domain email does not allow null values
ERROR 23514: value for domain email violates check constraint "has_at"
  constraint=has_at
ERROR 22001: value too long for type character varying(20)
ERROR 23514: value for domain email violates check constraint "has_at"
  constraint=has_at
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
ERROR 23514: value for domain email violates check constraint "email_check"
  constraint=email_check
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
age
2
UPDATE 1
mail
a@b
UPDATE 1
ERROR 23514: value for domain positive violates check constraint "positive_check"
  constraint=positive_check
MERGE 2
id|mail|age|n
1|a@b|5|3
2|a@b|NULL|7
3|e@f|2|99
9|a@b|NULL|3
SELECT 4
id|mail|age|n
1|a@b|5|3
SELECT 1

SELECT t.typname, t.typtype, b.typname, t.typtypmod, t.typnotnull, t.typdefault, t.typlen, t.typcategory FROM pg_type t JOIN pg_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd' AND t.typnamespace = 'public'::regnamespace ORDER BY 1;
SELECT conname, contype, contypid::regtype, conrelid, convalidated, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE contypid <> 0 AND connamespace = 'public'::regnamespace ORDER BY 1;
SELECT domain_schema, domain_name, data_type, character_maximum_length, numeric_precision, domain_default, udt_schema, udt_name FROM information_schema.domains WHERE domain_schema = 'public' ORDER BY 2;
SELECT constraint_name, domain_name FROM information_schema.domain_constraints WHERE domain_schema = 'public' ORDER BY 1;
SELECT column_name, data_type, domain_schema, domain_name, udt_name, column_default, is_nullable FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position;
SELECT domain_name, table_name, column_name FROM information_schema.column_domain_usage WHERE domain_schema = 'public' ORDER BY 3;
SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = 'public' AND constraint_name IN ('has_at', 'small_check', 'positive_check') ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod), atttypid::regtype, atttypmod, attnotnull, atthasdef FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0 ORDER BY attnum;
SELECT 'positive'::regtype, 'email'::regtype::oid = (SELECT oid FROM pg_type WHERE typname = 'email'), to_regtype('nosuch');
SELECT pg_type_is_visible('small'::regtype), pg_typeof(3::small), pg_typeof(3::small + 1);
---
typname|typtype|typname|typtypmod|typnotnull|typdefault|typlen|typcategory
email|d|varchar|24|t|'a@b'::character varying|-1|S
positive|d|int4|-1|f|NULL|4|N
small|d|positive|-1|f|NULL|4|N
SELECT 3
conname|contype|contypid|conrelid|convalidated|pg_get_constraintdef|pg_get_constraintdef
email_check|c|email|0|t|CHECK ((length(VALUE) > 2))|CHECK (length(VALUE) > 2)
has_at|c|email|0|t|CHECK ((VALUE LIKE '%@%'))|CHECK (VALUE LIKE '%@%')
positive_check|c|positive|0|t|CHECK ((VALUE > 0))|CHECK (VALUE > 0)
small_check|c|small|0|t|CHECK ((VALUE < 100))|CHECK (VALUE < 100)
SELECT 4
domain_schema|domain_name|data_type|character_maximum_length|numeric_precision|domain_default|udt_schema|udt_name
public|email|character varying|20|NULL|'a@b'::character varying|pg_catalog|varchar
public|positive|integer|NULL|32|NULL|pg_catalog|int4
public|small|USER-DEFINED|NULL|NULL|NULL|public|positive
SELECT 3
constraint_name|domain_name
email_check|email
has_at|email
positive_check|positive
small_check|small
SELECT 4
column_name|data_type|domain_schema|domain_name|udt_name|column_default|is_nullable
id|integer|NULL|NULL|int4|NULL|NO
mail|character varying|public|email|varchar|NULL|NO
age|integer|public|positive|int4|NULL|YES
n|USER-DEFINED|public|small|positive|3|YES
SELECT 4
domain_name|table_name|column_name
positive|people|age
email|people|mail
small|people|n
SELECT 3
constraint_name|check_clause
has_at|(VALUE LIKE '%@%')
positive_check|(VALUE > 0)
small_check|(VALUE < 100)
SELECT 3
attname|format_type|atttypid|atttypmod|attnotnull|atthasdef
id|integer|integer|-1|t|f
mail|email|email|-1|f|f
age|positive|positive|-1|f|f
n|small|small|-1|f|t
SELECT 4
regtype|?column?|to_regtype
positive|t|NULL
SELECT 1
pg_type_is_visible|pg_typeof|pg_typeof
t|small|integer
SELECT 1

ALTER DOMAIN positive ADD CONSTRAINT odd CHECK (VALUE % 2 = 1);
ALTER DOMAIN positive ADD CONSTRAINT odd CHECK (VALUE % 2 = 1) NOT VALID;
INSERT INTO people (id, age) VALUES (5, 2);
ALTER DOMAIN positive VALIDATE CONSTRAINT odd;
UPDATE people SET age = 31 WHERE age IS NOT NULL;
ALTER DOMAIN positive VALIDATE CONSTRAINT odd;
UPDATE people SET n = 5;
ALTER DOMAIN positive VALIDATE CONSTRAINT odd;
ALTER DOMAIN positive RENAME CONSTRAINT odd TO is_odd;
INSERT INTO people (id, age) VALUES (5, 2);
ALTER DOMAIN positive DROP CONSTRAINT nosuch;
ALTER DOMAIN positive DROP CONSTRAINT IF EXISTS nosuch;
ALTER DOMAIN positive DROP CONSTRAINT is_odd;
INSERT INTO people (id, age) VALUES (5, 2);
ALTER DOMAIN positive SET NOT NULL;
ALTER DOMAIN positive SET DEFAULT 12;
INSERT INTO people (id) VALUES (6);
ALTER DOMAIN positive DROP DEFAULT;
INSERT INTO people (id) VALUES (7);
SELECT id, age, n FROM people ORDER BY id;
UPDATE people SET age = 1 WHERE age IS NULL;
ALTER DOMAIN positive SET NOT NULL;
INSERT INTO people (id) VALUES (8);
ALTER DOMAIN positive DROP NOT NULL;
ALTER DOMAIN positive RENAME TO above_zero;
SELECT 0::above_zero;
SELECT 1::positive;
CREATE SCHEMA other;
ALTER DOMAIN above_zero SET SCHEMA other;
INSERT INTO people (id, age) VALUES (10, 0);
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attname = 'age';
ALTER DOMAIN other.above_zero SET SCHEMA public;
ALTER DOMAIN nosuch SET NOT NULL;
ALTER DOMAIN int4 SET NOT NULL;
---
ERROR 23514: column "age" of table "people" contains values that violate the new constraint
  schema=public table=people column=age
ALTER DOMAIN
ERROR 23514: value for domain positive violates check constraint "odd"
  constraint=odd
ERROR 23514: column "age" of table "people" contains values that violate the new constraint
  schema=public table=people column=age
UPDATE 2
ALTER DOMAIN
UPDATE 4
ALTER DOMAIN
ALTER DOMAIN
ERROR 23514: value for domain positive violates check constraint "is_odd"
  constraint=is_odd
ERROR 42704: constraint "nosuch" of domain "positive" does not exist
NOTICE: constraint "nosuch" of domain "positive" does not exist, skipping
ALTER DOMAIN
ALTER DOMAIN
INSERT 0 1
ERROR 23502: column "age" of table "people" contains null values
  schema=public table=people column=age
ALTER DOMAIN
INSERT 0 1
ALTER DOMAIN
INSERT 0 1
id|age|n
1|31|5
2|NULL|5
3|31|5
5|2|3
6|12|3
7|NULL|3
9|NULL|5
SELECT 7
UPDATE 3
ALTER DOMAIN
ERROR 23502: domain positive does not allow null values
ALTER DOMAIN
ALTER DOMAIN
ERROR 23514: value for domain above_zero violates check constraint "positive_check"
  constraint=positive_check
ERROR 42704: type "positive" does not exist
CREATE SCHEMA
ALTER DOMAIN
ERROR 23514: value for domain other.above_zero violates check constraint "positive_check"
  constraint=positive_check
format_type
other.above_zero
SELECT 1
ALTER DOMAIN
ERROR 42704: type "nosuch" does not exist
ERROR 42809: integer is not a domain

COMMENT ON DOMAIN above_zero IS 'more than nothing';
COMMENT ON CONSTRAINT positive_check ON DOMAIN above_zero IS 'so it is';
SELECT obj_description('above_zero'::regtype, 'pg_type');
SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'positive_check';
ALTER TABLE people ADD COLUMN score above_zero;
ALTER TABLE people ADD COLUMN work email;
ALTER TABLE people ADD COLUMN must small NOT NULL;
SELECT id, work FROM people WHERE id < 3 ORDER BY id;
ALTER TABLE people ALTER COLUMN score TYPE int;
UPDATE people SET score = 0;
ALTER TABLE people ALTER COLUMN score TYPE above_zero;
UPDATE people SET score = 1;
ALTER TABLE people ALTER COLUMN score TYPE above_zero;
UPDATE people SET score = 0;
CREATE TABLE bounds (lo int DEFAULT 1::above_zero CHECK (lo::small > 2), hi above_zero PRIMARY KEY);
INSERT INTO bounds VALUES (2, 1);
INSERT INTO bounds VALUES (3, 0);
INSERT INTO bounds VALUES (3, 1);
CREATE VIEW casted AS SELECT id::above_zero AS pos FROM people;
SELECT count(*) FROM casted;
ALTER DOMAIN above_zero RENAME TO plus;
SELECT pg_get_viewdef('casted'::regclass);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'bounds_lo_check';
SELECT column_default FROM information_schema.columns WHERE table_name = 'bounds' AND column_name = 'lo';
SELECT count(*) FROM casted;
---
COMMENT
COMMENT
obj_description
more than nothing
SELECT 1
obj_description
so it is
SELECT 1
ALTER TABLE
ALTER TABLE
ERROR 23502: column "must" of relation "people" contains null values
  schema=public table=people column=must
id|work
1|a@b
2|a@b
SELECT 2
ALTER TABLE
UPDATE 7
ERROR 23514: value for domain above_zero violates check constraint "positive_check"
  constraint=positive_check
UPDATE 7
ALTER TABLE
ERROR 23514: value for domain above_zero violates check constraint "positive_check"
  constraint=positive_check
CREATE TABLE
ERROR 23514: new row for relation "bounds" violates check constraint "bounds_lo_check"
  detail: Failing row contains (2, 1).
  schema=public table=bounds constraint=bounds_lo_check
ERROR 23514: value for domain above_zero violates check constraint "positive_check"
  constraint=positive_check
INSERT 0 1
CREATE VIEW
count
7
SELECT 1
ALTER DOMAIN
pg_get_viewdef
 SELECT CAST(id AS plus) AS pos
   FROM people;
SELECT 1
pg_get_constraintdef
CHECK ((CAST(lo AS small) > 2))
SELECT 1
column_default
CAST(1 AS plus)
SELECT 1
count
7
SELECT 1

DROP DOMAIN plus;
DROP DOMAIN email;
DROP DOMAIN IF EXISTS nosuch;
DROP DOMAIN nosuch;
DROP DOMAIN email CASCADE;
SELECT * FROM people WHERE id = 1;
DROP DOMAIN int4;
CREATE TABLE email (a int);
CREATE DOMAIN email AS text;
DROP SCHEMA other CASCADE;
---
ERROR 2BP01: cannot drop type plus because other objects depend on it
  detail: type small depends on type plus
column n of table people depends on type small
constraint bounds_lo_check on table bounds depends on type small
column age of table people depends on type plus
column score of table people depends on type plus
column hi of table bounds depends on type plus
default value for column lo of table bounds depends on type plus
view casted depends on type plus
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop type email because other objects depend on it
  detail: column mail of table people depends on type email
column work of table people depends on type email
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: type "nosuch" does not exist, skipping
DROP DOMAIN
ERROR 42704: type "nosuch" does not exist
NOTICE: drop cascades to 2 other objects
DROP DOMAIN
id|age|n|score
1|31|5|1
SELECT 1
ERROR 42809: "int4" is not a domain
CREATE TABLE
ERROR 42710: type "email" already exists
DROP SCHEMA
