# !open
# Answers that PostgreSQL 18 gives: definitions.sql in tests/sql/statements.

create table emp (id bigint primary key, dept int unique, pay numeric(10,2), notes text, tags jsonb default '{}');
create view well_paid as select id, pay from emp where id > 100;
select pg_get_viewdef('well_paid') is not null, pg_get_viewdef('public.well_paid'::text, true) is not null, pg_get_viewdef('well_paid'::regclass, 80) is not null, pg_get_viewdef(c.oid) is null from pg_class c where relname = 'emp';
create table defs (id int primary key, a text default 'x''y', b varchar(5) default 'v', c timestamp default '2024-01-02', d int default -5, e numeric(5,2) default -1.5, f bool default true, g jsonb default '{"b":1, "a":2}', h date default current_date, i int default 5, j text default null, k timestamptz default now(), l uuid default gen_random_uuid(), m char(3) default 'a', n float8 default -3, o bytea default '\x00');
select column_name, column_default from information_schema.columns where table_name = 'defs' order by ordinal_position;
select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'defs'::regclass order by 1;
select pg_get_viewdef('nope');
select i.relname, o.opcname, x.indcollation[0] from pg_index x join pg_class i on i.oid = x.indexrelid join pg_opclass o on o.oid = x.indclass[0] where x.indrelid = 'emp'::regclass order by 1;
---
CREATE TABLE
CREATE VIEW
?column?|?column?|?column?|?column?
t|t|t|t
SELECT 1
CREATE TABLE
column_name|column_default
id|NULL
a|'x''y'::text
b|'v'::character varying
c|'2024-01-02 00:00:00'::timestamp without time zone
d|'-5'::integer
e|'-1.5'::numeric
f|true
g|'{"a": 2, "b": 1}'::jsonb
h|CURRENT_DATE
i|5
j|NULL
k|now()
l|gen_random_uuid()
m|'a'::bpchar
n|'-3'::integer
o|'\x00'::bytea
SELECT 16
adnum|pg_get_expr
2|'x''y'::text
3|'v'::character varying
4|'2024-01-02 00:00:00'::timestamp without time zone
5|'-5'::integer
6|'-1.5'::numeric
7|true
8|'{"a": 2, "b": 1}'::jsonb
9|CURRENT_DATE
10|5
12|now()
13|gen_random_uuid()
14|'a'::bpchar
15|'-3'::integer
16|'\x00'::bytea
SELECT 14
ERROR 42P01: relation "nope" does not exist
relname|opcname|indcollation
emp_dept_key|int4_ops|0
emp_pkey|int8_ops|0
SELECT 2

select o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprcode from pg_operator o where o.oprname = '=' and o.oprleft = 'int4'::regtype order by 3;
select castsource::regtype, casttarget::regtype, castcontext from pg_cast where castsource = 'int4'::regtype and casttarget in ('int8'::regtype, 'float8'::regtype) order by 2;
select opcname, opcdefault, opcintype::regtype from pg_opclass where opcmethod = 403 and opcintype in (23, 25) order by 1;
select attname, attlen, attbyval, attalign, attstorage, attcollation, atthasdef from pg_attribute where attrelid = 'defs'::regclass and attnum > 0 order by attnum;
select column_name, data_type, character_maximum_length, character_octet_length, datetime_precision from information_schema.columns where table_name = 'defs' order by ordinal_position;
select int4pl(1, 2), texteq('a', 'b'), numeric_ln(2.5), textlen('abc');
select count(*) from postgres.public.well_paid;
select count(*) from "postgres"."public"."emp";
---
oprname|oprleft|oprright|oprcode
=|integer|bigint|int48eq
=|integer|smallint|int42eq
=|integer|integer|int4eq
SELECT 3
castsource|casttarget|castcontext
integer|bigint|i
integer|double precision|i
SELECT 2
opcname|opcdefault|opcintype
int4_ops|t|integer
text_ops|t|text
text_pattern_ops|f|text
varchar_ops|f|text
varchar_pattern_ops|f|text
SELECT 5
attname|attlen|attbyval|attalign|attstorage|attcollation|atthasdef
id|4|t|i|p|0|f
a|-1|f|i|x|100|t
b|-1|f|i|x|100|t
c|8|t|d|p|0|t
d|4|t|i|p|0|t
e|-1|f|i|m|0|t
f|1|t|c|p|0|t
g|-1|f|i|x|0|t
h|4|t|i|p|0|t
i|4|t|i|p|0|t
j|-1|f|i|x|100|f
k|8|t|d|p|0|t
l|16|f|c|p|0|t
m|-1|f|i|x|100|t
n|8|t|d|p|0|t
o|-1|f|i|x|0|t
SELECT 16
column_name|data_type|character_maximum_length|character_octet_length|datetime_precision
id|integer|NULL|NULL|NULL
a|text|NULL|1073741824|NULL
b|character varying|5|20|NULL
c|timestamp without time zone|NULL|NULL|6
d|integer|NULL|NULL|NULL
e|numeric|NULL|NULL|NULL
f|boolean|NULL|NULL|NULL
g|jsonb|NULL|NULL|NULL
h|date|NULL|NULL|0
i|integer|NULL|NULL|NULL
j|text|NULL|1073741824|NULL
k|timestamp with time zone|NULL|NULL|6
l|uuid|NULL|NULL|NULL
m|character|3|12|NULL
n|double precision|NULL|NULL|NULL
o|bytea|NULL|NULL|NULL
SELECT 16
int4pl|texteq|numeric_ln|textlen
3|f|0.9162907318741551|3
SELECT 1
count
0
SELECT 1
count
0
SELECT 1

select count(*) from postgres.public.emp e join postgres.public.well_paid w on w.id = e.id where w.pay is null;
select count(*) from other.public.well_paid;
select count(*) from other.public.emp;
select tableoid from postgres.pg_catalog.pg_type where oid = 23;
---
count
0
SELECT 1
ERROR 0A000: cross-database references are not implemented: "other.public.well_paid"
ERROR 0A000: cross-database references are not implemented: "other.public.emp"
tableoid
1247
SELECT 1
