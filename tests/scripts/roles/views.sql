# Views: whoever reads one needs SELECT on it, and its owner what it reads. !open

CREATE ROLE app LOGIN;
CREATE ROLE maker LOGIN;
CREATE SCHEMA hidden;
CREATE TABLE hidden.t (id int PRIMARY KEY, n int, secret int);
INSERT INTO hidden.t VALUES (1, 2, 3);
CREATE VIEW v AS SELECT id, n FROM hidden.t;
CREATE VIEW w AS SELECT v.id, count(*) AS c FROM v GROUP BY v.id;
CREATE TABLE own (id int PRIMARY KEY);
---
CREATE ROLE
CREATE ROLE
CREATE SCHEMA
CREATE TABLE
INSERT 0 1
CREATE VIEW
CREATE VIEW
CREATE TABLE

b@app: SELECT * FROM v;
b@app: SELECT * FROM w ORDER BY id;
GRANT SELECT ON v, w TO app;
b@app: SELECT * FROM v;
b@app: SELECT n FROM v WHERE id = 1;
b@app: SELECT * FROM w ORDER BY id;
b@app: SELECT * FROM hidden.t;
b@app: UPDATE v SET n = 5;
GRANT UPDATE, INSERT ON v TO app;
b@app: UPDATE v SET n = 5 WHERE id = 1;
b@app: INSERT INTO v VALUES (2, 2);
b@app: DELETE FROM v;
b@app: DROP VIEW v;
b@app: ALTER VIEW v RENAME TO vv;
b@app: CREATE OR REPLACE VIEW v AS SELECT 1 AS id, 2 AS n;
b@app: ALTER VIEW v OWNER TO app;
SELECT relname, relowner::regrole, relacl FROM pg_class WHERE relname IN ('v', 'w') ORDER BY 1;
---
b: ERROR 42501: permission denied for view v
b: ERROR 42501: permission denied for view w
GRANT
b: id|n
b: 1|2
b: SELECT 1
b: n
b: 2
b: SELECT 1
b: id|c
b: 1|1
b: SELECT 1
b: ERROR 42501: permission denied for schema hidden
b: ERROR 42501: permission denied for view v
GRANT
b: UPDATE 1
b: INSERT 0 1
b: ERROR 42501: permission denied for view v
b: ERROR 42501: must be owner of view v
b: ERROR 42501: must be owner of view v
b: ERROR 42501: permission denied for schema public
b: ERROR 42501: must be owner of view v
relname|relowner|relacl
v|admin|{admin=arwdDxtm/admin,app=arw/admin}
w|admin|{admin=arwdDxtm/admin,app=r/admin}
SELECT 2

# An owner who has lost what the view reads takes its readers along.
ALTER VIEW v OWNER TO maker;
b@app: SELECT * FROM v;
b@app: SELECT * FROM w ORDER BY id;
GRANT SELECT ON hidden.t TO maker;
b@app: SELECT * FROM v;
b@app: SELECT * FROM w ORDER BY id;
b@app: UPDATE v SET n = 6 WHERE id = 1;
GRANT UPDATE ON hidden.t TO maker;
b@app: UPDATE v SET n = 6 WHERE id = 1;
REVOKE SELECT ON hidden.t FROM maker;
b@app: SELECT n FROM v;
DROP ROLE maker;
SELECT viewowner FROM pg_views WHERE viewname = 'v';
---
ALTER VIEW
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
GRANT
b: id|n
b: 1|5
b: 2|2
b: SELECT 2
b: id|c
b: 1|1
b: 2|1
b: SELECT 2
b: ERROR 42501: permission denied for table t
GRANT
b: UPDATE 1
REVOKE
b: ERROR 42501: permission denied for table t
ERROR 2BP01: role "maker" cannot be dropped because some objects depend on it
  detail: privileges for table hidden.t
owner of view v
viewowner
maker
SELECT 1

# Who makes a view may read what it reads, or it is of no use.
GRANT CREATE ON SCHEMA public TO app;
b@app: CREATE VIEW mine AS SELECT * FROM own;
b@app: SELECT * FROM mine;
GRANT SELECT ON own TO app;
b@app: SELECT * FROM mine;
b@app: CREATE VIEW peek AS SELECT * FROM hidden.t;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
c@maker: SELECT * FROM mine;
REVOKE SELECT ON own FROM PUBLIC, app;
c@maker: SELECT * FROM mine;
---
GRANT
b: CREATE VIEW
b: ERROR 42501: permission denied for table own
GRANT
b: id
b: SELECT 0
b: ERROR 42501: permission denied for schema hidden
GRANT
c: id
c: SELECT 0
REVOKE
c: ERROR 42501: permission denied for table own

# Columns of a view.
CREATE VIEW z AS SELECT id, n, n + 1 AS more FROM hidden.t;
GRANT SELECT (id, more) ON z TO maker;
c@maker: SELECT id, more FROM z ORDER BY id;
c@maker: SELECT n FROM z;
c@maker: SELECT * FROM z;
c@maker: SELECT count(*) FROM z;
c@maker: SELECT has_column_privilege('z', 'more', 'SELECT'), has_column_privilege('z', 'n', 'SELECT'), has_table_privilege('z', 'SELECT'), has_any_column_privilege('z', 'SELECT');
SELECT attname, attacl FROM pg_attribute WHERE attrelid = 'z'::regclass ORDER BY attnum;
GRANT SELECT (nothing) ON z TO maker;
REVOKE SELECT ON z FROM maker;
c@maker: SELECT id FROM z;
GRANT SELECT (secret) ON hidden.t TO maker;
ALTER TABLE hidden.t DROP COLUMN secret;
REVOKE SELECT, UPDATE ON hidden.t FROM maker;
ALTER VIEW v OWNER TO admin;
DROP ROLE maker;
---
CREATE VIEW
GRANT
c: id|more
c: 1|7
c: 2|3
c: SELECT 2
c: ERROR 42501: permission denied for view z
c: ERROR 42501: permission denied for view z
c: count
c: 2
c: SELECT 1
c: has_column_privilege|has_column_privilege|has_table_privilege|has_any_column_privilege
c: t|f|f|t
c: SELECT 1
attname|attacl
id|{maker=r/admin}
n|NULL
more|{maker=r/admin}
SELECT 3
ERROR 42703: column "nothing" of relation "z" does not exist
REVOKE
c: ERROR 42501: permission denied for view z
GRANT
ALTER TABLE
REVOKE
ALTER VIEW
DROP ROLE
