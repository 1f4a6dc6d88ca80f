# !open: what clients ask when they connect, introspect and release a connection. PostgreSQL 18 answers the same but for oids.

CREATE TABLE w (i int PRIMARY KEY, a text NOT NULL, b numeric(5, 2) CHECK (b > 0), UNIQUE (a, b));
INSERT INTO w VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3);
---
CREATE TABLE
INSERT 0 3

# asyncpg's pools, at each release; Django's and Sequelize's connects.
SELECT count(*) FROM (SELECT pg_advisory_unlock_all()) AS released; CLOSE ALL; UNLISTEN *; RESET ALL;
SELECT set_config('TimeZone', 'Asia/Tokyo', false);
SHOW TimeZone;
SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;
SHOW TimeZone;
SELECT length(pg_catalog.set_config('search_path', '', false));
SELECT current_schema(), current_schemas(true), current_schemas(false);
RESET ALL;
SELECT current_schema(), current_schemas(true), (current_schemas(true))[1];
BEGIN READ ONLY;
SELECT current_setting('transaction_read_only');
ROLLBACK;
---
count
1
SELECT 1
CLOSE CURSOR ALL
UNLISTEN
RESET
set_config
Asia/Tokyo
SELECT 1
TimeZone
Asia/Tokyo
SHOW
SET
TimeZone
<+00>-00
SHOW
length
0
SELECT 1
current_schema|current_schemas|current_schemas
NULL|{pg_catalog}|{}
SELECT 1
RESET
current_schema|current_schemas|current_schemas
public|{pg_catalog,public}|pg_catalog
SELECT 1
BEGIN
current_setting
on
SELECT 1
ROLLBACK

# Cursors WITH HOLD outlive their transaction, with what it saw.
DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT i FROM w ORDER BY i;
FETCH 1 FROM c;
BEGIN;
DECLARE d CURSOR WITH HOLD FOR SELECT i FROM w ORDER BY i;
DECLARE e CURSOR FOR SELECT 1;
DELETE FROM w WHERE i = 3;
COMMIT;
SELECT name, is_holdable FROM pg_cursors ORDER BY name;
FETCH ALL FROM d;
FETCH 1 FROM e;
FETCH ALL FROM c;
BEGIN;
DECLARE f CURSOR WITH HOLD FOR SELECT 1;
ROLLBACK;
FETCH 1 FROM f;
CLOSE ALL;
FETCH 1 FROM c;
PREPARE q (int) AS SELECT * FROM w WHERE i = $1;
SELECT name, statement, parameter_types, result_types, from_sql FROM pg_prepared_statements;
SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
---
DECLARE CURSOR
i
1
FETCH 1
BEGIN
DECLARE CURSOR
DECLARE CURSOR
DELETE 1
COMMIT
name|is_holdable
c|t
d|t
SELECT 2
i
1
2
3
FETCH 3
ERROR 34000: cursor "e" does not exist
i
2
3
FETCH 2
BEGIN
DECLARE CURSOR
ROLLBACK
ERROR 34000: cursor "f" does not exist
CLOSE CURSOR ALL
ERROR 34000: cursor "c" does not exist
PREPARE
name|statement|parameter_types|result_types|from_sql
q|PREPARE q (int) AS SELECT * FROM w WHERE i = $1;|{integer}|{integer,text,numeric}|t
SELECT 1
query
SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();
SELECT 1

# Comments are kept with what they describe.
COMMENT ON TABLE w IS 'a table';
COMMENT ON COLUMN w.a IS 'a column';
COMMENT ON INDEX w_pkey IS 'an index';
COMMENT ON CONSTRAINT w_b_check ON w IS 'a check';
COMMENT ON SCHEMA public IS 'a schema';
COMMENT ON TABLE nowhere IS 'x';
COMMENT ON COLUMN w.nothing IS 'x';
COMMENT ON CONSTRAINT nothing ON w IS 'x';
SELECT obj_description('w'::regclass), obj_description('w'::regclass, 'pg_class'), col_description('w'::regclass, 2);
SELECT classoid::regclass, objsubid, description FROM pg_description ORDER BY description;
ALTER TABLE w RENAME CONSTRAINT w_b_check TO positive;
SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conname = 'positive';
ALTER TABLE w DROP CONSTRAINT positive;
COMMENT ON TABLE w IS NULL;
SELECT description FROM pg_description ORDER BY description;
---
COMMENT
COMMENT
COMMENT
COMMENT
COMMENT
ERROR 42P01: relation "nowhere" does not exist
ERROR 42703: column "nothing" of relation "w" does not exist
ERROR 42704: constraint "nothing" for table "w" does not exist
obj_description|obj_description|col_description
a table|a table|a column
SELECT 1
classoid|objsubid|description
pg_constraint|0|a check
pg_class|2|a column
pg_namespace|0|a schema
pg_class|0|a table
pg_class|0|an index
SELECT 5
ALTER TABLE
obj_description
a check
SELECT 1
ALTER TABLE
COMMENT
description
a column
a schema
an index
SELECT 3

# Privileges: the object, the privilege and the role have to be there.
SELECT has_table_privilege('w', 'SELECT'), has_table_privilege('w', 'nonsense');
SELECT has_table_privilege('nowhere', 'SELECT');
SELECT has_table_privilege('nobody', 'w', 'SELECT');
SELECT has_table_privilege(1::oid, 'SELECT'), has_table_privilege(99999::oid, 'SELECT'), has_any_column_privilege('w', 'SELECT, INSERT');
SELECT has_column_privilege('w', 'nothing', 'SELECT');
SELECT has_schema_privilege('public', 'CREATE'), has_database_privilege('postgres', 'CONNECT'), pg_has_role('admin', 'USAGE');
SELECT pg_database_size('nowhere');
---
ERROR 22023: unrecognized privilege type: "nonsense"
ERROR 42P01: relation "nowhere" does not exist
ERROR 42704: role "nobody" does not exist
has_table_privilege|has_table_privilege|has_any_column_privilege
t|NULL|t
SELECT 1
ERROR 42703: column "nothing" of relation "w" does not exist
has_schema_privilege|has_database_privilege|pg_has_role
t|t|t
SELECT 1
ERROR 3D000: database "nowhere" does not exist

# Keys as arrays, functions and their oids, JSON and format as catalog queries use them.
SELECT conname, u.a, u.n FROM pg_constraint c, unnest(c.conkey) WITH ORDINALITY u(a, n) ORDER BY 1, 2;
SELECT (information_schema._pg_expandarray(i.indkey)).n FROM pg_index i WHERE indisprimary;
SELECT typname FROM pg_type WHERE typreceive != 0 AND typreceive::text = 'array_recv' AND typname = '_int4';
SELECT proname FROM pg_type t JOIN pg_proc p ON p.oid = t.typreceive WHERE t.oid = 23;
SELECT 'int4in'::regproc, 'abs(int4)'::regprocedure, 'int4in'::regproc::oid, 'decimal(8,2)'::regtype::oid;
SELECT 'abs'::regproc;
SELECT to_regclass('w'), to_regclass('nowhere'), to_regtype('int4'), to_regproc('nothing');
SELECT json_build_object('a', 1, 'b', true, 'c', NULL, 'd', 'x"y', 1, 2.50);
SELECT format('%I.%s|%L|%5s|%-5s|%2$s|%%', 'a b', 3, 'x''y', 'q', 'r');
SELECT pg_get_serial_sequence('w', 'i'), pg_is_in_recovery();
SELECT pg_get_serial_sequence('w', 'nothing');
SELECT c.tableoid::regclass, 'pg_class'::regclass::oid FROM pg_class c WHERE relname = 'w';
SELECT count(*) > 100 FROM pg_timezone_names;
SELECT rngtypid FROM pg_range WHERE rngsubtype = 23;
---
conname|a|n
w_a_b_key|2|1
w_a_b_key|3|2
w_pkey|1|1
SELECT 3
n
1
SELECT 1
typname
_int4
SELECT 1
proname
int4recv
SELECT 1
regproc|regprocedure|oid|oid
int4in|abs(integer)|42|1700
SELECT 1
ERROR 42725: more than one function named "abs"
to_regclass|to_regclass|to_regtype|to_regproc
w|NULL|integer|NULL
SELECT 1
json_build_object
{"a" : 1, "b" : true, "c" : null, "d" : "x\"y", "1" : 2.50}
SELECT 1
format
"a b".3|'x''y'|    q|r    |3|%
SELECT 1
pg_get_serial_sequence|pg_is_in_recovery
NULL|f
SELECT 1
ERROR 42703: column "nothing" of relation "w" does not exist
tableoid|oid
pg_class|1259
SELECT 1
?column?
t
SELECT 1
rngtypid
3904
SELECT 1
