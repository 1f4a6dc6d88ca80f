# Slices: clipped to the array, counted from 1 again; a single subscript beside one means 1 to it.
SELECT (ARRAY[1,2,3])[1:2], (ARRAY[1,2,3])[2:], (ARRAY[1,2,3])[:2], (ARRAY[1,2,3])[:], (ARRAY[1,2,3])[5:6], (ARRAY[1,2,3])[NULL:2];
SELECT ('{{1,2,3},{4,5,6}}'::int[])[1:2][2:3], ('{{1,2,3},{4,5,6}}'::int[])[2:2], ('{{1,2,3},{4,5,6}}'::int[])[1:2][2];
SELECT ('[5:7]={1,2,3}'::int[])[6:9], ('{1,2}'::int[])[2:1], ('{1,2}'::int[])[1:2][1:1];
SELECT (string_to_array(q.s || ',x,y', ','))[2:q.id] FROM (SELECT id, 'a' AS s FROM generate_series(1, 3) g(id)) q ORDER BY id;
SELECT (ARRAY[1])[1:'x'];
---
array|array|array|array|array|array
{1,2}|{2,3}|{1,2}|{1,2,3}|{}|NULL
SELECT 1
int4|int4|int4
{{2,3},{5,6}}|{{4,5,6}}|{{1,2},{4,5}}
SELECT 1
int4|int4|int4
{2,3}|{}|{}
SELECT 1
string_to_array
{}
{x}
{x,y}
SELECT 3
ERROR 22P02: invalid input syntax for type integer: "x"

# An order: by the elements, NULL last among them, then by number, dimensions and bounds.
SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[1]), (ARRAY[10]), (ARRAY[2]), ('{}'), (NULL), ('{1,NULL}'), ('[2:2]={1}'), ('{{1,2}}')) v(a) ORDER BY a;
SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[1]), (NULL)) v(a) ORDER BY a DESC NULLS LAST;
SELECT max(a), min(a) FROM (VALUES (ARRAY[1]), (ARRAY[10]), (ARRAY[2]), (NULL)) v(a);
SELECT max(a), min(a) FROM (VALUES (ARRAY['b','a']), (ARRAY['b']), (ARRAY['a','z'])) v(a);
SELECT a, row_number() OVER (ORDER BY a) FROM (VALUES (ARRAY[2]), (ARRAY[10])) v(a) ORDER BY 2;
SELECT a FROM (VALUES (ARRAY[1.5]), (ARRAY[1.25])) v(a) ORDER BY a;
---
a
{}
{1}
[2:2]={1}
{1,2}
{{1,2}}
{1,NULL}
{2}
{10}
NULL
SELECT 9
a
{1,2}
{1}
NULL
SELECT 3
max|min
{10}|{1}
SELECT 1
max|min
{b,a}|{a,z}
SELECT 1
a|row_number
{2}|1
{10}|2
SELECT 2
a
{1.25}
{1.5}
SELECT 2

# What pgjdbc asks for a table's primary key, and for its indexes.
CREATE TABLE k (id int, b text, c int, PRIMARY KEY (c, id));
SELECT result.TABLE_NAME, result.COLUMN_NAME, result.KEY_SEQ, result.PK_NAME FROM (SELECT ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME, (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME, information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE true AND n.nspname = 'public' AND ct.relname = 'k' AND i.indisprimary) result where result.A_ATTNUM = (result.KEYS).x ORDER BY result.table_name, result.pk_name, result.key_seq;
SELECT tmp.INDEX_NAME, tmp.ORDINAL_POSITION, trim(both '"' from pg_catalog.pg_get_indexdef(tmp.CI_OID, tmp.ORDINAL_POSITION, false)) AS COLUMN_NAME FROM (SELECT ci.relname AS INDEX_NAME, (information_schema._pg_expandarray(i.indkey)).n AS ORDINAL_POSITION, ci.oid AS CI_OID FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_index i ON (ct.oid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE ct.relname = 'k') AS tmp ORDER BY INDEX_NAME, ORDINAL_POSITION;
SELECT (information_schema._pg_expandarray('{7,8}'::int2[])).*;
SELECT (information_schema._pg_expandarray('{7,8}'::int2[])).n;
SELECT information_schema._pg_expandarray(indkey) FROM pg_index;
SELECT 1 WHERE (information_schema._pg_expandarray('{7,8}'::int2[])).n = 1;
---
CREATE TABLE
table_name|column_name|key_seq|pk_name
k|c|1|k_pkey
k|id|2|k_pkey
SELECT 2
index_name|ordinal_position|column_name
k_pkey|1|c
k_pkey|2|id
SELECT 2
ERROR 0A000: this kind of expression is not supported here: field selection
n
1
2
SELECT 2
ERROR 0A000: rows of _pg_expandarray are supported within a query only
ERROR 0A000: set-returning functions are not allowed in WHERE
