# What a session starts with: ALTER ROLE and ALTER DATABASE. !open

# A session that runs keeps what it has; those that begin later have the new values, and RESET returns to them.
ALTER ROLE admin SET statement_timeout = '90s';
SHOW statement_timeout;
b: SHOW statement_timeout;
b: SET statement_timeout = 0;
b: RESET statement_timeout;
b: SHOW statement_timeout;
---
ALTER ROLE
statement_timeout
0
SHOW
b: statement_timeout
b: 90s
b: SHOW
b: SET
b: RESET
b: statement_timeout
b: 90s
b: SHOW

# The role before the database, both together before either; all roles last.
ALTER ROLE ALL SET IntervalStyle = iso_8601;
ALTER ROLE ALL SET extra_float_digits = 0;
ALTER DATABASE postgres SET extra_float_digits = 2;
ALTER DATABASE postgres SET bytea_output TO escape;
ALTER USER CURRENT_USER SET bytea_output = hex;
ALTER ROLE admin IN DATABASE postgres SET search_path TO s, public;
ALTER ROLE admin SET search_path = "A b", '$user';
ALTER ROLE admin SET TIME ZONE 'Europe/Berlin';
ALTER ROLE admin SET my.own = 'x';
ALTER ROLE admin SET datestyle FROM CURRENT;
c: SELECT interval '1 day', 0.1::float8 + 0.2::float8 AS sum, '\x00'::bytea, current_setting('my.own');
c: SHOW search_path;
c: SHOW timezone;
SELECT * FROM pg_db_role_setting ORDER BY setdatabase, setrole;
---
ALTER ROLE
ALTER ROLE
ALTER DATABASE
ALTER DATABASE
ALTER ROLE
ALTER ROLE
ALTER ROLE
ALTER ROLE
ALTER ROLE
ALTER ROLE
c: interval|sum|bytea|current_setting
c: P1D|0.30000000000000004|\x00|x
c: SELECT 1
c: search_path
c: s, public
c: SHOW
c: TimeZone
c: Europe/Berlin
c: SHOW
setdatabase|setrole|setconfig
0|0|{extra_float_digits=0,intervalstyle=iso_8601}
0|10|{bytea_output=hex,"datestyle=ISO, MDY",my.own=x,"search_path=\"A b\", \"$user\"",statement_timeout=90s,timezone=Europe/Berlin}
5|0|{bytea_output=escape,extra_float_digits=2}
5|10|{"search_path=s, public"}
SELECT 4

# A new value takes the old one's place; RESET takes it away.
ALTER ROLE admin SET statement_timeout = 1500;
ALTER ROLE admin IN DATABASE postgres RESET search_path;
ALTER ROLE admin RESET my.own;
ALTER ROLE admin SET datestyle TO DEFAULT;
ALTER DATABASE postgres RESET ALL;
ALTER ROLE ALL RESET ALL;
ALTER ROLE ALL RESET ALL;
d: SHOW statement_timeout;
d: SHOW search_path;
SELECT * FROM pg_db_role_setting ORDER BY setdatabase, setrole;
---
ALTER ROLE
ALTER ROLE
ALTER ROLE
ALTER ROLE
ALTER DATABASE
ALTER ROLE
ALTER ROLE
d: statement_timeout
d: 1500ms
d: SHOW
d: search_path
d: "A b", "$user"
d: SHOW
setdatabase|setrole|setconfig
0|10|{bytea_output=hex,"search_path=\"A b\", \"$user\"",statement_timeout=1500ms,timezone=Europe/Berlin}
SELECT 1

# It is part of its transaction.
BEGIN;
ALTER ROLE admin SET statement_timeout = '5s';
ROLLBACK;
BEGIN;
ALTER ROLE admin SET transaction_timeout = '7s';
COMMIT;
e: SHOW statement_timeout;
e: SHOW transaction_timeout;
---
BEGIN
ALTER ROLE
ROLLBACK
BEGIN
ALTER ROLE
COMMIT
e: statement_timeout
e: 1500ms
e: SHOW
e: transaction_timeout
e: 7s
e: SHOW

# What is wrong is refused, and nothing is kept.
ALTER ROLE nobody SET statement_timeout = 1;
ALTER ROLE admin IN DATABASE other SET statement_timeout = 1;
ALTER DATABASE other SET statement_timeout = 1;
ALTER ROLE admin SET statement_timeout = 'soon';
ALTER ROLE admin SET nothing = 1;
ALTER ROLE admin RESET nothing;
ALTER ROLE admin SET server_version = '17';
ALTER ROLE admin SET standard_conforming_strings = off;
ALTER ROLE admin SET role = 'other';
BEGIN READ ONLY;
ALTER ROLE admin SET statement_timeout = 1;
ROLLBACK;
f: SHOW statement_timeout;
---
ERROR 42704: role "nobody" does not exist
ERROR 3D000: database "other" does not exist
ERROR 3D000: database "other" does not exist
ERROR 22023: invalid value for parameter "statement_timeout": "soon"
ERROR 42704: unrecognized configuration parameter "nothing"
ERROR 42704: unrecognized configuration parameter "nothing"
ERROR 55P02: parameter "server_version" cannot be changed
ERROR 0A000: setting configuration parameter "standard_conforming_strings" not supported
  detail: The only value that is supported is "on".
ERROR 0A000: setting configuration parameter "role" not supported
BEGIN
ERROR 25006: cannot execute ALTER ROLE in a read-only transaction
ROLLBACK
f: statement_timeout
f: 1500ms
f: SHOW
