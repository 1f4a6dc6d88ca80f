# !open: run-time parameters where DSQL's limits are lifted.

# DateStyle: every style, and the order of ambiguous dates: literals, casts at run time, output, text.
CREATE TABLE d (id int PRIMARY KEY, day date, at timestamp, gone interval, x float8, raw bytea);
INSERT INTO d VALUES (1, '2024-04-03', '2024-01-02 03:04:05.6', '1 year 2 mons 3 days 04:05:06', 0.1, '\x00ff5c41');
SET DateStyle = 'SQL, DMY';
SHOW DateStyle;
SELECT day, at FROM d;
SELECT day::text, at::text || '!' FROM d WHERE id = 1;
SELECT '03/04/2024'::date, date '13/05/2024', '03/04/2024'::text::timestamp AS cast;
SELECT max(day)::text, max(at)::text, max(gone)::text, max(day), sum(x)::text, max(raw::text) FROM d GROUP BY day;
SET DateStyle TO MDY;
SELECT '03/04/2024'::date;
SELECT '13/05/2024'::date;
SET DateStyle = ISO;
SHOW DateStyle;
SELECT id FROM d WHERE day = '04/03/2024';
SET DateStyle = 'DMY';
SELECT id FROM d WHERE day = '04/03/2024';
SELECT id FROM d WHERE day = '03/04/2024';
SELECT count(*), max(day)::text FROM d GROUP BY day;
RESET DateStyle;
SELECT '03/04/2024'::date;
SET DateStyle = 'iso, sql';
SET DateStyle = 'fancy';
---
CREATE TABLE
INSERT 0 1
SET
DateStyle
SQL, DMY
SHOW
day|at
03/04/2024|02/01/2024 03:04:05.6
SELECT 1
day|?column?
03/04/2024|02/01/2024 03:04:05.6!
SELECT 1
date|date|cast
03/04/2024|13/05/2024|03/04/2024 00:00:00
SELECT 1
max|max|max|max|sum|max
03/04/2024|02/01/2024 03:04:05.6|1 year 2 mons 3 days 04:05:06|03/04/2024|0.1|\x00ff5c41
SELECT 1
SET
date
03/04/2024
SELECT 1
ERROR 22008: date/time field value out of range: "13/05/2024"
  hint: Perhaps you need a different "datestyle" setting.
SET
DateStyle
ISO, MDY
SHOW
id
1
SELECT 1
SET
id
SELECT 0
id
1
SELECT 1
count|max
1|2024-04-03
SELECT 1
RESET
date
2024-03-04
SELECT 1
ERROR 22023: invalid value for parameter "DateStyle": "iso, sql"
  detail: Conflicting "datestyle" specifications.
ERROR 22023: invalid value for parameter "DateStyle": "fancy"
  detail: Unrecognized key word: "fancy".

SET IntervalStyle = iso_8601;
SELECT gone, gone::text FROM d;
SET IntervalStyle = 'postgres_verbose';
SELECT gone FROM d;
SET IntervalStyle = sql_standard;
SELECT gone, interval '-1 2:00:00' FROM d;
SET IntervalStyle = postgres;
SELECT interval '-1 2:00:00';
SET IntervalStyle = 'short';
---
SET
gone|gone
P1Y2M3DT4H5M6S|P1Y2M3DT4H5M6S
SELECT 1
SET
gone
@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs
SELECT 1
SET
gone|interval
+1-2 +3 +4:05:06|-1 2:00:00
SELECT 1
SET
interval
-1 days +02:00:00
SELECT 1
ERROR 22023: invalid value for parameter "IntervalStyle": "short"
  hint: Available values: postgres, postgres_verbose, sql_standard, iso_8601.

SET extra_float_digits = 0;
SELECT x + 0.2, (x + 0.2)::text FROM d;
SET extra_float_digits = 3;
SELECT x + 0.2 FROM d;
SET extra_float_digits = 4;
SET bytea_output = escape;
SELECT raw, raw::text FROM d;
RESET ALL;
SELECT raw FROM d;
---
SET
?column?|text
0.3|0.3
SELECT 1
SET
?column?
0.30000000000000004
SELECT 1
ERROR 22023: 4 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)
SET
raw|raw
\000\377\\A|\000\377\\A
SELECT 1
RESET
raw
\x00ff5c41
SELECT 1

# Time zones by name in any case, by hours east, by POSIX offsets (west), by intervals.
SET TimeZone = 'europe/berlin';
SHOW TimeZone;
SET TIME ZONE -3.5;
SELECT current_setting('TimeZone'), '2024-01-01 00:00:00+00'::timestamptz;
SET TimeZone = '+02:00';
SELECT current_setting('TimeZone'), '2024-01-01 00:00:00+00'::timestamptz;
SET TIME ZONE INTERVAL '+02:30' HOUR TO MINUTE;
SELECT current_setting('TimeZone'), '2024-01-01 00:00:00+00'::timestamptz;
SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;
SHOW TimeZone;
SET TIME ZONE INTERVAL '1 month';
SET TIME ZONE LOCAL;
SHOW TimeZone;
SET TimeZone = 'nowhere/else';
---
SET
TimeZone
Europe/Berlin
SHOW
SET
current_setting|timestamptz
<-03:30>+03:30|2023-12-31 20:30:00-03:30
SELECT 1
SET
current_setting|timestamptz
+02:00|2023-12-31 22:00:00-02
SELECT 1
SET
current_setting|timestamptz
<+02:30>-02:30|2024-01-01 02:30:00+02:30
SELECT 1
SET
TimeZone
<+00>-00
SHOW
ERROR 22023: invalid value for parameter "TimeZone": "INTERVAL '1 mon'"
  detail: Cannot specify months in time zone interval.
SET
TimeZone
UTC
SHOW
ERROR 22023: invalid value for parameter "TimeZone": "nowhere/else"

# Timeouts: units, ranges, transactions.
SET statement_timeout = '1.5s';
SHOW statement_timeout;
SELECT name, setting, unit, vartype, min_val, max_val FROM pg_settings WHERE name = 'statement_timeout';
SET statement_timeout = '90 s';
SHOW statement_timeout;
SET statement_timeout = '120s';
SHOW statement_timeout;
SET statement_timeout = 0;
SHOW statement_timeout;
SET statement_timeout = -1;
SET statement_timeout = '3000000000';
SET statement_timeout = '10 parsecs';
SET statement_timeout = 'soon';
SET lock_timeout = 0;
SET lock_timeout = '1s';
BEGIN;
SET idle_session_timeout = '1min';
SET LOCAL transaction_timeout = '2min';
SHOW transaction_timeout;
COMMIT;
SHOW idle_session_timeout;
SHOW transaction_timeout;
BEGIN;
SET idle_session_timeout = '1h';
SELECT 1 / 0;
ROLLBACK;
SHOW idle_session_timeout;
---
SET
statement_timeout
1500ms
SHOW
name|setting|unit|vartype|min_val|max_val
statement_timeout|1500|ms|integer|0|2147483647
SELECT 1
SET
statement_timeout
90s
SHOW
SET
statement_timeout
2min
SHOW
SET
statement_timeout
0
SHOW
ERROR 22023: -1 ms is outside the valid range for parameter "statement_timeout" (0 ms .. 2147483647 ms)
ERROR 22023: invalid value for parameter "statement_timeout": "3000000000"
  hint: Value exceeds integer range.
ERROR 22023: invalid value for parameter "statement_timeout": "10 parsecs"
  hint: Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".
ERROR 22023: invalid value for parameter "statement_timeout": "soon"
SET
SET
BEGIN
SET
SET
transaction_timeout
2min
SHOW
COMMIT
idle_session_timeout
1min
SHOW
transaction_timeout
0
SHOW
BEGIN
SET
ERROR 22012: division by zero
ROLLBACK
idle_session_timeout
1min
SHOW

# What has one behaviour only, what changes nothing, what is unknown.
SET standard_conforming_strings = on;
SET standard_conforming_strings = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_isolation = 'chaos';
SET client_encoding = 'latin1';
SET client_encoding = 'nonsense';
SET client_encoding = sql_ascii;
SET lc_messages = 'de_DE.UTF-8';
SET synchronous_commit = off;
SET row_security = off;
SET enable_seqscan = off;
SET enable_seqscan = off;
SET work_mem = '64MB';
SET client_min_messages = warning;
SET enable_hashjoin = off;
SET jit = on;
SET server_version = '1';
SET nothing_of_this_name = 1;
SET my.own = 'kept';
SHOW my.own;
---
SET
ERROR 0A000: setting configuration parameter "standard_conforming_strings" not supported
  detail: The only value that is supported is "on".
ERROR 0A000: isolation level READ COMMITTED is not supported
  hint: The only isolation level is REPEATABLE READ.
ERROR 22023: invalid value for parameter "default_transaction_isolation": "chaos"
  hint: Available values: serializable, repeatable read, read committed, read uncommitted.
ERROR 0A000: conversion between LATIN1 and UTF8 is not supported
ERROR 22023: invalid value for parameter "client_encoding": "nonsense"
SET
ERROR 0A000: setting configuration parameter "lc_messages" not supported
  detail: The only value that is supported is "C".
SET
SET
NOTICE: parameter "enable_seqscan" has no effect here
SET
SET
NOTICE: parameter "work_mem" has no effect here
SET
SET
SET
ERROR 0A000: setting configuration parameter "jit" not supported
  detail: The only value that is supported is "off".
ERROR 55P02: parameter "server_version" cannot be changed
ERROR 42704: unrecognized configuration parameter "nothing_of_this_name"
SET
my.own
kept
SHOW

# What a transaction shows of itself.
BEGIN READ ONLY;
SELECT current_setting('transaction_read_only');
COMMIT;
SHOW transaction_read_only;
SET default_transaction_read_only = on;
SHOW transaction_read_only;
BEGIN READ WRITE, DEFERRABLE;
SHOW transaction_read_only;
SHOW transaction_deferrable;
ROLLBACK;
SHOW transaction_read_only;
SHOW transaction_deferrable;
RESET default_transaction_read_only;
CREATE SCHEMA s;
SET search_path = s;
SELECT current_schema();
---
BEGIN
current_setting
on
SELECT 1
COMMIT
transaction_read_only
off
SHOW
SET
transaction_read_only
on
SHOW
BEGIN
transaction_read_only
off
SHOW
transaction_deferrable
on
SHOW
ROLLBACK
transaction_read_only
on
SHOW
transaction_deferrable
off
SHOW
RESET
CREATE SCHEMA
SET
current_schema
s
SELECT 1

# what would be a lock that nobody else sees
SELECT pg_advisory_lock(1);
SELECT pg_try_advisory_xact_lock_shared(1, 2);
SELECT pg_advisory_unlock(1);
---
ERROR 0A000: advisory locks are not supported
  hint: Transactions that write the same rows conflict at COMMIT (40001); SELECT ... FOR UPDATE adds rows.
ERROR 0A000: advisory locks are not supported
  hint: Transactions that write the same rows conflict at COMMIT (40001); SELECT ... FOR UPDATE adds rows.
ERROR 0A000: advisory locks are not supported
  hint: Transactions that write the same rows conflict at COMMIT (40001); SELECT ... FOR UPDATE adds rows.
