-- What the catalog shows of definitions: defaults with their types, views by name and by oid, operator classes of indexes
create table emp (id bigint primary key, dept int unique, pay numeric(10,2), notes text, tags jsonb default '{}');
create view well_paid as select id, pay from emp where id > 100;
select pg_get_viewdef('well_paid') is not null, pg_get_viewdef('public.well_paid'::text, true) is not null, pg_get_viewdef('well_paid'::regclass, 80) is not null, pg_get_viewdef(c.oid) is null from pg_class c where relname = 'emp';
create table defs (id int primary key, a text default 'x''y', b varchar(5) default 'v', c timestamp default '2024-01-02', d int default -5, e numeric(5,2) default -1.5, f bool default true, g jsonb default '{"b":1, "a":2}', h date default current_date, i int default 5, j text default null, k timestamptz default now(), l uuid default gen_random_uuid(), m char(3) default 'a', n float8 default -3, o bytea default '\x00');
select column_name, column_default from information_schema.columns where table_name = 'defs' order by ordinal_position;
select adnum, pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'defs'::regclass order by 1;
select pg_get_viewdef('nope');
select i.relname, o.opcname, x.indcollation[0] from pg_index x join pg_class i on i.oid = x.indexrelid join pg_opclass o on o.oid = x.indclass[0] where x.indrelid = 'emp'::regclass order by 1;
select o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oprcode from pg_operator o where o.oprname = '=' and o.oprleft = 'int4'::regtype order by 3;
select castsource::regtype, casttarget::regtype, castcontext from pg_cast where castsource = 'int4'::regtype and casttarget in ('int8'::regtype, 'float8'::regtype) order by 2;
select opcname, opcdefault, opcintype::regtype from pg_opclass where opcmethod = 403 and opcintype in (23, 25) order by 1;
select attname, attlen, attbyval, attalign, attstorage, attcollation, atthasdef from pg_attribute where attrelid = 'defs'::regclass and attnum > 0 order by attnum;
select column_name, data_type, character_maximum_length, character_octet_length, datetime_precision from information_schema.columns where table_name = 'defs' order by ordinal_position;
select int4pl(1, 2), texteq('a', 'b'), numeric_ln(2.5), textlen('abc');
