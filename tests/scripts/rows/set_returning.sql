# Functions that return sets, in FROM and in the select list.
CREATE TABLE t (id int PRIMARY KEY, tags text);
INSERT INTO t VALUES (1, 'a,b'), (2, 'c'), (3, NULL), (4, '');
---
CREATE TABLE
INSERT 0 4

# A row for each element; without any, the row is gone. Several go side by side.
SELECT id, unnest(string_to_array(tags, ',')) AS tag FROM t ORDER BY id, tag;
SELECT unnest(ARRAY[1, 2, 3]), unnest('{a,b}'::text[]);
SELECT unnest(ARRAY[3, 1, 2]) AS x ORDER BY x;
SELECT unnest(ARRAY[3, 1, 2]) AS x ORDER BY 1 DESC LIMIT 2;
SELECT DISTINCT unnest('{1,1,2}'::int[]) AS u ORDER BY u;
SELECT unnest('{1,2}'::int[]) * 10 AS x ORDER BY x;
SELECT unnest('{1,2}'::int[]) AS u, count(*) FROM t GROUP BY u ORDER BY u;
SELECT id FROM t WHERE id IN (SELECT unnest('{1,2}'::int[])) ORDER BY id;
SELECT unnest(NULL::int[]);
---
id|tag
1|a
1|b
2|c
SELECT 3
unnest|unnest
1|a
2|b
3|NULL
SELECT 3
x
1
2
3
SELECT 3
x
3
2
SELECT 2
u
1
2
SELECT 2
x
10
20
SELECT 2
u|count
1|4
2|4
SELECT 2
id
1
2
SELECT 2
unnest
SELECT 0

# generate_series, generate_subscripts, string_to_table.
SELECT generate_series(1, 3);
SELECT id, generate_series(1, id) AS g FROM t WHERE id < 3 ORDER BY id, g;
SELECT generate_series(1, 3) + 1 AS x ORDER BY x DESC;
SELECT generate_series(timestamp '2026-01-01', '2026-01-03', '1 day') AS day;
SELECT generate_subscripts('{a,b,c}'::text[], 1), unnest('{a,b,c}'::text[]) AS item;
SELECT generate_subscripts('[0:2]={a,b,c}'::text[], 1, true) AS i;
SELECT * FROM generate_subscripts('{{1,2},{3,4},{5,6}}'::int[], 1) g, generate_subscripts('{{1,2}}'::int[], 3) h;
SELECT s, ('{x,y}'::text[])[s] AS item FROM generate_subscripts('{x,y}'::text[], 1) s;
SELECT c.relname, generate_subscripts(i.indkey, 1) AS place FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relname = 't';
SELECT string_to_table('a,b,,c', ',', ''), string_to_table('xy', NULL);
SELECT * FROM string_to_table('a b', ' ') WITH ORDINALITY;
---
generate_series
1
2
3
SELECT 3
id|g
1|1
2|1
2|2
SELECT 3
x
4
3
2
SELECT 3
day
2026-01-01 00:00:00
2026-01-02 00:00:00
2026-01-03 00:00:00
SELECT 3
generate_subscripts|item
1|a
2|b
3|c
SELECT 3
i
2
1
0
SELECT 3
g|h
SELECT 0
s|item
1|x
2|y
SELECT 2
relname|place
t|0
SELECT 1
string_to_table|string_to_table
a|x
b|y
NULL|NULL
c|NULL
SELECT 4
string_to_table|ordinality
a|1
b|2
SELECT 2

# No table is partitioned. The second is what psql 18 asks for foreign keys to a table.
SELECT pg_partition_ancestors('t');
SELECT conname, conrelid::pg_catalog.regclass AS ontable, pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint c WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('16384') UNION ALL VALUES ('16384'::pg_catalog.regclass)) AND contype = 'f' AND conparentid = 0 ORDER BY conname;
SELECT count(*) FROM pg_partition_ancestors('t'::regclass);
SELECT pg_partition_ancestors();
---
pg_partition_ancestors
SELECT 0
conname|ontable|condef
SELECT 0
count
0
SELECT 1
ERROR 42883: function pg_partition_ancestors() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.

# Not where PostgreSQL has none, and not where a series would be counted.
SELECT id FROM t WHERE unnest('{1}'::int[]) = 1;
SELECT CASE WHEN id = 1 THEN unnest('{1,2}'::int[]) END FROM t;
SELECT coalesce(unnest('{1}'::int[]), 0);
SELECT count(*) FROM t HAVING generate_series(1, 2) = 1;
SELECT generate_series(1, 3), count(*) FROM t;
SELECT generate_subscripts(1, 1);
SELECT string_to_table('a');
---
ERROR 0A000: set-returning functions are not allowed in WHERE
ERROR 0A000: set-returning functions are not allowed here
ERROR 0A000: set-returning functions are not allowed here
ERROR 0A000: set-returning functions are not allowed in HAVING
ERROR 0A000: generate_series in a select list beside aggregates, windows or other sets is not supported; use it in FROM
ERROR 42883: function generate_subscripts(integer, integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function string_to_table(unknown) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
