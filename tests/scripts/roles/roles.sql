# CREATE, ALTER and DROP ROLE, membership. !open

CREATE ROLE app;
CREATE ROLE app;
CREATE USER bob;
CREATE ROLE boss CREATEROLE LOGIN;
CREATE ROLE pg_x;
CREATE ROLE "none";
CREATE ROLE public;
CREATE GROUP staff ROLE bob;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname IN ('app', 'bob', 'boss', 'staff') ORDER BY rolname;
SELECT usename FROM pg_user WHERE usename LIKE 'bo%' ORDER BY 1;
SELECT m.rolname AS member, r.rolname AS role, admin_option, inherit_option, set_option FROM pg_auth_members x JOIN pg_roles m ON m.oid = member JOIN pg_roles r ON r.oid = roleid WHERE r.rolname = 'staff';
---
CREATE ROLE
ERROR 42710: role "app" already exists
CREATE ROLE
CREATE ROLE
ERROR 42939: role name "pg_x" is reserved
  detail: Role names starting with "pg_" are reserved.
ERROR 42939: role name "none" is reserved
ERROR 42939: role name "public" is reserved
CREATE ROLE
rolname|rolsuper|rolinherit|rolcreaterole|rolcreatedb|rolcanlogin|rolconnlimit
app|f|t|f|f|f|-1
bob|f|t|f|f|t|-1
boss|f|t|t|f|t|-1
staff|f|t|f|f|f|-1
SELECT 4
usename
bob
boss
SELECT 2
member|role|admin_option|inherit_option|set_option
bob|staff|f|t|t
SELECT 1

# Who may not log in, and who is not there.
b@app: SELECT 1;
c@nobody: SELECT 1;
ALTER ROLE app LOGIN CONNECTION LIMIT 3 NOINHERIT;
b@app: SELECT 1;
SELECT rolcanlogin, rolconnlimit, rolinherit FROM pg_roles WHERE rolname = 'app';
ALTER ROLE nobody LOGIN;
---
b: ERROR 28000: role "app" is not permitted to log in
c: ERROR 28000: role "nobody" does not exist
ALTER ROLE
b: ?column?
b: 1
b: SELECT 1
rolcanlogin|rolconnlimit|rolinherit
t|3|f
SELECT 1
ERROR 42704: role "nobody" does not exist

# CREATEROLE may do what it has ADMIN OPTION for, and no more.
d@boss: CREATE ROLE mine;
d@boss: CREATE ROLE other SUPERUSER;
d@boss: CREATE ROLE other CREATEDB;
d@boss: CREATE ROLE other REPLICATION;
d@boss: ALTER ROLE app NOLOGIN;
d@boss: DROP ROLE app;
d@boss: ALTER ROLE mine LOGIN;
d@boss: ALTER ROLE mine CREATEDB;
d@boss: GRANT mine TO bob;
d@boss: GRANT app TO bob;
d@boss: SET ROLE mine;
e@bob: CREATE ROLE x;
e@bob: DROP ROLE mine;
e@bob: ALTER ROLE app LOGIN;
e@bob: GRANT mine TO app;
d@boss: REVOKE app FROM bob;
d@boss: ALTER ROLE mine RENAME TO ours;
d@boss: ALTER ROLE app RENAME TO apple;
e@bob: SELECT pg_has_role('ours', 'MEMBER'), pg_has_role('ours', 'USAGE'), pg_has_role('app', 'MEMBER'), pg_has_role('bob', 'ours', 'SET');
d@boss: DROP ROLE ours;
---
d: CREATE ROLE
d: ERROR 42501: permission denied to create role
d:   detail: Only roles with the SUPERUSER attribute may create roles with the SUPERUSER attribute.
d: ERROR 42501: permission denied to create role
d:   detail: Only roles with the CREATEDB attribute may create roles with the CREATEDB attribute.
d: ERROR 42501: permission denied to create role
d:   detail: Only roles with the REPLICATION attribute may create roles with the REPLICATION attribute.
d: ERROR 42501: permission denied to alter role
d:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on role "app" may alter this role.
d: ERROR 42501: permission denied to drop role
d:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on role "app" may drop this role.
d: ALTER ROLE
d: ERROR 42501: permission denied to alter role
d:   detail: Only roles with the CREATEDB attribute may change the CREATEDB attribute.
d: GRANT ROLE
d: ERROR 42501: permission denied to grant role "app"
d:   detail: Only roles with the ADMIN option on role "app" may grant this role.
d: ERROR 42501: permission denied to set role "mine"
e: ERROR 42501: permission denied to create role
e:   detail: Only roles with the CREATEROLE attribute may create roles.
e: ERROR 42501: permission denied to drop role
e:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.
e: ERROR 42501: permission denied to alter role
e:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on role "app" may alter this role.
e: ERROR 42501: permission denied to grant role "mine"
e:   detail: Only roles with the ADMIN option on role "mine" may grant this role.
d: ERROR 42501: permission denied to revoke role "app"
d:   detail: Only roles with the ADMIN option on role "app" may revoke this role.
d: ALTER ROLE
d: ERROR 42501: permission denied to rename role
d:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on role "app" may rename this role.
e: pg_has_role|pg_has_role|pg_has_role|pg_has_role
e: t|t|f|t
e: SELECT 1
d: DROP ROLE

# Circles are refused, and grants of grants fall together.
CREATE ROLE a1;
CREATE ROLE a2;
CREATE ROLE a3;
GRANT a1 TO a2;
GRANT a2 TO a3;
GRANT a3 TO a1;
GRANT a1 TO a1;
GRANT a1 TO a2;
GRANT a1 TO bob WITH ADMIN OPTION;
e@bob: GRANT a1 TO app;
REVOKE ADMIN OPTION FOR a1 FROM bob;
REVOKE a1 FROM bob CASCADE;
SELECT r.rolname AS role, m.rolname AS member, g.rolname AS grantor, admin_option FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor WHERE r.rolname LIKE 'a_' ORDER BY 1, 2;
SELECT pg_has_role('a3', 'a1', 'MEMBER'), pg_has_role('a1', 'a3', 'MEMBER');
GRANT a1 TO PUBLIC;
GRANT nobody TO bob;
GRANT a1 TO nobody;
DROP ROLE a2;
SELECT pg_has_role('a3', 'a1', 'MEMBER');
DROP ROLE a1, a3;
DROP ROLE a1;
DROP ROLE IF EXISTS a1;
---
CREATE ROLE
CREATE ROLE
CREATE ROLE
GRANT ROLE
GRANT ROLE
ERROR 0LP01: role "a3" is a member of role "a1"
ERROR 0LP01: role "a1" is a member of role "a1"
NOTICE: role "a2" has already been granted membership in role "a1" by role "admin"
GRANT ROLE
GRANT ROLE
e: GRANT ROLE
ERROR 2BP01: dependent privileges exist
  hint: Use CASCADE to revoke them too.
REVOKE ROLE
role|member|grantor|admin_option
a1|a2|admin|f
a2|a3|admin|f
SELECT 2
pg_has_role|pg_has_role
t|f
SELECT 1
ERROR 42704: role "public" does not exist
ERROR 42704: role "nobody" does not exist
ERROR 42704: role "nobody" does not exist
DROP ROLE
pg_has_role
f
SELECT 1
DROP ROLE
ERROR 42704: role "a1" does not exist
NOTICE: role "a1" does not exist, skipping
DROP ROLE

# Names.
ALTER ROLE bob RENAME TO rob;
e@bob: SELECT current_user, session_user;
ALTER ROLE rob RENAME TO staff;
ALTER ROLE nobody RENAME TO x;
ALTER ROLE rob RENAME TO pg_x;
e@bob: ALTER ROLE rob RENAME TO bob;
ALTER ROLE rob SET search_path = s;
ALTER ROLE rob RENAME TO bob;
f@bob: SHOW search_path;
e@bob: ALTER ROLE bob SET search_path = t;
e@bob: ALTER ROLE staff SET search_path = t;
e@bob: ALTER ROLE ALL SET search_path = t;
e@bob: ALTER DATABASE postgres SET search_path = t;
g@bob: SHOW search_path;
---
ALTER ROLE
e: current_user|session_user
e: rob|rob
e: SELECT 1
ERROR 42710: role "staff" already exists
ERROR 42704: role "nobody" does not exist
ERROR 42939: role name "pg_x" is reserved
  detail: Role names starting with "pg_" are reserved.
e: ERROR 0A000: session user cannot be renamed
ALTER ROLE
ALTER ROLE
f: search_path
f: s
f: SHOW
e: ALTER ROLE
e: ERROR 42501: permission denied to alter role
e:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on role "staff" may alter this role.
e: ERROR 42501: permission denied to alter setting
e:   detail: Only roles with the SUPERUSER attribute may alter settings globally.
e: ERROR 42501: must be owner of database postgres
g: search_path
g: t
g: SHOW

# A session whose role is gone has nobody's rights.
CREATE TABLE t (id int PRIMARY KEY);
GRANT SELECT ON t TO bob;
e@bob: SELECT * FROM t;
e@bob: DROP ROLE bob;
DROP ROLE bob;
REVOKE ALL ON t FROM bob;
DROP ROLE bob;
e@bob: SELECT * FROM t;
SELECT has_table_privilege('app', 't', 'SELECT');
SELECT has_table_privilege('bob', 't', 'SELECT');
---
CREATE TABLE
GRANT
e: id
e: SELECT 0
e: ERROR 42501: permission denied to drop role
e:   detail: Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.
ERROR 2BP01: role "bob" cannot be dropped because some objects depend on it
  detail: privileges for table t
REVOKE
DROP ROLE
e: ERROR 42501: permission denied for table t
has_table_privilege
f
SELECT 1
ERROR 42704: role "bob" does not exist

# What the privilege functions say is what statements are held to.
GRANT SELECT (id), UPDATE ON t TO app;
b@app: SELECT has_table_privilege('t', 'SELECT'), has_table_privilege('t', 'SELECT, UPDATE'), has_table_privilege('t', 'UPDATE WITH GRANT OPTION');
b@app: SELECT has_column_privilege('t', 'id', 'SELECT'), has_any_column_privilege('t', 'SELECT'), has_column_privilege('t', 'id', 'INSERT');
b@app: SELECT has_schema_privilege('public', 'USAGE'), has_schema_privilege('public', 'CREATE'), has_database_privilege('postgres', 'CONNECT'), has_database_privilege('postgres', 'CREATE');
b@app: SELECT has_table_privilege('public', 't', 'UPDATE'), has_table_privilege('pg_class', 'SELECT'), has_table_privilege('pg_authid', 'SELECT');
b@app: SELECT * FROM pg_authid;
b@app: SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_name = 't' ORDER BY 1, 2;
b@app: SELECT column_name, privilege_type FROM information_schema.column_privileges WHERE table_name = 't' ORDER BY 1, 2;
b@app: SELECT role_name FROM information_schema.enabled_roles ORDER BY 1;
b@app: SELECT has_table_privilege('t', 'SELEKT');
b@app: SELECT 'app'::regrole, to_regrole('nobody');
b@app: SELECT pg_get_userbyid(99);
---
GRANT
b: has_table_privilege|has_table_privilege|has_table_privilege
b: f|t|f
b: SELECT 1
b: has_column_privilege|has_any_column_privilege|has_column_privilege
b: t|t|f
b: SELECT 1
b: has_schema_privilege|has_schema_privilege|has_database_privilege|has_database_privilege
b: t|f|t|f
b: SELECT 1
b: has_table_privilege|has_table_privilege|has_table_privilege
b: f|t|f
b: SELECT 1
b: ERROR 42501: permission denied for table pg_authid
b: grantee|privilege_type
b: app|UPDATE
b: SELECT 1
b: column_name|privilege_type
b: id|SELECT
b: id|UPDATE
b: SELECT 2
b: role_name
b: app
b: SELECT 1
b: ERROR 22023: unrecognized privilege type: "SELEKT"
b: regrole|to_regrole
b: app|NULL
b: SELECT 1
b: pg_get_userbyid
b: unknown (OID=99)
b: SELECT 1

# Another session's authorization is admin's to take, and SET ROLE goes by it.
SET SESSION AUTHORIZATION app;
SELECT current_user, session_user;
SELECT * FROM pg_authid;
SET ROLE staff;
SET SESSION AUTHORIZATION admin;
SELECT current_user, session_user;
SET SESSION AUTHORIZATION app;
RESET SESSION AUTHORIZATION;
SELECT current_user;
b@app: SET SESSION AUTHORIZATION staff;
b@app: SET SESSION AUTHORIZATION app;
SET SESSION AUTHORIZATION nobody;
SELECT set_config('role', 'app', false), current_user;
SELECT current_user;
RESET ALL;
SELECT current_user;
DISCARD ALL;
SELECT current_user;
---
SET
current_user|session_user
app|app
SELECT 1
ERROR 42501: permission denied for table pg_authid
ERROR 42501: permission denied to set role "staff"
SET
current_user|session_user
admin|admin
SELECT 1
SET
RESET
current_user
admin
SELECT 1
b: ERROR 42501: permission denied to set session authorization "staff"
b: SET
ERROR 22023: role "nobody" does not exist
set_config|current_user
app|app
SELECT 1
current_user
app
SELECT 1
RESET
current_user
app
SELECT 1
DISCARD ALL
current_user
admin
SELECT 1
