# Default privileges, and what becomes of what a role owns. !open

CREATE ROLE app LOGIN;
CREATE ROLE reader LOGIN;
CREATE ROLE heir LOGIN;
CREATE SCHEMA s AUTHORIZATION app;
GRANT CREATE ON SCHEMA public TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA s GRANT INSERT, UPDATE ON TABLES TO reader, PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON TABLES TO reader;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO nobody;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA nothing GRANT SELECT ON TABLES TO reader;
SELECT defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl FROM pg_default_acl WHERE defaclnamespace = 0 ORDER BY 3;
SELECT defaclrole::regrole, defaclobjtype, defaclacl FROM pg_default_acl WHERE defaclnamespace <> 0;
---
CREATE ROLE
CREATE ROLE
CREATE ROLE
CREATE SCHEMA
GRANT
ALTER DEFAULT PRIVILEGES
ALTER DEFAULT PRIVILEGES
ALTER DEFAULT PRIVILEGES
ERROR 0LP01: cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS
ERROR 0LP01: invalid privilege type EXECUTE for relation
ERROR 42704: role "nobody" does not exist
ERROR 0LP01: grant options can only be granted to roles
ERROR 3F000: schema "nothing" does not exist
defaclrole|defaclnamespace|defaclobjtype|defaclacl
app|0|n|{app=UC/app,reader=U/app}
app|0|r|{app=arwdDxtm/app,reader=r/app}
SELECT 2
defaclrole|defaclobjtype|defaclacl
app|r|{=aw/app,reader=aw/app}
SELECT 1

b@app: CREATE TABLE t (id int PRIMARY KEY, n int);
b@app: CREATE TABLE s.u (id int PRIMARY KEY);
b@app: CREATE VIEW v AS SELECT * FROM t;
b@app: ALTER DEFAULT PRIVILEGES FOR ROLE reader GRANT SELECT ON TABLES TO app;
CREATE TABLE mine (id int PRIMARY KEY);
SELECT relname, relacl FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace IN ('s'::regnamespace, 'public'::regnamespace) ORDER BY 1;
c@reader: SELECT * FROM t;
c@reader: INSERT INTO t VALUES (1);
ALTER DEFAULT PRIVILEGES FOR ROLE app REVOKE SELECT ON TABLES FROM reader;
ALTER DEFAULT PRIVILEGES FOR ROLE app REVOKE ALL ON TABLES FROM app;
b@app: CREATE TABLE closed (id int PRIMARY KEY);
b@app: SELECT * FROM closed;
ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT ALL ON TABLES TO app;
SELECT count(*) FROM pg_default_acl WHERE defaclobjtype = 'r' AND defaclnamespace = 0;
DROP ROLE reader;
---
b: CREATE TABLE
b: CREATE TABLE
b: CREATE VIEW
b: ERROR 42501: permission denied to change default privileges
CREATE TABLE
relname|relacl
mine|NULL
t|{app=arwdDxtm/app,reader=r/app}
u|{=aw/app,app=arwdDxtm/app,reader=arw/app}
v|{app=arwdDxtm/app,reader=r/app}
SELECT 4
c: id|n
c: SELECT 0
c: ERROR 42501: permission denied for table t
ALTER DEFAULT PRIVILEGES
ALTER DEFAULT PRIVILEGES
b: CREATE TABLE
b: id
b: SELECT 0
ALTER DEFAULT PRIVILEGES
count
0
SELECT 1
ERROR 2BP01: role "reader" cannot be dropped because some objects depend on it
  detail: privileges for table t
privileges for table s.u
privileges for view v
privileges for default privileges on new schemas belonging to role app
privileges for default privileges on new relations belonging to role app in schema s

# Given away: the heir has what app had, also in the lists.
GRANT SELECT (n) ON t TO heir;
c@reader: REASSIGN OWNED BY app TO reader;
REASSIGN OWNED BY app TO nobody;
REASSIGN OWNED BY admin TO app;
REASSIGN OWNED BY app TO heir;
SELECT relname, relowner::regrole, relacl FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace IN ('s'::regnamespace, 'public'::regnamespace) ORDER BY 1;
SELECT attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'n';
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 's';
DROP ROLE app;
DROP OWNED BY app;
DROP ROLE app;
b@app: SELECT * FROM t;
---
GRANT
c: ERROR 42501: permission denied to reassign objects
c:   detail: Only roles with privileges of role "app" may reassign objects owned by it.
ERROR 42704: role "nobody" does not exist
ERROR 2BP01: cannot reassign ownership of objects owned by role admin because they are required by the database system
REASSIGN OWNED
relname|relowner|relacl
closed|heir|NULL
mine|admin|NULL
t|heir|{heir=arwdDxtm/heir,reader=r/heir}
u|heir|{=aw/heir,heir=arwdDxtm/heir,reader=arw/heir}
v|heir|{heir=arwdDxtm/heir,reader=r/heir}
SELECT 5
attacl
{heir=r/heir}
SELECT 1
nspowner
heir
SELECT 1
ERROR 2BP01: role "app" cannot be dropped because some objects depend on it
  detail: privileges for schema public
owner of default privileges on new schemas belonging to role app
owner of default privileges on new relations belonging to role app in schema s
DROP OWNED
DROP ROLE
b: ERROR 42501: permission denied for table t

# Dropped: what it owns, and its privileges elsewhere.
GRANT SELECT ON mine TO heir WITH GRANT OPTION;
d@heir: GRANT SELECT ON mine TO reader;
GRANT SELECT (id) ON mine TO heir;
CREATE VIEW w AS SELECT * FROM t;
DROP OWNED BY heir;
DROP OWNED BY heir CASCADE;
SELECT relname, relacl FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace ORDER BY 1;
SELECT nspname FROM pg_namespace WHERE nspname = 's';
DROP ROLE heir;
DROP OWNED BY admin;
c@reader: DROP OWNED BY reader;
DROP ROLE reader;
---
GRANT
d: GRANT
GRANT
CREATE VIEW
ERROR 2BP01: cannot drop desired object(s) because other objects depend on them
  detail: view w depends on table t
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: drop cascades to view w
DROP OWNED
relname|relacl
mine|{admin=arwdDxtm/admin}
SELECT 1
nspname
SELECT 0
DROP ROLE
ERROR 2BP01: cannot drop objects owned by role admin because they are required by the database system
c: DROP OWNED
DROP ROLE
