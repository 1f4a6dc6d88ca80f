# !open
# Who may do what with domains: USAGE of a type is for who makes something of it; its owner changes it.

CREATE ROLE maker LOGIN;
CREATE ROLE owner LOGIN;
GRANT CREATE ON SCHEMA public TO maker;
GRANT CREATE ON SCHEMA public TO owner;
b@owner: CREATE DOMAIN rate AS numeric(4,2) CHECK (VALUE >= 0);
c@maker: CREATE TABLE one (r rate);
c@maker: ALTER DOMAIN rate SET DEFAULT 1;
c@maker: DROP DOMAIN rate;
b@owner: REVOKE USAGE ON DOMAIN rate FROM PUBLIC;
c@maker: CREATE TABLE two (r rate);
c@maker: CREATE DOMAIN rate2 AS rate;
c@maker: ALTER TABLE one ADD COLUMN s rate;
c@maker: CREATE TABLE two (LIKE one);
c@maker: INSERT INTO one VALUES (-1);
c@maker: SELECT 1::rate;
SELECT typacl, has_type_privilege('maker', 'rate', 'USAGE') FROM pg_type WHERE typname = 'rate';
b@owner: GRANT USAGE ON TYPE rate TO maker;
c@maker: CREATE TABLE two (r rate);
SELECT typacl, has_type_privilege('maker', 'rate', 'USAGE') FROM pg_type WHERE typname = 'rate';
DROP ROLE owner;
ALTER DOMAIN rate OWNER TO maker;
b@owner: ALTER DOMAIN rate DROP DEFAULT;
c@maker: ALTER DOMAIN rate SET DEFAULT 2;
c@maker: INSERT INTO one DEFAULT VALUES;
c@maker: SELECT * FROM one;
c@maker: ALTER DOMAIN rate ADD CHECK (VALUE < 1);
REVOKE CREATE ON SCHEMA public FROM maker;
c@maker: ALTER DOMAIN rate RENAME TO rated;
c@maker: ALTER DOMAIN rated RENAME TO rate;
c@maker: DROP DOMAIN rate CASCADE;
c@maker: SELECT * FROM one;
---
CREATE ROLE
CREATE ROLE
GRANT
GRANT
b: CREATE DOMAIN
c: CREATE TABLE
c: ERROR 42501: must be owner of type rate
c: ERROR 42501: must be owner of type rate
b: REVOKE
c: ERROR 42501: permission denied for type rate
c: ERROR 42501: permission denied for type rate
c: ERROR 42501: permission denied for type rate
c: ERROR 42501: permission denied for type rate
c: ERROR 23514: value for domain rate violates check constraint "rate_check"
c:   schema=public constraint=rate_check
c: rate
c: 1.00
c: SELECT 1
typacl|has_type_privilege
{owner=U/owner}|f
SELECT 1
b: GRANT
c: CREATE TABLE
typacl|has_type_privilege
{owner=U/owner,maker=U/owner}|t
SELECT 1
ERROR 2BP01: role "owner" cannot be dropped because some objects depend on it
  detail: owner of type rate
privileges for schema public
ALTER DOMAIN
b: ERROR 42501: must be owner of type rate
c: ALTER DOMAIN
c: INSERT 0 1
c: r
c: 2.00
c: SELECT 1
c: ERROR 23514: column "r" of table "one" contains values that violate the new constraint
c:   schema=public table=one column=r
REVOKE
c: ALTER DOMAIN
c: ALTER DOMAIN
c: NOTICE: drop cascades to 2 other objects
c: DROP DOMAIN
c: SELECT 1
