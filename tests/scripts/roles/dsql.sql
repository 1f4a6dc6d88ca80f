# What Aurora DSQL refuses, and what only it has.

CREATE ROLE app WITH LOGIN;
CREATE ROLE nobody_logs_in;
CREATE ROLE x LOGIN PASSWORD 'secret';
CREATE SCHEMA s;
CREATE TABLE s.t (id int PRIMARY KEY);
CREATE TABLE u (id int PRIMARY KEY);
---
CREATE ROLE
CREATE ROLE
ERROR 0A000: passwords are not supported
  hint: Use AWS IAM GRANT.
CREATE SCHEMA
CREATE TABLE
CREATE TABLE

# The system's schemas, the database, its own role.
GRANT USAGE ON SCHEMA public TO app;
GRANT CREATE ON SCHEMA pg_catalog TO app;
GRANT CONNECT ON DATABASE postgres TO app;
GRANT SELECT ON pg_class TO app;
ALTER ROLE admin NOLOGIN;
DROP ROLE admin;
ALTER ROLE admin RENAME TO boss;
GRANT app TO admin;
AWS IAM GRANT admin TO 'arn:aws:iam::111122223333:role/x';
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;
REASSIGN OWNED BY app TO admin;
DROP OWNED BY app;
SET SESSION AUTHORIZATION app;
SET SESSION AUTHORIZATION admin;
---
ERROR 0A000: feature not supported on system entity
ERROR 0A000: feature not supported on system entity
ERROR 0A000: unsupported object type in GRANT
ERROR 0A000: feature not supported on system entity
ERROR 0A000: feature not supported on system entity
ERROR 55006: current user cannot be dropped
ERROR 0A000: session user cannot be renamed
ERROR 0A000: feature not supported on system entity
ERROR 0A000: feature not supported on system entity
ERROR 0A000: unsupported statement: AlterDefaultPrivileges
ERROR 0A000: unsupported statement: ReassignOwned
ERROR 0A000: unsupported statement: DropOwned
ERROR 0A000: setting configuration parameter "session_authorization" not supported
SET

# One statement of this kind a transaction, and none beside those that write.
BEGIN;
GRANT USAGE ON SCHEMA s TO app;
GRANT SELECT ON s.t TO app;
ROLLBACK;
BEGIN;
INSERT INTO u VALUES (1);
GRANT SELECT ON u TO app;
ROLLBACK;
---
BEGIN
GRANT
ERROR 0A000: multiple ddl statements not supported in a transaction
ROLLBACK
BEGIN
INSERT 0 1
ERROR 0A000: ddl and dml are not supported in the same transaction
ROLLBACK

# By default public is everybody's to look into, and nobody else's to build in.
b@app: SELECT * FROM u;
b@app: CREATE TABLE v (id int PRIMARY KEY);
b@app: CREATE SCHEMA mine;
b@app: SELECT * FROM s.t;
GRANT USAGE ON SCHEMA s TO app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA s TO app;
GRANT SELECT ON u TO app;
b@app: INSERT INTO s.t VALUES (1);
b@app: SELECT * FROM s.t, u;
b@app: DELETE FROM s.t;
c@nobody_logs_in: SELECT 1;
d@unknown: SELECT 1;
---
b: ERROR 42501: permission denied for table u
b: ERROR 42501: permission denied for schema public
b: ERROR 42501: permission denied for database postgres
b: ERROR 42501: permission denied for schema s
GRANT
GRANT
GRANT
b: INSERT 0 1
b: id|id
b: SELECT 0
b: ERROR 42501: permission denied for table t
c: ERROR 28000: unable to accept connection, access denied
d: ERROR 28000: unable to accept connection, access denied

# IAM identities.
AWS IAM GRANT app TO 'arn:aws:iam::111122223333:role/example';
aws iam grant "app" to 'arn:aws:iam::111122223333:user/it''s.not';
AWS IAM GRANT app TO 'arn:aws:iam::111122223333:user/path/jane@example.com'; SELECT 1 AS one;
AWS IAM GRANT app TO 'arn:aws:iam::111122223333:role/example';
SELECT arn, pg_role_name, grantor_pg_role_name, iam_oid > 0 AS has_oid, pg_role_oid = (SELECT oid FROM pg_roles WHERE rolname = 'app') AS is_app FROM sys.iam_pg_role_mappings ORDER BY arn;
b@app: AWS IAM GRANT app TO 'arn:aws:iam::111122223333:role/other';
AWS IAM GRANT nobody TO 'arn:aws:iam::111122223333:role/example';
AWS IAM REVOKE app FROM 'arn:aws:iam::111122223333:role/never';
AWS IAM REVOKE app FROM 'arn:aws:iam::111122223333:role/example';
AWS IAM REVOKE app TO 'arn:aws:iam::111122223333:role/example';
AWS IAM GRANT app TO;
AWS IAM GRANT app TO arn;
AWS IAM GRANT 1 TO 'x';
AWS IAM GRANT app TO 'x' y;
AWS IAM FORGET app;
AWS IAM;
AWS;
SELECT 'aws iam grant' AS aws, 1 AS iam;
SELECT arn FROM sys.iam_pg_role_mappings ORDER BY arn;
DROP ROLE app;
---
AWS IAM GRANT
ERROR 22023: invalid ARN: "arn:aws:iam::111122223333:user/it's.not"
AWS IAM GRANT
one
1
SELECT 1
ERROR 42710: role "app" is granted to "arn:aws:iam::111122223333:role/example" already
arn|pg_role_name|grantor_pg_role_name|has_oid|is_app
arn:aws:iam::111122223333:role/example|app|admin|t|t
arn:aws:iam::111122223333:user/path/jane@example.com|app|admin|t|t
SELECT 2
b: ERROR 42501: permission denied to grant role "app"
b:   detail: Only roles with the ADMIN option on role "app" may grant this role.
ERROR 42704: role "nobody" does not exist
ERROR 42704: role "app" is not granted to "arn:aws:iam::111122223333:role/never"
AWS IAM REVOKE
ERROR 42601: syntax error at or near "TO"
ERROR 42601: syntax error at end of input
ERROR 42601: syntax error at or near "arn"
ERROR 42601: syntax error at or near "1"
ERROR 42601: syntax error at or near "y"
ERROR 42601: syntax error at or near "FORGET"
ERROR 42601: syntax error at end of input
ERROR 42601: syntax error at or near "AWS"
aws|iam
aws iam grant|1
SELECT 1
arn
arn:aws:iam::111122223333:user/path/jane@example.com
SELECT 1
ERROR 2BP01: role "app" cannot be dropped because some objects depend on it
  detail: privileges for table s.t
privileges for table u
privileges for schema s
