# !open
# Answers that PostgreSQL 18 gives: dumping.sql in tests/sql/statements.

create table emp (id bigint primary key, dept int, pay numeric(10,2) default 1.5, notes text default 'x'::text, v varchar(9) default cast('v' as varchar(9)), n text default null);
select acldefault('c', 10)::text, acldefault('r', null) is null;
select n.tableoid, nspname from pg_namespace n where n.nspname in ('pg_catalog', 'public') order by 2;
select tableoid, oid, typname[0] = '_' and typelem != 0 and (select typarray from pg_type te where te.oid = pg_type.typelem) = oid as isarray from pg_type where typname in ('int4', '_int4', 'inet') order by oid;
select tableoid, oid, case when typrelid = 0 then ' '::"char" else (select relkind from pg_class where oid = typrelid) end as kind from pg_type where oid = 23;
select tableoid, oid, amname, amtype, amhandler::pg_catalog.regproc as amhandler from pg_am where amname in ('heap', 'btree') order by amname;
select option_name, option_value from pg_options_to_table(array['host=a', 'port=5=6', 'plain']) order by option_name;
select array_to_string(array(select quote_ident(option_name) || ' ' || quote_literal(option_value) from pg_options_to_table(fdwoptions) order by option_name), ', ') from pg_foreign_data_wrapper;
---
CREATE TABLE
acldefault|?column?
{}|t
SELECT 1
tableoid|nspname
2615|pg_catalog
2615|public
SELECT 2
tableoid|oid|isarray
1247|23|f
1247|869|f
1247|1007|t
SELECT 3
tableoid|oid|kind
1247|23| 
SELECT 1
tableoid|oid|amname|amtype|amhandler
2601|403|btree|i|bthandler
2601|2|heap|t|heap_tableam_handler
SELECT 2
option_name|option_value
host|a
plain|NULL
port|5=6
SELECT 3
array_to_string
SELECT 0

select obj_description(o.oprcode, 'pg_proc') is null from pg_operator o where o.oid = 15000;
select p.proname, p.oid from pg_proc p, pg_operator o where p.oid = o.oprcode and o.oid in (96, 551) order by 1;
select oprcode::oid, oprcode::regproc from pg_operator where oid = 96;
select ('abc'::name)[0], ('abc'::name)[2], ('abc'::name)[-1], ('abc'::name)[9];
lock table emp in access share mode;
begin;
lock table emp in access share mode;
lock table only emp in access share mode;
---
?column?
SELECT 0
proname|oid
int4eq|65
int4pl|177
SELECT 2
oprcode|oprcode
65|int4eq
SELECT 1
name|name|name|name
a|c|NULL|
SELECT 1
ERROR 25P01: LOCK TABLE can only be used in transaction blocks
BEGIN
LOCK TABLE
LOCK TABLE

commit;
begin;
lock table nope in access share mode;
rollback;
select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'emp'::regclass order by adnum;
select attname, atthasdef from pg_attribute where attrelid = 'emp'::regclass and attnum > 0 order by attnum;
---
COMMIT
BEGIN
ERROR 42P01: relation "nope" does not exist
ROLLBACK
adnum|pg_get_expr
3|1.5
4|'x'::text
5|'v'::character varying(9)
SELECT 3
attname|atthasdef
id|f
dept|f
pay|t
notes|t
v|t
n|f
SELECT 6
