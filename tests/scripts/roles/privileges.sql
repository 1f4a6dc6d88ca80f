# Who may do what with whose objects. !open

CREATE ROLE app LOGIN;
CREATE USER bob;
CREATE ROLE staff;
GRANT staff TO bob;
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
INSERT INTO t VALUES (1, 2, 3);
---
CREATE ROLE
CREATE ROLE
CREATE ROLE
GRANT ROLE
CREATE TABLE
INSERT 0 1

# Nobody else's before something is granted.
b@app: SELECT current_user, session_user;
b@app: SELECT * FROM t;
b@app: SELECT 1 FROM t;
b@app: INSERT INTO t VALUES (2, 2, 2);
b@app: UPDATE t SET a = 1;
b@app: DELETE FROM t;
b@app: TRUNCATE t;
b@app: DROP TABLE t;
b@app: ALTER TABLE t ADD COLUMN c int;
b@app: CREATE INDEX ON t (a);
b@app: CREATE TABLE u (id int);
b@app: CREATE SCHEMA s;
b@app: GRANT SELECT ON t TO app;
b@app: COPY t TO STDOUT;
b@app: EXPLAIN SELECT * FROM t;
b@app: SELECT * FROM (SELECT * FROM t) q;
b@app: WITH w AS (SELECT * FROM t) SELECT 1;
b@app: WITH w AS (SELECT * FROM t) SELECT 1 FROM w;
b@app: WITH RECURSIVE w AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM w WHERE n < 3 AND EXISTS (SELECT 1 FROM t)) SELECT * FROM w;
b@app: INSERT INTO t VALUES (11, 1, 1), (12, 1, 1), (13, 1, 1), (14, 1, 1), (15, 1, 1), (16, 1, 1), (17, 1, 1), (18, 1, 1), (19, 1, 1), (20, 1, 1), (21, 1, 1), (22, 1, 1);
b@app: COPY t FROM STDIN;
b@app: BEGIN;
b@app: DECLARE c CURSOR FOR SELECT * FROM t;
b@app: ROLLBACK;
b@app: SELECT (SELECT a FROM t);
b@app: SELECT 1 WHERE EXISTS (SELECT 1 FROM t);
b@app: COMMENT ON TABLE t IS 'x';
b@app: SELECT table_name FROM information_schema.tables WHERE table_schema = 'public';
b@app: PREPARE p AS SELECT * FROM t;
b@app: EXECUTE p;
---
b: current_user|session_user
b: app|app
b: SELECT 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: must be owner of table t
b: ERROR 42501: must be owner of table t
b: ERROR 42501: must be owner of table t
b: ERROR 42501: permission denied for schema public
b: ERROR 42501: permission denied for database postgres
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ?column?
b: 1
b: SELECT 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: BEGIN
b: ERROR 42501: permission denied for table t
b: ROLLBACK
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: must be owner of table t
b: table_name
b: SELECT 0
b: PREPARE
b: ERROR 42501: permission denied for table t

# A grant counts at the next statement, and no longer than until it is revoked; prepared statements are no exception.
GRANT SELECT ON t TO app;
b@app: SELECT * FROM t;
b@app: EXECUTE p;
b@app: SELECT table_name FROM information_schema.tables WHERE table_schema = 'public';
b@app: SELECT count(*), sum(x.a) FROM t x JOIN t y USING (id) GROUP BY x.b;
b@app: UPDATE t SET a = 1;
REVOKE SELECT ON t FROM app;
b@app: EXECUTE p;
b@app: SELECT * FROM t;
---
GRANT
b: id|a|b
b: 1|2|3
b: SELECT 1
b: id|a|b
b: 1|2|3
b: SELECT 1
b: table_name
b: t
b: SELECT 1
b: count|sum
b: 1|2
b: SELECT 1
b: ERROR 42501: permission denied for table t
REVOKE
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t

# Writing what is not read needs no SELECT.
GRANT INSERT, UPDATE, DELETE ON t TO app;
b@app: INSERT INTO t VALUES (2, 2, 2);
b@app: INSERT INTO t VALUES (3, 2, 2) RETURNING id;
b@app: UPDATE t SET a = 5;
b@app: UPDATE t SET a = a + 1;
b@app: UPDATE t SET a = 5 WHERE id = 1;
b@app: UPDATE t SET a = 6 RETURNING 1;
b@app: DELETE FROM t WHERE id = 2;
b@app: INSERT INTO t VALUES (2, 2, 2) ON CONFLICT (id) DO NOTHING;
b@app: INSERT INTO t VALUES (2, 2, 2) ON CONFLICT DO NOTHING;
b@app: INSERT INTO t VALUES (2, 2, 2) ON CONFLICT (id) DO UPDATE SET a = 1;
b@app: INSERT INTO t SELECT id + 10, a, b FROM t;
b@app: DELETE FROM t;
SELECT * FROM t;
---
GRANT
b: INSERT 0 1
b: ERROR 42501: permission denied for table t
b: UPDATE 2
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ?column?
b: 1
b: 1
b: UPDATE 2
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: INSERT 0 0
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: DELETE 2
id|a|b
SELECT 0

# FOR UPDATE needs UPDATE; both need SELECT.
INSERT INTO t VALUES (1, 2, 3);
REVOKE ALL ON t FROM app;
GRANT SELECT ON t TO app;
b@app: SELECT * FROM t WHERE id = 1 FOR UPDATE;
b@app: SELECT * FROM t WHERE id = 1 FOR KEY SHARE;
GRANT UPDATE ON t TO app;
b@app: SELECT * FROM t WHERE id = 1 FOR UPDATE;
REVOKE SELECT ON t FROM app;
b@app: SELECT * FROM t WHERE id = 1 FOR UPDATE;
REVOKE ALL ON t FROM app;
---
INSERT 0 1
REVOKE
GRANT
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
GRANT
b: id|a|b
b: 1|2|3
b: SELECT 1
REVOKE
b: ERROR 42501: permission denied for table t
REVOKE

# Columns.
GRANT SELECT (id, a), INSERT (id), UPDATE (b) ON t TO app;
b@app: SELECT id, a FROM t;
b@app: SELECT id FROM t WHERE a = 2 ORDER BY id;
b@app: SELECT count(*) FROM t;
b@app: SELECT * FROM t;
b@app: SELECT id FROM t WHERE b = 3;
b@app: SELECT id FROM t ORDER BY b;
b@app: SELECT x FROM t x;
b@app: SELECT t.* FROM t;
b@app: SELECT q.id FROM (SELECT id, a FROM t) q;
b@app: SELECT x.id FROM t x JOIN t y ON x.id = y.b;
b@app: SELECT x.id FROM t x NATURAL JOIN t y;
b@app: INSERT INTO t (id) VALUES (7) RETURNING id, a;
b@app: INSERT INTO t (id, a) VALUES (8, 1);
b@app: INSERT INTO t VALUES (8);
b@app: INSERT INTO t VALUES (9, 1);
b@app: UPDATE t SET b = 4 WHERE id = 7;
b@app: UPDATE t SET b = b + 1 WHERE id = 7;
b@app: UPDATE t SET a = 4 WHERE id = 7;
b@app: UPDATE t SET b = 4 WHERE id = 7 RETURNING b;
b@app: INSERT INTO t (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET b = 9;
b@app: INSERT INTO t (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET b = excluded.id;
b@app: INSERT INTO t (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET b = excluded.b;
b@app: INSERT INTO t (id) VALUES (7) ON CONFLICT (id) DO UPDATE SET a = 9;
b@app: SELECT id FROM t WHERE id = 7 FOR UPDATE;
b@app: COPY t (id, a) TO STDOUT;
b@app: COPY t TO STDOUT;
b@app: DELETE FROM t;
SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;
REVOKE SELECT ON t FROM app;
b@app: SELECT id FROM t;
REVOKE ALL ON t FROM app;
SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;
---
GRANT
b: id|a
b: 1|2
b: SELECT 1
b: id
b: 1
b: SELECT 1
b: count
b: 1
b: SELECT 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: id
b: 1
b: SELECT 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: id|a
b: 7|NULL
b: INSERT 0 1
b: ERROR 42501: permission denied for table t
b: INSERT 0 1
b: ERROR 42501: permission denied for table t
b: UPDATE 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: INSERT 0 1
b: INSERT 0 1
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
b: id
b: 7
b: SELECT 1
b: COPY 3
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
attname|attacl
id|{app=ar/admin}
a|{app=r/admin}
b|{app=w/admin}
SELECT 3
REVOKE
b: ERROR 42501: permission denied for table t
REVOKE
attname|attacl
id|NULL
a|NULL
b|NULL
SELECT 3

# Through a group; what a group has its members have, unless they do not inherit.
GRANT SELECT ON t TO staff;
c@bob: SELECT id FROM t ORDER BY id;
GRANT staff TO bob WITH INHERIT FALSE;
c@bob: SELECT id FROM t ORDER BY id;
c@bob: SET ROLE staff;
c@bob: SELECT current_user, session_user, current_role, user;
c@bob: SHOW role;
c@bob: SELECT id FROM t ORDER BY id;
c@bob: RESET ROLE;
c@bob: SELECT id FROM t ORDER BY id;
REVOKE SET OPTION FOR staff FROM bob;
c@bob: SET ROLE staff;
c@bob: SET ROLE app;
c@bob: SET ROLE nobody;
c@bob: SET ROLE bob;
c@bob: SET ROLE none;
REVOKE staff FROM bob;
REVOKE staff FROM bob;
---
GRANT
c: id
c: 1
c: 7
c: 8
c: SELECT 3
GRANT ROLE
c: ERROR 42501: permission denied for table t
c: SET
c: current_user|session_user|current_role|user
c: staff|bob|staff|staff
c: SELECT 1
c: role
c: staff
c: SHOW
c: id
c: 1
c: 7
c: 8
c: SELECT 3
c: RESET
c: ERROR 42501: permission denied for table t
REVOKE ROLE
c: ERROR 42501: permission denied to set role "staff"
c: ERROR 42501: permission denied to set role "app"
c: ERROR 22023: role "nobody" does not exist
c: SET
c: SET
REVOKE ROLE
WARNING: role "bob" has not been granted membership in role "staff" by role "admin"
REVOKE ROLE

# PUBLIC; admin is stopped by nothing, and sees with another's eyes by SET ROLE.
GRANT SELECT ON t TO PUBLIC;
c@bob: SELECT id FROM t ORDER BY id;
REVOKE SELECT ON t FROM PUBLIC;
c@bob: SELECT id FROM t ORDER BY id;
SET ROLE bob;
SELECT current_user, session_user;
SELECT id FROM t;
RESET ROLE;
BEGIN;
SET LOCAL ROLE bob;
SELECT current_user;
COMMIT;
SELECT current_user;
BEGIN;
SET ROLE bob;
ROLLBACK;
SELECT current_user;
---
GRANT
c: id
c: 1
c: 7
c: 8
c: SELECT 3
REVOKE
c: ERROR 42501: permission denied for table t
SET
current_user|session_user
bob|admin
SELECT 1
ERROR 42501: permission denied for table t
RESET
BEGIN
SET
current_user
bob
SELECT 1
COMMIT
current_user
admin
SELECT 1
BEGIN
SET
ROLLBACK
current_user
admin
SELECT 1

# Grant options.
GRANT SELECT, UPDATE ON t TO app WITH GRANT OPTION;
b@app: GRANT SELECT ON t TO bob;
b@app: GRANT DELETE ON t TO bob;
b@app: GRANT ALL ON t TO bob;
b@app: GRANT SELECT, DELETE ON t TO bob;
c@bob: GRANT SELECT ON t TO staff;
SELECT relacl FROM pg_class WHERE relname = 't';
REVOKE GRANT OPTION FOR SELECT ON t FROM app;
REVOKE GRANT OPTION FOR SELECT ON t FROM app CASCADE;
SELECT relacl FROM pg_class WHERE relname = 't';
REVOKE ALL ON t FROM app CASCADE;
SELECT relacl FROM pg_class WHERE relname = 't';
GRANT SELECT ON t TO PUBLIC WITH GRANT OPTION;
GRANT EXECUTE ON t TO app;
GRANT foo ON t TO app;
GRANT DELETE (a) ON t TO app;
GRANT SELECT (zzz) ON t TO app;
GRANT SELECT ON nothing TO app;
GRANT SELECT ON t_pkey TO app;
GRANT SELECT ON t TO nobody;
GRANT SELECT ON t TO app GRANTED BY app;
GRANT SELECT ON t TO app GRANTED BY CURRENT_USER;
REVOKE SELECT ON t FROM app;
---
GRANT
b: GRANT
b: WARNING: no privileges were granted for "t"
b: GRANT
b: GRANT
b: WARNING: not all privileges were granted for "t"
b: GRANT
c: WARNING: no privileges were granted for "t"
c: GRANT
relacl
{admin=arwdDxtm/admin,staff=r/admin,app=r*w*/admin,bob=rw/app}
SELECT 1
ERROR 2BP01: dependent privileges exist
  hint: Use CASCADE to revoke them too.
REVOKE
relacl
{admin=arwdDxtm/admin,staff=r/admin,app=rw*/admin,bob=w/app}
SELECT 1
REVOKE
relacl
{admin=arwdDxtm/admin,staff=r/admin}
SELECT 1
ERROR 0LP01: grant options can only be granted to roles
ERROR 0LP01: invalid privilege type EXECUTE for relation
ERROR 42601: unrecognized privilege type "foo"
ERROR 0LP01: invalid privilege type DELETE for column
ERROR 42703: column "zzz" of relation "t" does not exist
ERROR 42P01: relation "nothing" does not exist
ERROR 42809: "t_pkey" is an index
ERROR 42704: role "nobody" does not exist
ERROR 0A000: grantor must be current user
GRANT
REVOKE

# Schemas: USAGE to name what is in them, CREATE to put something there.
CREATE SCHEMA s;
CREATE TABLE s.x (id int PRIMARY KEY);
GRANT ALL ON s.x TO app;
b@app: SELECT * FROM s.x;
b@app: SELECT * FROM s.nothing;
b@app: SET search_path = s, public;
b@app: SELECT * FROM x;
b@app: CREATE TABLE s.y (id int PRIMARY KEY);
GRANT USAGE ON SCHEMA s TO app;
b@app: SELECT * FROM x;
b@app: SELECT * FROM s.x;
b@app: CREATE TABLE y (id int PRIMARY KEY);
GRANT CREATE ON SCHEMA s TO app;
b@app: CREATE TABLE y (id int PRIMARY KEY, n int DEFAULT 1, CHECK (n > 0));
b@app: INSERT INTO y VALUES (1);
b@app: CREATE INDEX ON y (n);
b@app: ALTER TABLE y ADD COLUMN m int;
b@app: REVOKE ALL ON y FROM app;
b@app: SELECT * FROM y;
b@app: ALTER TABLE y ALTER COLUMN n SET NOT NULL;
c@bob: DROP TABLE s.y;
SELECT * FROM s.y;
GRANT SELECT ON ALL TABLES IN SCHEMA s TO bob;
GRANT USAGE ON SCHEMA s TO PUBLIC;
c@bob: SELECT count(*) FROM s.x;
SELECT relname, relacl FROM pg_class WHERE relnamespace = 's'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT nspacl FROM pg_namespace WHERE nspname = 's';
GRANT SELECT ON SCHEMA s TO app;
c@bob: DROP SCHEMA s;
c@bob: GRANT USAGE ON SCHEMA s TO app;
---
CREATE SCHEMA
CREATE TABLE
GRANT
b: ERROR 42501: permission denied for schema s
b: ERROR 42501: permission denied for schema s
b: SET
b: ERROR 42P01: relation "x" does not exist
b: ERROR 42501: permission denied for schema s
GRANT
b: id
b: SELECT 0
b: id
b: SELECT 0
b: ERROR 42501: permission denied for schema s
GRANT
b: CREATE TABLE
b: INSERT 0 1
b: CREATE INDEX
b: ALTER TABLE
b: REVOKE
b: ERROR 42501: permission denied for table y
b: ALTER TABLE
c: ERROR 42501: permission denied for schema s
id|n|m
1|1|NULL
SELECT 1
GRANT
GRANT
c: count
c: 0
c: SELECT 1
relname|relacl
x|{admin=arwdDxtm/admin,app=arwdDxtm/admin,bob=r/admin}
y|{bob=r/app}
SELECT 2
nspacl
{admin=UC/admin,app=UC/admin,=U/admin}
SELECT 1
ERROR 0LP01: invalid privilege type SELECT for schema
c: ERROR 42501: must be owner of schema s
c: WARNING: no privileges were granted for "s"
c: GRANT

# Owners.
ALTER TABLE t OWNER TO app;
b@app: SELECT id FROM t WHERE id = 1;
b@app: ALTER TABLE t ADD COLUMN c int;
b@app: ALTER TABLE t OWNER TO bob;
b@app: ALTER TABLE t OWNER TO staff;
b@app: ALTER TABLE t RENAME TO tt;
SELECT relowner::regrole, relacl FROM pg_class WHERE relname = 't';
SELECT tableowner FROM pg_tables WHERE tablename = 't';
ALTER SCHEMA s OWNER TO app;
b@app: DROP TABLE s.x;
DROP ROLE app;
DROP ROLE bob, staff;
REVOKE ALL ON ALL TABLES IN SCHEMA s FROM bob;
REVOKE ALL ON SCHEMA s FROM bob;
REVOKE ALL ON t FROM bob, staff;
DROP ROLE bob, staff;
c@bob: SELECT id FROM t ORDER BY id;
---
ALTER TABLE
b: id
b: 1
b: SELECT 1
b: ALTER TABLE
b: ERROR 42501: must be able to SET ROLE "bob"
b: ERROR 42501: must be able to SET ROLE "staff"
b: ERROR 42501: permission denied for schema public
relowner|relacl
app|{app=arwdDxtm/app,staff=r/app}
SELECT 1
tableowner
app
SELECT 1
ALTER SCHEMA
b: DROP TABLE
ERROR 2BP01: role "app" cannot be dropped because some objects depend on it
  detail: owner of table t
owner of table s.y
owner of schema s
ERROR 2BP01: role "bob" cannot be dropped because some objects depend on it
  detail: privileges for table s.y
REVOKE
REVOKE
REVOKE
DROP ROLE
c: ERROR 42501: permission denied for table t
