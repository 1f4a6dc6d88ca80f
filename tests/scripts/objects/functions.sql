# !open
# SQL functions, as PostgreSQL 18 has them (python -m tests.sql.scripts_oracle).

CREATE FUNCTION area(w int, h int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT w * h';
CREATE FUNCTION area(text) RETURNS text LANGUAGE sql AS $$ SELECT 'text ' || $1 $$;
CREATE FUNCTION half(numeric) RETURNS numeric IMMUTABLE STRICT RETURN $1 / 2;
CREATE FUNCTION greet(name text) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT 'hello ' || greet.name; END;
SELECT area(3, 4), area(5), area(h => 1, w => 7), area(2, h => 9), area('x'), half(5), half(NULL), greet('you');
SELECT public.area(1, 1), area(area(2, 2), area(1));
SELECT area(x, x + 1) FROM generate_series(1, 3) x ORDER BY 1 DESC;
SELECT half(3), half(3.5::real::numeric), half('7');
SELECT area();
SELECT area(1, 2, 3);
SELECT area(w => 1, w => 2);
SELECT area(z => 1);
SELECT area(true);
SELECT nosuch.area(1);
CREATE FUNCTION area(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION area(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION area(w int, h int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION area(w int, h int DEFAULT 2) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION area(w int, h int DEFAULT 3) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT w * h + 0';
SELECT area(2);
---
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
area|area|area|area|area|half|half|greet
12|10|7|18|text x|2.5000000000000000|NULL|hello you
SELECT 1
area|area
1|8
SELECT 1
area
12
6
2
SELECT 3
half|half|half
1.5000000000000000|1.7500000000000000|3.5000000000000000
SELECT 1
ERROR 42883: function area() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function area(integer, integer, integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42601: argument name "w" used more than once
ERROR 42883: function area(z => integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function area(boolean) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 3F000: schema "nosuch" does not exist
ERROR 42723: function "area" already exists with same argument types
ERROR 42P13: cannot change name of input parameter "w"
  hint: Use DROP FUNCTION area(integer,integer) first.
ERROR 42P13: cannot remove parameter defaults from existing function
  hint: Use DROP FUNCTION area(integer,integer) first.
ERROR 42P13: cannot change return type of existing function
  hint: Use DROP FUNCTION area(integer,integer) first.
CREATE FUNCTION
area
6
SELECT 1

CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT nosuch';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS $$SELECT 'a'::text$$;
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS $$SELECT 'a'$$;
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS '';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql;
CREATE FUNCTION bad() RETURNS int AS 'SELECT 1';
CREATE FUNCTION bad() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE nosuch AS 'SELECT 1';
CREATE FUNCTION bad(a int, a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bad(a int DEFAULT 1, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bad(a nosuch) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bad(a int DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql IMMUTABLE STABLE AS 'SELECT 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql ROWS 5 AS 'SELECT 1';
CREATE FUNCTION bad(OUT a int, OUT b int) RETURNS int LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELEC 1';
---
ERROR 42703: column "nosuch" does not exist
ERROR 42P13: return type mismatch in function declared to return integer
  detail: Final statement must return exactly one column.
ERROR 42P13: return type mismatch in function declared to return integer
  detail: Actual return type is text.
ERROR 42P13: return type mismatch in function declared to return integer
  detail: Actual return type is text.
ERROR 42P13: return type mismatch in function declared to return integer
  detail: Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING.
ERROR 42P13: no function body specified
ERROR 42P13: no language specified
ERROR 42P13: function result type must be specified
ERROR 42704: language "nosuch" does not exist
ERROR 42P13: parameter name "a" used more than once
ERROR 42P13: input parameters after one with a default value must also have defaults
ERROR 42704: type nosuch does not exist
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42601: conflicting or redundant options
ERROR 42P02: there is no parameter $1
ERROR 22023: ROWS is not applicable when function does not return a set
ERROR 42P13: function result type must be record because of OUT parameters
ERROR 42601: syntax error at or near "SELEC"

CREATE TABLE items (id int PRIMARY KEY, owner text, price numeric(8,2));
INSERT INTO items VALUES (1, 'a', 10), (2, 'a', 20.5), (3, 'b', 7);
CREATE FUNCTION total(who text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(price) FROM items WHERE owner = who';
CREATE FUNCTION price_of(int) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT price FROM items WHERE id = $1';
CREATE FUNCTION first_owner() RETURNS text LANGUAGE sql STABLE AS 'SELECT owner FROM items ORDER BY id DESC';
CREATE FUNCTION owned(who text) RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM items WHERE owner = who ORDER BY id';
CREATE FUNCTION listed(low numeric) RETURNS TABLE (item int, cost numeric) LANGUAGE sql STABLE AS 'SELECT id, price FROM items WHERE price >= low';
CREATE FUNCTION whole(who text) RETURNS SETOF items LANGUAGE sql STABLE AS 'SELECT * FROM items WHERE owner = who';
CREATE FUNCTION bounds(OUT low numeric, OUT high numeric) LANGUAGE sql STABLE AS 'SELECT min(price), max(price) FROM items';
CREATE FUNCTION dearest(OUT numeric) LANGUAGE sql STABLE AS 'SELECT max(price) FROM items';
SELECT total('a'), total('b'), total('c'), price_of(2), price_of(9), first_owner(), dearest();
SELECT owner, total(owner) FROM items GROUP BY owner ORDER BY owner;
SELECT id, total(owner) - price FROM items ORDER BY id;
SELECT id FROM items WHERE price = price_of(id) AND total(owner) > 8 ORDER BY id;
SELECT * FROM owned('a');
SELECT o FROM owned('a') o ORDER BY o DESC;
SELECT * FROM listed(8) ORDER BY item;
SELECT l.item, cost FROM listed(0) l WHERE l.cost < 15 ORDER BY 1;
SELECT * FROM whole('b');
SELECT * FROM bounds();
SELECT i.id, w.price FROM items i, whole(i.owner) w WHERE w.id <> i.id ORDER BY i.id;
SELECT i.id, l.cost FROM items i LEFT JOIN LATERAL listed(i.price + 1) l ON true ORDER BY 1, 2;
SELECT count(*) FROM owned('a') x JOIN items ON id = x;
UPDATE items SET price = total(owner) WHERE id = 3 RETURNING price;
INSERT INTO items VALUES (4, 'c', area(3, 3)) RETURNING price;
DELETE FROM items WHERE id = (SELECT max(item) FROM listed(0));
SELECT max(area(id, 2)), area(max(id), 2) FROM items;
SELECT total(max(owner)) FROM items;
SELECT owned('a');
SELECT bounds();
PREPARE by_owner (text) AS SELECT total($1), area($2, 2);
PREPARE by_oid (pg_catalog.oid, text) AS SELECT conname FROM pg_constraint WHERE contypid = $1 AND conname <> $2;
EXECUTE by_oid(0::oid, 'items_pkey');
EXECUTE by_owner('a', 4);
---
CREATE TABLE
INSERT 0 3
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
total|total|total|price_of|price_of|first_owner|dearest
30.50|7.00|NULL|20.50|NULL|b|20.50
SELECT 1
owner|total
a|30.50
b|7.00
SELECT 2
id|?column?
1|20.50
2|10.00
3|0.00
SELECT 3
id
1
2
SELECT 2
owned
1
2
SELECT 2
o
2
1
SELECT 2
item|cost
1|10.00
2|20.50
SELECT 2
item|cost
1|10.00
3|7.00
SELECT 2
id|owner|price
3|b|7.00
SELECT 1
low|high
7.00|20.50
SELECT 1
id|price
1|20.50
2|10.00
SELECT 2
id|cost
1|20.50
2|NULL
3|10.00
3|20.50
SELECT 4
count
2
SELECT 1
price
7.00
UPDATE 1
price
9.00
INSERT 0 1
DELETE 1
max|area
6|6
SELECT 1
total
7.00
SELECT 1
ERROR 0A000: function owned gives rows: it is supported in FROM only
ERROR 0A000: function bounds gives rows: it is supported in FROM only
PREPARE
PREPARE
conname
SELECT 0
total|area
30.50|8
SELECT 1

CREATE FUNCTION twice(x double precision) RETURNS double precision LANGUAGE sql AS 'SELECT x - x';
SELECT twice(random());
CREATE FUNCTION forever(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE OR REPLACE FUNCTION forever(n int) RETURNS int LANGUAGE sql AS 'SELECT forever(n + 1)';
SELECT forever(1);
CREATE FUNCTION strictly(a int, b int) RETURNS int LANGUAGE sql STRICT AS 'SELECT coalesce(a, 0) + coalesce(b, 0)';
SELECT strictly(1, 2), strictly(NULL, 2), strictly(x, x) FROM (VALUES (1), (NULL)) v (x);
CREATE FUNCTION nothing(a int) RETURNS void LANGUAGE sql AS 'SELECT a';
SELECT nothing(1) IS NULL;
CREATE FUNCTION counted(int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT cardinality($1)';
SELECT counted('{1,2,3}'), counted(ARRAY[1]);
CREATE FUNCTION lower(int) RETURNS text LANGUAGE sql AS $$SELECT 'number'$$;
SELECT lower('ABC'), lower(5);
CREATE FUNCTION sum(text) RETURNS text LANGUAGE sql AS $$SELECT 'sum of ' || $1$$;
SELECT sum('x'::text), sum(id), sum(price) FILTER (WHERE id > 1), count(*) FROM items;
---
CREATE FUNCTION
twice
0
SELECT 1
CREATE FUNCTION
CREATE FUNCTION
ERROR 54001: stack depth limit exceeded
  hint: SQL functions call one another too deeply, or too often.
CREATE FUNCTION
strictly|strictly|strictly
3|NULL|2
3|NULL|NULL
SELECT 2
CREATE FUNCTION
?column?
t
SELECT 1
CREATE FUNCTION
counted|counted
3|1
SELECT 1
CREATE FUNCTION
lower|lower
abc|number
SELECT 1
CREATE FUNCTION
sum|sum|sum|count
sum of x|6|27.50|3
SELECT 1

CREATE TABLE boxes (w int CHECK (area(w) > 0), h int DEFAULT area(2, 3), a int);
INSERT INTO boxes (w) VALUES (1), (2);
INSERT INTO boxes (w) VALUES (-1);
CREATE INDEX ON boxes (area(w, 1));
CREATE INDEX ON boxes (h) WHERE area(w, 1) > 0;
CREATE TABLE made (w int, h int GENERATED ALWAYS AS (area(w, 1)) STORED);
CREATE VIEW big AS SELECT w, area(w, h) AS size FROM boxes WHERE area(w, h) > 6;
SELECT * FROM big;
CREATE DOMAIN even AS int CHECK (area(VALUE, 1) % 2 = 0);
SELECT 3::even;
ALTER FUNCTION area(int, int) RENAME TO surface;
INSERT INTO boxes (w) VALUES (-1);
INSERT INTO boxes (w) VALUES (3) RETURNING h;
SELECT * FROM big ORDER BY w;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'boxes_w_check';
SELECT column_default FROM information_schema.columns WHERE table_name = 'boxes' AND column_name = 'h';
DROP FUNCTION surface;
CREATE FUNCTION cheap() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM items WHERE price < 15; END;
SELECT cheap();
DROP TABLE items;
ALTER TABLE items RENAME TO things;
SELECT cheap();
SELECT total('a');
ALTER TABLE things RENAME TO items;
DROP FUNCTION surface CASCADE;
INSERT INTO boxes (w) VALUES (-1) RETURNING h;
---
CREATE TABLE
INSERT 0 2
ERROR 23514: new row for relation "boxes" violates check constraint "boxes_w_check"
  detail: Failing row contains (-1, 6, null).
  schema=public table=boxes constraint=boxes_w_check
ERROR 0A000: SQL functions are not supported in index expressions
ERROR 0A000: SQL functions are not supported in index predicates
ERROR 0A000: SQL functions are not supported in column generation expressions
CREATE VIEW
w|size
2|12
SELECT 1
CREATE DOMAIN
ERROR 23514: value for domain even violates check constraint "even_check"
  constraint=even_check
ALTER FUNCTION
ERROR 23514: new row for relation "boxes" violates check constraint "boxes_w_check"
  detail: Failing row contains (-1, 6, null).
  schema=public table=boxes constraint=boxes_w_check
h
6
INSERT 0 1
w|size
2|12
3|18
SELECT 2
pg_get_constraintdef
CHECK ((surface(w) > 0))
SELECT 1
column_default
surface(2, 3)
SELECT 1
ERROR 2BP01: cannot drop function surface(integer,integer) because other objects depend on it
  detail: default value for column h of table boxes depends on function surface(integer,integer)
constraint boxes_w_check on table boxes depends on function surface(integer,integer)
view big depends on function surface(integer,integer)
constraint even_check depends on function surface(integer,integer)
  hint: Use DROP ... CASCADE to drop the dependent objects too.
CREATE FUNCTION
cheap
2
SELECT 1
ERROR 2BP01: cannot drop table items because other objects depend on it
  detail: function whole(text) depends on table items
function cheap() depends on table items
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ALTER TABLE
cheap
2
SELECT 1
ERROR 42P01: relation "items" does not exist
ALTER TABLE
NOTICE: drop cascades to 4 other objects
DROP FUNCTION
h
NULL
INSERT 0 1

CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
SELECT f(1), f('a'), f(NULL::text);
DROP FUNCTION f;
DROP FUNCTION f(bigint);
DROP FUNCTION IF EXISTS f(bigint);
DROP FUNCTION IF EXISTS g;
DROP FUNCTION g;
DROP FUNCTION f(int), f(text);
CREATE SCHEMA tools;
CREATE FUNCTION tools.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT one();
SELECT tools.one();
ALTER FUNCTION tools.one() SET SCHEMA public;
SELECT one();
ALTER FUNCTION one() IMMUTABLE PARALLEL SAFE COST 3;
ALTER FUNCTION one() STRICT STRICT;
COMMENT ON FUNCTION one() IS 'the first';
CREATE FUNCTION tools.path() RETURNS int LANGUAGE sql SET search_path = tools AS 'SELECT two()';
CREATE FUNCTION tools.two() RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION tools.path() RETURNS int LANGUAGE sql SET search_path = tools AS 'SELECT two()';
SELECT tools.path();
---
CREATE FUNCTION
CREATE FUNCTION
f|f|f
1|2|2
SELECT 1
ERROR 42725: function name "f" is not unique
  hint: Specify the argument list to select the function unambiguously.
ERROR 42883: function f(bigint) does not exist
NOTICE: function f(bigint) does not exist, skipping
DROP FUNCTION
NOTICE: function g() does not exist, skipping
DROP FUNCTION
ERROR 42883: could not find a function named "g"
DROP FUNCTION
CREATE SCHEMA
CREATE FUNCTION
ERROR 42883: function one() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
one
1
SELECT 1
ALTER FUNCTION
one
1
SELECT 1
ALTER FUNCTION
ERROR 42601: conflicting or redundant options
COMMENT
ERROR 42883: function two() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
CREATE FUNCTION
CREATE FUNCTION
path
2
SELECT 1

CREATE DOMAIN side AS int CHECK (VALUE > 0);
CREATE FUNCTION shape(a side, b text DEFAULT 'x', INOUT c numeric DEFAULT 1.5) RETURNS numeric LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL RESTRICTED COST 7 AS 'SELECT a + c';
CREATE FUNCTION rows_of(n int) RETURNS TABLE (x int, "y z" text) LANGUAGE sql ROWS 9 AS 'SELECT n, ''t''';
SELECT shape(2), shape(0);
SELECT shape(2, 'y', 3);
SELECT * FROM rows_of(4);
SELECT proname, prokind, provolatile, proisstrict, prosecdef, proretset, proparallel, procost, prorows, pronargs, pronargdefaults, prorettype::regtype, proargmodes, proargnames, prosrc, l.lanname FROM pg_proc p JOIN pg_language l ON l.oid = prolang WHERE pronamespace = 'public'::regnamespace AND proname IN ('shape', 'rows_of', 'half') ORDER BY 1;
SELECT rtrim(pg_get_functiondef('half(numeric)'::regprocedure), E'\n');
SELECT rtrim(pg_get_functiondef(oid), E'\n') FROM pg_proc WHERE proname IN ('shape', 'rows_of') ORDER BY proname;
SELECT rtrim(pg_get_functiondef('tools.path'::regproc), E'\n');
SELECT p.oid::regprocedure, pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid) FROM pg_proc p WHERE pronamespace IN ('public'::regnamespace, 'tools'::regnamespace) AND proname IN ('shape', 'rows_of', 'half', 'owned', 'whole', 'bounds', 'two') ORDER BY proname;
SELECT routine_name, routine_type, data_type, type_udt_name, routine_body, routine_definition, is_deterministic, security_type, is_null_call FROM information_schema.routines WHERE specific_schema = 'public' AND routine_name IN ('shape', 'rows_of') ORDER BY 1;
SELECT ordinal_position, parameter_mode, parameter_name, data_type, udt_name, parameter_default FROM information_schema.parameters WHERE specific_name LIKE 'shape%' ORDER BY 1;
SELECT obj_description('one()'::regprocedure, 'pg_proc'), pg_function_is_visible('tools.two'::regproc), pg_function_is_visible('one'::regproc);
DROP DOMAIN side;
DROP SCHEMA tools CASCADE;
---
CREATE DOMAIN
CREATE FUNCTION
CREATE FUNCTION
ERROR 23514: value for domain side violates check constraint "side_check"
  constraint=side_check
shape
5
SELECT 1
x|y z
4|t
SELECT 1
proname|prokind|provolatile|proisstrict|prosecdef|proretset|proparallel|procost|prorows|pronargs|pronargdefaults|prorettype|proargmodes|proargnames|prosrc|lanname
half|f|i|t|f|f|u|100|0|1|0|numeric|NULL|NULL||sql
rows_of|f|v|f|f|t|u|100|9|1|0|record|{i,t,t}|{n,x,"y z"}|SELECT n, 't'|sql
shape|f|s|t|t|f|r|7|0|3|2|numeric|{i,i,b}|{a,b,c}|SELECT a + c|sql
SELECT 3
rtrim
CREATE OR REPLACE FUNCTION public.half(numeric)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE STRICT
RETURN $1 / 2
SELECT 1
rtrim
CREATE OR REPLACE FUNCTION public.rows_of(n integer)
 RETURNS TABLE(x integer, "y z" text)
 LANGUAGE sql
 ROWS 9
AS $function$SELECT n, 't'$function$
CREATE OR REPLACE FUNCTION public.shape(a side, b text DEFAULT 'x'::text, INOUT c numeric DEFAULT 1.5)
 RETURNS numeric
 LANGUAGE sql
 STABLE PARALLEL RESTRICTED STRICT SECURITY DEFINER COST 7
AS $function$SELECT a + c$function$
SELECT 2
rtrim
CREATE OR REPLACE FUNCTION tools.path()
 RETURNS integer
 LANGUAGE sql
 SET search_path TO 'tools'
AS $function$SELECT two()$function$
SELECT 1
oid|pg_get_function_arguments|pg_get_function_identity_arguments|pg_get_function_result
bounds()|OUT low numeric, OUT high numeric|OUT low numeric, OUT high numeric|record
half(numeric)|numeric|numeric|numeric
owned(text)|who text|who text|SETOF integer
rows_of(integer)|n integer|n integer|TABLE(x integer, "y z" text)
shape(side,text,numeric)|a side, b text DEFAULT 'x'::text, INOUT c numeric DEFAULT 1.5|a side, b text, INOUT c numeric|numeric
tools.two()|||integer
whole(text)|who text|who text|SETOF items
SELECT 7
routine_name|routine_type|data_type|type_udt_name|routine_body|routine_definition|is_deterministic|security_type|is_null_call
rows_of|FUNCTION|record|record|SQL|SELECT n, 't'|NO|INVOKER|NO
shape|FUNCTION|numeric|numeric|SQL|SELECT a + c|NO|DEFINER|YES
SELECT 2
ordinal_position|parameter_mode|parameter_name|data_type|udt_name|parameter_default
1|IN|a|USER-DEFINED|side|NULL
2|IN|b|text|text|'x'::text
3|INOUT|c|numeric|numeric|1.5
SELECT 3
obj_description|pg_function_is_visible|pg_function_is_visible
the first|f|t
SELECT 1
ERROR 2BP01: cannot drop type side because other objects depend on it
  detail: function shape(side,text,numeric) depends on type side
  hint: Use DROP ... CASCADE to drop the dependent objects too.
NOTICE: drop cascades to 2 other objects
DROP SCHEMA

SET check_function_bodies = off;
CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT not_yet()';
SELECT later();
CREATE FUNCTION not_yet() RETURNS int LANGUAGE sql AS 'SELECT 5';
SELECT later();
SET check_function_bodies = on;
CREATE FUNCTION sum_to(n int) RETURNS bigint LANGUAGE sql AS 'WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < n) SELECT sum(i) FROM s';
SELECT sum_to(4), sum_to(x) FROM generate_series(1, 2) x;
CREATE FUNCTION both_ways(a int, b int) RETURNS SETOF int LANGUAGE sql AS 'SELECT a UNION ALL SELECT b ORDER BY 1';
SELECT * FROM both_ways(2, 1);
SELECT x, y FROM generate_series(1, 2) x, both_ways(x, 10) y ORDER BY 1, 2;
CREATE FUNCTION top(n int) RETURNS SETOF int STRICT LANGUAGE sql AS 'SELECT g FROM generate_series(1, 9) g ORDER BY g DESC LIMIT n';
SELECT * FROM top(2);
SELECT * FROM top(NULL);
CREATE FUNCTION seen(k int) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT 1 FROM boxes b WHERE b.w = k AND b.a IS NULL)';
SELECT seen(1), seen(77);
SELECT w FROM boxes WHERE seen(w) ORDER BY w;
CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO boxes (w) VALUES (1) RETURNING w';
CREATE FUNCTION many() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2';
CREATE PROCEDURE act() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION other() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
---
SET
CREATE FUNCTION
ERROR 42883: function not_yet() does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
CREATE FUNCTION
later
5
SELECT 1
SET
CREATE FUNCTION
sum_to|sum_to
10|1
10|3
SELECT 2
CREATE FUNCTION
both_ways
1
2
SELECT 2
x|y
1|1
1|10
2|2
2|10
SELECT 4
CREATE FUNCTION
top
9
8
SELECT 2
top
SELECT 0
CREATE FUNCTION
seen|seen
t|f
SELECT 1
w
-1
1
2
3
SELECT 4
ERROR 0A000: SQL functions are supported with SELECT as their body only
ERROR 0A000: SQL functions of several statements are not supported
ERROR 0A000: unsupported statement: CREATE PROCEDURE
ERROR 42704: language "plpgsql" does not exist
