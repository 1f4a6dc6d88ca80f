# !open
# Answers that PostgreSQL 18 gives: arrays.sql in tests/sql/statements.

CREATE TABLE t (id int PRIMARY KEY, s text);
INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c d'), (4, 'NULL');
SELECT s FROM t WHERE s = ANY('{a,NULL}');
SELECT s FROM t WHERE NOT s = ANY('{a,NULL}');
SELECT s FROM t WHERE s = ANY('{a,"c d"}');
SELECT s FROM (SELECT * FROM t) q WHERE s = ANY('{a,"c d"}');
SELECT id FROM t WHERE id = ANY('{"1","2"}');
SELECT 1 = ANY('{1,x}');
---
CREATE TABLE
INSERT 0 4
s
a
SELECT 1
s
SELECT 0
s
a
c d
SELECT 2
s
a
c d
SELECT 2
id
1
2
SELECT 2
ERROR 22P02: invalid input syntax for type integer: "x"

SELECT id FROM t WHERE id <> ALL('{1,2}');
SELECT unnest('{1,2,3}'::int[]);
SELECT '{1,2}'::int[] || 3;
SELECT a || 3, 3 || a, a || a FROM (VALUES ('{1,2}'::int[])) v(a);
SELECT '{1,2}'::int[] = '{1, 2}'::int[];
SELECT * FROM unnest('{}'::text[]);
SELECT 'r'::"char" = ANY(ARRAY['r'::varchar, 'v'::varchar]);
SELECT (current_schemas(true))[1];
---
id
3
4
SELECT 2
unnest
1
2
3
SELECT 3
?column?
{1,2,3}
SELECT 1
?column?|?column?|?column?
{1,2,3}|{3,1,2}|{1,2,1,2}
SELECT 1
?column?
t
SELECT 1
unnest
SELECT 0
?column?
t
SELECT 1
current_schemas
pg_catalog
SELECT 1

SELECT array_agg(b) FROM (VALUES (true)) v(b);
SELECT array_agg(b) FROM (VALUES ('NaN'::float8), (1.5)) v(b);
SELECT array_agg(b) FROM (VALUES (interval '1 day 2 hours'), (NULL)) v(b);
SELECT array_agg(b) FROM (VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid)) v(b);
SELECT array_agg(b) FROM (VALUES ('\x01ff'::bytea)) v(b);
SELECT array_agg(b) FROM (VALUES (timestamp '2024-01-01 10:00')) v(b);
SELECT array_agg(b) FROM (VALUES (timestamptz '2024-01-01 10:00+00')) v(b);
SELECT array_agg(b) FROM (VALUES (1.10), (2.2)) v(b);
---
array_agg
{t}
SELECT 1
array_agg
{NaN,1.5}
SELECT 1
array_agg
{"1 day 02:00:00",NULL}
SELECT 1
array_agg
{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}
SELECT 1
array_agg
{"\\x01ff"}
SELECT 1
array_agg
{"2024-01-01 10:00:00"}
SELECT 1
array_agg
{"2024-01-01 10:00:00+00"}
SELECT 1
array_agg
{1.10,2.2}
SELECT 1

SELECT array_agg(s ORDER BY id DESC) FROM t;
SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p';
SELECT k, n FROM pg_index, unnest(indkey) WITH ORDINALITY u(k, n) WHERE indrelid = 't'::regclass;
SELECT generate_subscripts(indkey, 1) FROM pg_index WHERE indrelid = 't'::regclass;
SELECT array_position(conkey, 1::smallint), conkey[1] FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p';
SELECT (information_schema._pg_expandarray(indkey)).n FROM pg_index WHERE indrelid = 't'::regclass;
SELECT unnest('{1.10,2.5}'::numeric[]);
SELECT x FROM unnest('{1.10,2.5}'::numeric[]) u(x);
---
array_agg
{"NULL","c d",b,a}
SELECT 1
unnest
1
SELECT 1
k|n
1|1
SELECT 1
generate_subscripts
0
SELECT 1
array_position|conkey
1|1
SELECT 1
n
1
SELECT 1
unnest
1.10
2.5
SELECT 2
x
1.10
2.5
SELECT 2

SELECT a, b FROM unnest('{1,2}'::int[], '{x,y,z}'::text[]) u(a, b);
SELECT array_agg(x) FROM unnest('{3,1,2}'::int[]) u(x);
SELECT array(SELECT id FROM t ORDER BY id);
SELECT array_to_string('{1,NULL,3}'::int[], ',', '*'), array_length('{1,2}'::int[], 1), cardinality('{{1,2},{3,4}}'::int[]);
SELECT array_fill(7, ARRAY[2, 2]), array_fill('x'::text, '{3}'), array_fill(0, '{2}', '{5}');
SELECT trim_array('{1,2,3}'::int[], 1), array_reverse('{1,2,3}'::int[]), array_sort('{3,1,2}'::int[]);
SELECT ARRAY[1, 2.5], ARRAY['a', NULL], ARRAY[[1, 2], [3, 4]], ARRAY[1, 2]::text[];
SELECT pg_typeof(ARRAY[1, 2.5]), pg_typeof(ARRAY['a']), '{1,2}'::int[]::text, '{1,2}'::text::int[];
---
a|b
1|x
2|y
NULL|z
SELECT 3
array_agg
{3,1,2}
SELECT 1
array
{1,2,3,4}
SELECT 1
array_to_string|array_length|cardinality
1,*,3|2|4
SELECT 1
array_fill|array_fill|array_fill
{{7,7},{7,7}}|{x,x,x}|[5:6]={0,0}
SELECT 1
trim_array|array_reverse|array_sort
{1,2}|{3,2,1}|{1,2,3}
SELECT 1
array|array|array|array
{1,2.5}|{a,NULL}|{{1,2},{3,4}}|{1,2}
SELECT 1
pg_typeof|pg_typeof|text|int4
numeric[]|text[]|{1,2}|{1,2}
SELECT 1

SELECT ('{1,2,3}'::int[])[2], ('{1,2,3}'::int[])[2:3], ('{1,2,3}'::int[])[:2], ('{{1,2},{3,4}}'::int[])[2][1];
SELECT id FROM t WHERE s LIKE ANY('{a%,b%}') ORDER BY id;
SELECT id FROM t WHERE s ILIKE ANY(ARRAY['A%', 'B%']) ORDER BY id;
SELECT id FROM t WHERE id > ANY('{2,3}') ORDER BY id;
SELECT min(a), max(a) FROM (VALUES ('{1,2}'::int[]), ('{1,10}')) v(a);
SELECT a, count(*) FROM (VALUES ('{1,2}'::int[]), ('{1,2}'), (NULL)) v(a) GROUP BY a ORDER BY a;
SELECT DISTINCT a FROM (VALUES ('{1.0}'::numeric[]), ('{1.00}')) v(a);
SELECT a FROM (VALUES ('{2}'::int[]), ('{1,5}'), ('{1}')) v(a) ORDER BY a DESC;
---
int4|int4|int4|int4
2|{2,3}|{1,2}|3
SELECT 1
id
1
2
SELECT 2
id
1
2
SELECT 2
id
3
4
SELECT 2
min|max
{1,2}|{1,10}
SELECT 1
a|count
{1,2}|2
NULL|1
SELECT 2
a
{1.0}
SELECT 1
a
{2}
{1,5}
{1}
SELECT 3

SELECT array_agg(a) FROM (VALUES ('{1,2}'::int[]), ('{3,4}')) v(a);
SELECT x = ANY(a) FROM (VALUES (1, '{1,2}'::int[]), (5, '{}'), (NULL, '{1}')) v(x, a);
SELECT coalesce(a, '{}'), CASE WHEN a IS NULL THEN '{0}' ELSE a END, greatest(a, '{2}') FROM (VALUES ('{1,2}'::int[]), (NULL)) v(a);
SELECT '{1,2}'::int4[] = '{1,2}'::int8[];
SELECT '{1,2}'::int4[]::int8[], '{1.5,2.5}'::numeric[]::int[], '{a}'::text[]::varchar(3)[];
SELECT string_to_array('a b c', ' ') @> '{a}', '{1,2}'::int[] && '{2,3}';
SELECT unnest(ARRAY[[1,2],[3,4]]), unnest('{t,f}'::bool[]);
SELECT array_dims('{{1,2},{3,4}}'::int[]), array_upper('[3:4]={1,2}'::int[], 1), array_ndims('{}'::int[]);
---
array_agg
{{1,2},{3,4}}
SELECT 1
?column?
t
f
NULL
SELECT 3
coalesce|a|greatest
{1,2}|{1,2}|{2}
{}|{0}|{2}
SELECT 2
ERROR 42883: operator does not exist: integer[] = bigint[]
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
int8|int4|varchar
{1,2}|{2,3}|{a}
SELECT 1
?column?|?column?
t|t
SELECT 1
unnest|unnest
1|t
2|f
3|NULL
4|NULL
SELECT 4
array_dims|array_upper|array_ndims
[1:2][1:2]|4|NULL
SELECT 1

SELECT lag(a) OVER (ORDER BY a) FROM (VALUES ('{1}'::int[]), ('{2}')) v(a);
SELECT a FROM (VALUES ('{1}'::int[])) v(a) UNION SELECT '{2}' UNION SELECT NULL;
SELECT array_append(NULL::int[], 1), array_prepend(1, '{2}'), array_cat('{1}'::int[], '{2}'), array_remove('{1,2,1}'::int[], 1), array_replace('{1,2}'::int[], 1, 9);
SELECT * FROM unnest('{a,b}'::text[]) WITH ORDINALITY AS u(x, n);
SELECT t.id, u.x FROM t, unnest(string_to_array(t.s, ' ')) u(x) ORDER BY 1, 2;
---
lag
NULL
{1}
SELECT 2
a
{1}
NULL
{2}
SELECT 3
array_append|array_prepend|array_cat|array_remove|array_replace
{1}|{1,2}|{1,2}|{2}|{9,2}
SELECT 1
x|n
a|1
b|2
SELECT 2
id|x
1|a
2|b
3|c
3|d
4|NULL
SELECT 5
