# Domains and functions under DSQL's rules: one DDL statement a transaction, SQL alone as the language.

CREATE DOMAIN rating AS smallint CHECK (VALUE BETWEEN 1 AND 5);
CREATE FUNCTION stars(rating) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT repeat('*', $1)$$;
CREATE TABLE reviews (id int PRIMARY KEY, r rating NOT NULL);
INSERT INTO reviews VALUES (1, 4);
INSERT INTO reviews VALUES (2, 6);
SELECT id, stars(r::rating) FROM reviews;
CREATE FUNCTION slow() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
BEGIN; CREATE DOMAIN one AS int; CREATE DOMAIN two AS int;
BEGIN; CREATE FUNCTION one() RETURNS int RETURN 1; INSERT INTO reviews VALUES (3, 3);
ALTER DOMAIN rating ADD CHECK (VALUE < 4);
ALTER DOMAIN rating ADD CHECK (VALUE < 4) NOT VALID;
INSERT INTO reviews VALUES (3, 4);
DROP DOMAIN rating;
---
CREATE DOMAIN
CREATE FUNCTION
CREATE TABLE
INSERT 0 1
ERROR 23514: value for domain rating violates check constraint "rating_check"
  constraint=rating_check
id|stars
1|****
SELECT 1
ERROR 42704: language "plpgsql" does not exist
ERROR 0A000: multiple ddl statements not supported in a transaction
ERROR 0A000: ddl and dml are not supported in the same transaction
ERROR 23514: column "r" of table "reviews" contains values that violate the new constraint
  schema=public table=reviews column=r
ALTER DOMAIN
ERROR 23514: value for domain rating violates check constraint "rating_check1"
  constraint=rating_check1
ERROR 2BP01: cannot drop type rating because other objects depend on it
  detail: column r of table reviews depends on type rating
function stars(rating) depends on type rating
  hint: Use DROP ... CASCADE to drop the dependent objects too.
