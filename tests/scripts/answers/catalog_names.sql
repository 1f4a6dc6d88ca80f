# A relation of the catalog has an oid of its own, and the oid gives its name back; PostgreSQL's numbers where it fixes them

SELECT 'pg_class'::regclass::oid, 'pg_type'::regclass::oid, 'pg_tables'::regclass::oid <> 'pg_views'::regclass::oid AS apart;
SELECT 1259::regclass, 'pg_catalog.pg_tables'::regclass::oid::regclass, 'information_schema.tables'::regclass::oid::regclass;
SELECT 'int4'::regtype::oid;
SELECT 'nosuch'::regclass::oid;
---
oid|oid|apart
1259|1247|t
SELECT 1
regclass|regclass|regclass
pg_class|pg_tables|information_schema.tables
SELECT 1
oid
23
SELECT 1
ERROR 42P01: relation "nosuch" does not exist

# A number names a column in three clauses, and an error names the clause

CREATE TABLE t (id int PRIMARY KEY);
SELECT id FROM t GROUP BY 9;
SELECT id FROM t ORDER BY 9;
SELECT DISTINCT ON (9) id FROM t;
---
CREATE TABLE
ERROR 42P10: GROUP BY position 9 is not in select list
ERROR 42P10: ORDER BY position 9 is not in select list
ERROR 42P10: DISTINCT ON position 9 is not in select list

# Both executors know the session's schema

CREATE SCHEMA s;
SET search_path = nosuch, s;
SELECT current_schema();
SELECT current_schema() FROM (SELECT 1) AS x;
---
CREATE SCHEMA
SET
current_schema
s
SELECT 1
current_schema
s
SELECT 1
