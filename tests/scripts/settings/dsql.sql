# What DSQL lets a session set, what it refuses, and what clients send when they connect.
SET application_name = 'x';
SET client_encoding = 'UTF8';
SET DateStyle = 'ISO';
SET extra_float_digits = 3;
SET IntervalStyle = iso_8601;
SET SESSION timezone TO 'UTC';
SET search_path = public;
SET enable_seqscan = off;
SET statement_timeout = '1s';
SET lock_timeout = '1s';
SET idle_in_transaction_session_timeout = '1s';
SET idle_session_timeout = '1s';
SET transaction_timeout = '1s';
SET work_mem = '64MB';
SET jit = on;
SET statement_timeout = 0;
RESET statement_timeout;
SET standard_conforming_strings = on;
SET client_min_messages TO warning;
SET default_transaction_isolation = 'repeatable read';
SET row_security = off;
SET bytea_output = hex;
SET jit = off;
---
SET
SET
SET
SET
SET
SET
SET
NOTICE: parameter "enable_seqscan" has no effect here
SET
ERROR 0A000: setting configuration parameter "statement_timeout" not supported
ERROR 0A000: setting configuration parameter "lock_timeout" not supported
ERROR 0A000: setting configuration parameter "idle_in_transaction_session_timeout" not supported
ERROR 0A000: setting configuration parameter "idle_session_timeout" not supported
ERROR 0A000: setting configuration parameter "transaction_timeout" not supported
ERROR 0A000: setting configuration parameter "work_mem" not supported
ERROR 0A000: setting configuration parameter "jit" not supported
  detail: The only value that is supported is "off".
SET
RESET
SET
SET
SET
SET
SET
SET

# A role's settings: those that a session may set.
ALTER ROLE admin SET statement_timeout = '1s';
ALTER ROLE admin SET lock_timeout = '1s';
ALTER ROLE admin SET search_path = s, public;
b: SHOW search_path;
BEGIN;
CREATE TABLE r (id int PRIMARY KEY);
ALTER ROLE admin RESET search_path;
ROLLBACK;
---
ERROR 0A000: setting configuration parameter "statement_timeout" not supported
ERROR 0A000: setting configuration parameter "lock_timeout" not supported
ALTER ROLE
b: search_path
b: s, public
b: SHOW
BEGIN
CREATE TABLE
ERROR 0A000: multiple ddl statements not supported in a transaction
ROLLBACK

# tables of queries
CREATE TABLE of_query AS SELECT 1 AS a;
SELECT 1 AS a INTO of_query;
CREATE MATERIALIZED VIEW of_query AS SELECT 1 AS a;
---
ERROR 0A000: unsupported statement: CreateTableAs
ERROR 0A000: SELECT INTO is not supported
ERROR 0A000: materialized views are not supported

MERGE INTO t USING t s ON true WHEN MATCHED THEN DELETE;
CREATE TEMP TABLE temporary (a int);
---
ERROR 0A000: unsupported statement: Merge
ERROR 0A000: temporary tables are not supported
