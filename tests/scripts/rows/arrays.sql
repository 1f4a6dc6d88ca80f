# ANY and ALL of an array: any operator, three-valued logic, errors where the literal is none. All of it answered as by PostgreSQL 18
CREATE TABLE t (id int PRIMARY KEY, s text, v varchar(5), n numeric(5,2), f float8, d date, ts timestamp, b bool, u uuid, x bytea, i2 smallint, i8 bigint, c char(3));
INSERT INTO t VALUES (1,'a','va',1.5,'NaN','2026-01-01','2026-01-01 10:00',true,'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','\x01',1,1,'x'), (2,'b b','vb',2,2,'2026-01-02','2026-01-02 10:00',false,'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','\x02',2,2,'y'), (3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL), (4,'NULL','',0,-0.0,'infinity','infinity',true,NULL,'\x',4,4000000000,'');
SELECT id FROM t WHERE s = ANY('{a,NULL}') ORDER BY id;
SELECT id FROM t WHERE NOT s = ANY('{a,NULL}') ORDER BY id;
SELECT id FROM t WHERE s = ANY('{a,"NULL"}') ORDER BY id;
SELECT id FROM t WHERE s <> ALL('{a}') ORDER BY id;
SELECT id FROM t WHERE s <> ANY('{a}') ORDER BY id;
SELECT id FROM t WHERE s = ALL('{a}') ORDER BY id;
SELECT id FROM t WHERE s = ALL('{}') ORDER BY id;
SELECT id FROM t WHERE v = ANY('{va,""}') ORDER BY id;
SELECT id FROM t WHERE n = ANY('{1.50,0}') ORDER BY id;
SELECT id FROM t WHERE f = ANY('{NaN,0}') ORDER BY id;
SELECT id FROM t WHERE d = ANY('{2026-01-01,infinity}') ORDER BY id;
SELECT id FROM t WHERE ts = ANY('{"2026-01-01 10:00:00"}') ORDER BY id;
SELECT id FROM t WHERE b = ANY('{t}') ORDER BY id;
SELECT id FROM t WHERE u = ANY('{a0eebc999c0b4ef8bb6d6bb9bd380a11}') ORDER BY id;
SELECT id FROM t WHERE x = ANY('{"\\x01"}') ORDER BY id;
SELECT id FROM t WHERE i2 = ANY('{1,4}'::int[]) ORDER BY id;
SELECT id FROM t WHERE i8 = ANY('{1,4000000000}'::int8[]) ORDER BY id;
SELECT id FROM t WHERE id = ANY('{1,4000000000}'::int8[]) ORDER BY id;
SELECT id FROM t WHERE c = ANY('{x,""}') ORDER BY id;
SELECT id FROM t WHERE s ~~ ANY('{a%,%b}') ORDER BY id;
SELECT id FROM t WHERE s LIKE ALL('{%b%,b%}') ORDER BY id;
SELECT id FROM t WHERE s NOT LIKE ANY('{a%}') ORDER BY id;
SELECT id FROM t WHERE id >= ALL('{2,3}') ORDER BY id;
SELECT id FROM t WHERE id > ANY('{2,3,NULL}') ORDER BY id;
SELECT id FROM t WHERE id > ALL('{2,NULL}') ORDER BY id;
SELECT id, id = ANY('{1,NULL}'), id <> ALL('{1,NULL}'), id > ANY('{2}') FROM t ORDER BY id;
SELECT id = ANY(NULL), id = ANY(NULL::int[]), id = ANY('{}') FROM t ORDER BY id;
SELECT id FROM t WHERE id = ANY('[5:6]={1,2}') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{{1,2},{3,4}}') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{1,2') ORDER BY id;
SELECT id FROM t WHERE id = ANY('1') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{1,}') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{a}') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{99999999999}') ORDER BY id;
SELECT id FROM t WHERE id = ANY('{1,2}'::text[]) ORDER BY id;
SELECT id FROM t WHERE id = ANY(s) ORDER BY id;
SELECT id FROM t WHERE id + 1 = ANY('{2,3}') ORDER BY id;
SELECT id FROM t WHERE id + ANY('{2,3}') ORDER BY id;
SELECT id FROM t WHERE 2 = ANY(ARRAY[id, id + 1]) ORDER BY id;
SELECT id FROM t WHERE id = ANY(ARRAY[1,2]) ORDER BY id;
SELECT id FROM t WHERE id = ANY(ARRAY[1,2]::bigint[]) ORDER BY id;
SELECT id FROM t WHERE id = ANY(ARRAY['1','2']::int[]) ORDER BY id;
SELECT id FROM t WHERE id = ANY(ARRAY[]::int[]) ORDER BY id;
SELECT id, array_agg(s) FROM t WHERE id = ANY('{1,2}') GROUP BY id HAVING count(*) = ANY('{1}') ORDER BY id;
SELECT id FROM t WHERE id = ANY(ARRAY(SELECT id FROM t WHERE id < 3)) ORDER BY id;
SELECT id IN (1, 2), id = ANY('{1,2}') FROM t ORDER BY id;
---
CREATE TABLE
INSERT 0 4
id
1
SELECT 1
id
SELECT 0
id
1
4
SELECT 2
id
2
4
SELECT 2
id
2
4
SELECT 2
id
1
SELECT 1
id
1
2
3
4
SELECT 4
id
1
4
SELECT 2
id
1
4
SELECT 2
id
1
4
SELECT 2
id
1
4
SELECT 2
id
1
SELECT 1
id
1
4
SELECT 2
id
1
SELECT 1
id
1
SELECT 1
id
1
4
SELECT 2
id
1
4
SELECT 2
id
1
SELECT 1
id
1
4
SELECT 2
id
1
2
SELECT 2
id
2
SELECT 1
id
2
4
SELECT 2
id
3
4
SELECT 2
id
3
4
SELECT 2
id
SELECT 0
id|?column?|?column?|?column?
1|t|f|f
2|NULL|NULL|f
3|NULL|NULL|t
4|NULL|NULL|t
SELECT 4
?column?|?column?|?column?
NULL|NULL|f
NULL|NULL|f
NULL|NULL|f
NULL|NULL|f
SELECT 4
id
1
2
SELECT 2
id
1
2
3
4
SELECT 4
ERROR 22P02: malformed array literal: "{1,2"
  detail: Unexpected end of input.
ERROR 22P02: malformed array literal: "1"
  detail: Array value must start with "{" or dimension information.
ERROR 22P02: malformed array literal: "{1,}"
  detail: Unexpected "}" character.
ERROR 22P02: invalid input syntax for type integer: "a"
ERROR 22003: value "99999999999" is out of range for type integer
ERROR 42883: operator does not exist: integer = text
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.
ERROR 42809: op ANY/ALL (array) requires array on right side
id
1
2
SELECT 2
ERROR 42809: op ANY/ALL (array) requires operator to yield boolean
id
1
2
SELECT 2
id
1
2
SELECT 2
id
1
2
SELECT 2
id
1
2
SELECT 2
id
SELECT 0
id|array_agg
1|{a}
2|{"b b"}
SELECT 2
id
1
2
SELECT 2
?column?|?column?
t|t
t|t
f|f
f|f
SELECT 4

# values, operators and functions
SELECT '{1,2}'::int[], '{ 1 , 2 }'::int[], '{"1","2"}'::int[], '{1,NULL}'::int[], '[2:3]={1,2}'::int[], '{{1},{2}}'::int[];
SELECT '{a b, c\,d,"e\"f","",null,"null"}'::text[];
SELECT ARRAY[1,2.5,3], ARRAY[1,NULL], ARRAY['a',NULL,'b'], ARRAY[NULL], ARRAY[[1,2],[3,4]], ARRAY[ARRAY[1,2]], ARRAY[[1,2],[3]];
SELECT ARRAY[1,'2'], ARRAY['2',1];
SELECT ARRAY[1,'a'];
SELECT ARRAY[1,true];
SELECT ARRAY[1,2] || 3, 0 || ARRAY[1,2], ARRAY[1,2] || ARRAY[3], ARRAY[1,2] || NULL::int[], NULL::int[] || ARRAY[1], ARRAY[1] || NULL::int, ARRAY[]::int[] || 1, ARRAY[[1,2]] || ARRAY[3,4], ARRAY[1,2] || '{3,4}', '[0:1]={1,2}'::int[] || 3, 0 || '[0:1]={1,2}'::int[];
SELECT ARRAY[[1,2]] || ARRAY[3];
SELECT ARRAY[1,2] || 'x';
SELECT ARRAY['a'] || 'b'::text, ARRAY['a'] || ARRAY['b'], 'x' || 'y', 1 || 'y';
SELECT ARRAY[1,2] = ARRAY[1,2], ARRAY[1,2] <> ARRAY[1,3], ARRAY[1,2] < ARRAY[1,2,3], ARRAY[1,NULL] = ARRAY[1,NULL], ARRAY[1,NULL] > ARRAY[1,9], ARRAY[1.0] = ARRAY[1.00], ARRAY['NaN'::float8] = ARRAY['NaN'::float8], '{1}'::int[] = '[0:0]={1}'::int[], '{1}'::int[] < '[0:0]={1}'::int[];
SELECT ARRAY[1,2,3] @> ARRAY[2,1], ARRAY[1,2] <@ ARRAY[2,1,3], ARRAY[1,2] && ARRAY[3,2], ARRAY[1,NULL] @> ARRAY[NULL]::int[], ARRAY[1] @> '{}'::int[];
SELECT array_length(ARRAY[1,2],1), array_length(ARRAY[1,2],2), array_length('{}'::int[],1), array_upper('[2:3]={1,2}'::int[],1), array_lower('[2:3]={1,2}'::int[],1), array_ndims(ARRAY[[1]]), array_ndims('{}'::int[]), array_dims('[2:3]={1,2}'::int[]), cardinality('{}'::int[]), cardinality(ARRAY[[1,2],[3,4]]);
SELECT array_position(ARRAY['a','b','a'],'b'), array_position(ARRAY['a',NULL],NULL), array_positions(ARRAY['a','b','a'],'a'), array_remove(ARRAY[1,2,1],1), array_remove(ARRAY[1,NULL],NULL), array_replace(ARRAY[1,2],2,9), array_append(ARRAY[1],2), array_prepend(0,ARRAY[1]), array_cat(ARRAY[1],ARRAY[2]);
SELECT array_to_string(ARRAY[1,NULL,3],','), array_to_string(ARRAY[1,NULL,3],',','*'), string_to_array('a,b,,c',','), string_to_array('a,b,NULL',',','NULL'), string_to_array('abc',NULL), string_to_array('',','), array_to_string(ARRAY[true,false],' ');
SELECT (ARRAY[10,20,30])[2], (ARRAY[10])[0], ('{{1,2},{3,4}}'::int[])[2][1], ('{{1,2},{3,4}}'::int[])[2], ('[0:1]={5,6}'::int[])[0];
SELECT '{2026-13-01}'::date[];
SELECT COALESCE(NULL, ARRAY[1]), CASE WHEN true THEN ARRAY[1] ELSE '{}' END, NULLIF(ARRAY[1], ARRAY[1]), ARRAY[1] IS DISTINCT FROM ARRAY[1], GREATEST(ARRAY[1,2], ARRAY[1,3]), pg_typeof(ARRAY[1]), ARRAY[1] IN (ARRAY[1], ARRAY[2]), ARRAY[1] IS NULL;
---
int4|int4|int4|int4|int4|int4
{1,2}|{1,2}|{1,2}|{1,NULL}|[2:3]={1,2}|{{1},{2}}
SELECT 1
text
{"a b","c,d","e\"f","",NULL,"null"}
SELECT 1
ERROR 2202E: multidimensional arrays must have array expressions with matching dimensions
array|array
{1,2}|{2,1}
SELECT 1
ERROR 22P02: invalid input syntax for type integer: "a"
ERROR 42804: ARRAY types integer and boolean cannot be matched
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
{1,2,3}|{0,1,2}|{1,2,3}|{1,2}|{1}|{1,NULL}|{1}|{{1,2},{3,4}}|{1,2,3,4}|[0:2]={1,2,3}|[0:2]={0,1,2}
SELECT 1
ERROR 2202E: cannot concatenate incompatible arrays
  detail: Arrays with differing dimensions are not compatible for concatenation.
ERROR 22P02: malformed array literal: "x"
  detail: Array value must start with "{" or dimension information.
?column?|?column?|?column?|?column?
{a,b}|{a,b}|xy|1y
SELECT 1
?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
t|t|t|t|t|t|t|f|f
SELECT 1
?column?|?column?|?column?|?column?|?column?
t|t|t|f|t
SELECT 1
array_length|array_length|array_length|array_upper|array_lower|array_ndims|array_ndims|array_dims|cardinality|cardinality
2|NULL|NULL|3|2|2|NULL|[2:3]|0|4
SELECT 1
array_position|array_position|array_positions|array_remove|array_remove|array_replace|array_append|array_prepend|array_cat
2|2|{1,3}|{2}|{1}|{1,9}|{1,2}|{0,1}|{1,2}
SELECT 1
array_to_string|array_to_string|string_to_array|string_to_array|string_to_array|string_to_array|array_to_string
1,3|1,*,3|{a,b,"",c}|{a,b,NULL}|{a,b,c}|{}|t f
SELECT 1
array|array|int4|int4|int4
20|NULL|3|NULL|5
SELECT 1
ERROR 22008: date/time field value out of range: "2026-13-01"
  hint: Perhaps you need a different "datestyle" setting.
coalesce|case|nullif|?column?|greatest|pg_typeof|?column?|?column?
{1}|{1}|NULL|f|{1,3}|integer[]|t|f
SELECT 1

# aggregates, unnest, and arrays in the column executor
SELECT array_agg(id) FROM t WHERE false;
SELECT count(*) FROM t WHERE s = ANY('{a}') OR id = ANY('{2}');
SELECT u.* FROM unnest('{1,2}'::int[]) WITH ORDINALITY AS u(a, n);
SELECT * FROM unnest('{a,b}'::text[], '{1}'::int[]);
SELECT t.id FROM t, unnest(ARRAY[1,2]) x WHERE t.id = x ORDER BY 1;
SELECT * FROM unnest('{2026-01-01,NULL}'::date[]) d;
SELECT * FROM unnest(NULL::int[]) d;
SELECT * FROM unnest(5);
SELECT ARRAY(SELECT id FROM t ORDER BY id DESC);
SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[1])) v(a) WHERE a[1] = 1 AND array_length(a, 1) = 2;
SELECT max(id) = ANY('{11}') FROM t;
SELECT array_agg(d ORDER BY id), array_agg(x ORDER BY id), array_agg(c ORDER BY id) FROM t;
SELECT 'r'::"char" = ANY(ARRAY['r'::varchar, 'v'::varchar]);
SELECT 1 = ANY('{1,x}');
SELECT ARRAY[];
SELECT (current_schemas(true))[1];
SELECT conkey, conkey[1], 1 = ANY(conkey), array_position(conkey, 1::smallint) FROM pg_constraint;
SELECT indkey, indkey[0], 1 = ANY(indkey), indkey::int2[] FROM pg_index WHERE indrelid = 't'::regclass;
SELECT k, n FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS u(k, n) WHERE indrelid = 't'::regclass;
---
array_agg
NULL
SELECT 1
count
2
SELECT 1
a|n
1|1
2|2
SELECT 2
unnest|unnest
a|1
b|NULL
SELECT 2
ERROR 42702: column reference "x" is ambiguous
d
2026-01-01
NULL
SELECT 2
d
SELECT 0
ERROR 42883: function unnest(integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
array
{4,3,2,1}
SELECT 1
a
{1,2}
SELECT 1
?column?
f
SELECT 1
array_agg|array_agg|array_agg
{2026-01-01,2026-01-02,NULL,infinity}|{"\\x01","\\x02",NULL,"\\x"}|{"x  ","y  ",NULL,"   "}
SELECT 1
?column?
t
SELECT 1
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42P18: cannot determine type of empty array
  hint: Explicitly cast to the desired type, for example ARRAY[]::integer[].
current_schemas
pg_catalog
SELECT 1
conkey|conkey|?column?|array_position
{1}|1|t|1
SELECT 1
indkey|indkey|?column?|indkey
1|1|t|[0:0]={1}
SELECT 1
k|n
1|1
SELECT 1

# keys are read by key
EXPLAIN SELECT id FROM t WHERE id = ANY('{1,2}');
EXPLAIN SELECT id FROM t WHERE id = ANY(ARRAY[1,2]::bigint[]) AND s = 'a';
EXPLAIN SELECT id FROM t WHERE s = ANY('{a,b}');
---
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: (id = ANY ('{1,2}'::integer[]))
  -> Storage Lookup on t_pkey
         Projections: id, s, v, n, f, d, ts, b, u, x, i2, i8, c
         -> B-Tree Lookup on t_pkey
                Index Cond: (id = ANY ('{1,2}'::integer[]))
EXPLAIN
QUERY PLAN
Index Only Scan using t_pkey on t
  Index Cond: (id = ANY (ARRAY[1, 2]))
  Filter: (s = 'a'::text)
  -> Storage Lookup on t_pkey
         Projections: id, s, v, n, f, d, ts, b, u, x, i2, i8, c
         -> B-Tree Lookup on t_pkey
                Index Cond: (id = ANY (ARRAY[1, 2]))
EXPLAIN
QUERY PLAN
Full Scan (btree-table) on t
  -> Storage Scan on t_pkey
         Projections: id, s
         Filters: (s = ANY ('{a,b}'::text[]))
         -> B-Tree Scan on t_pkey
EXPLAIN

# refused, rather than answered by the text of an array
SELECT a FROM (VALUES (ARRAY[1,2]), (ARRAY[1])) v(a) ORDER BY a;
SELECT ARRAY[id] FROM t ORDER BY ARRAY[id];
SELECT max(a) FROM (VALUES (ARRAY[1])) v(a);
SELECT DISTINCT a FROM (VALUES (ARRAY[1.0]), (ARRAY[1])) v(a);
SELECT a FROM (VALUES (ARRAY[1.0])) v(a) UNION SELECT ARRAY[1];
SELECT unnest(ARRAY[1,2]);
SELECT * FROM unnest(ARRAY[1.5]);
SELECT (ARRAY[1,2,3])[1:2];
CREATE TABLE a (i int[] PRIMARY KEY);
ALTER TABLE t ADD COLUMN a text[];
SELECT id FROM t WHERE id = ANY(s);
---
a
{1}
{1,2}
SELECT 2
array
{1}
{2}
{3}
{4}
SELECT 4
max
{1}
SELECT 1
a
{1.0}
SELECT 1
a
{1.0}
SELECT 1
unnest
1
2
SELECT 2
unnest
1.5
SELECT 1
array
{1,2}
SELECT 1
ERROR 0A000: datatype int4[] not supported
ERROR 0A000: datatype text[] not supported
ERROR 42809: op ANY/ALL (array) requires array on right side

# what a text parameter once deleted
UPDATE t SET s = 'q' WHERE id = ANY('{1,9}') RETURNING id;
DELETE FROM t WHERE NOT (id = ANY('{"1","2","3"}')) RETURNING id;
DELETE FROM t WHERE id <> ALL('{1,2,3}') RETURNING id;
INSERT INTO t (id, s) SELECT * FROM unnest('{10,11}'::int[], '{x,y}'::text[]) RETURNING id, s;
---
id
1
UPDATE 1
id
4
DELETE 1
id
DELETE 0
id|s
10|x
11|y
INSERT 0 2
