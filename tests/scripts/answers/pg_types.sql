# !open
# Answers that PostgreSQL 18 gives: types.sql in tests/sql/statements.

CREATE TABLE ts (id int PRIMARY KEY, n numeric, n2 numeric(10,2), s text, v varchar(10), c char(5), d date, ts timestamp, tz timestamptz, iv interval);
INSERT INTO ts VALUES (1, 12.345, 2.50, 'Abc', 'x', 'ab', '2024-01-31', '2024-01-31 10:00', '2024-01-31 10:00+00', '1 month'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, 0.1, 100, 'x', 'Yy', 'xyz', '2024-03-15', '1999-12-31 23:59:59.5', '1999-12-31 23:59:59.5+00', '-1 day 02:00');
CREATE TABLE dup (id int PRIMARY KEY, k int, v int);
INSERT INTO dup VALUES (1, 1, 10), (2, 1, 20), (3, 2, NULL), (4, NULL, 5), (5, 3, NULL);
SELECT round(n, 2) FROM (SELECT * FROM ts) q;
SELECT round(n, 1), trunc(n, 1), n * 2, n + 1, n - 0.25, n / 3, -n, abs(n), n % 2, n::text FROM (SELECT * FROM ts) q;
SELECT k, avg(v)::text FROM dup GROUP BY k;
SELECT x, x::text FROM (VALUES (1.10), (2.2)) t(x);
---
CREATE TABLE
INSERT 0 3
CREATE TABLE
INSERT 0 5
round
12.35
NULL
0.10
SELECT 3
round|trunc|?column?|?column?|?column?|?column?|?column?|abs|?column?|n
12.3|12.3|24.690|13.345|12.095|4.1150000000000000|-12.345|12.345|0.345|12.345
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
0.1|0.1|0.2|1.1|-0.15|0.03333333333333333333|-0.1|0.1|0.1|0.1
SELECT 3
k|avg
1|15.0000000000000000
2|NULL
NULL|5.0000000000000000
3|NULL
SELECT 4
x|x
1.10|1.10
2.2|2.2
SELECT 2

SELECT n, n2 FROM ts;
SELECT n, n2, n + n2, n * n2 FROM (SELECT * FROM ts) q;
SELECT sum(n), min(n), max(n), avg(n), avg(n2), sum(n2) FROM (SELECT * FROM ts) q;
SELECT sum(n), min(n), max(n), avg(n), avg(n2), sum(n2) FROM ts;
SELECT -2147483648;
SELECT -9223372036854775808;
SELECT -32768::int2;
SELECT -1::text;
---
n|n2
12.345|2.50
NULL|NULL
0.1|100.00
SELECT 3
n|n2|?column?|?column?
12.345|2.50|14.845|30.86250
NULL|NULL|NULL|NULL
0.1|100.00|100.10|10.000
SELECT 3
sum|min|max|avg|avg|sum
12.445|0.1|12.345|6.2225000000000000|51.2500000000000000|102.50
SELECT 1
sum|min|max|avg|avg|sum
12.445|0.1|12.345|6.2225000000000000|51.2500000000000000|102.50
SELECT 1
?column?
-2147483648
SELECT 1
?column?
-9223372036854775808
SELECT 1
ERROR 22003: smallint out of range
ERROR 42883: operator does not exist: - text
  hint: No operator matches the given name and argument types. You might need to add explicit type casts.

SELECT 50331648::real, 1e23::float8;
SELECT x::real, x::float8 FROM (VALUES (50331648)) t(x);
SELECT generate_series(date '2024-01-01', date '2024-01-03', interval '1 day');
SELECT * FROM generate_series(date '2024-01-01', date '2024-01-03', interval '1 day');
SELECT '1'::text::int, 2.5::float8::int;
SELECT x::int, (x || '0')::numeric(10,2), x::varchar(3), x::float4, CAST(x AS int8) FROM (VALUES ('1')) t(x);
SELECT 'int4'::regtype::oid;
SELECT pg_typeof(1) = 'integer'::regtype;
---
float4|float8
5.0331648e+07|9.999999999999999e+22
SELECT 1
x|x
5.0331648e+07|50331648
SELECT 1
generate_series
2024-01-01 00:00:00+00
2024-01-02 00:00:00+00
2024-01-03 00:00:00+00
SELECT 3
generate_series
2024-01-01 00:00:00+00
2024-01-02 00:00:00+00
2024-01-03 00:00:00+00
SELECT 3
int4|int4
1|2
SELECT 1
x|numeric|x|x|x
1|10.00|1|1|1
SELECT 1
oid
23
SELECT 1
?column?
t
SELECT 1

SELECT 'nope'::regtype;
SELECT 'nosuch'::regclass;
SELECT DISTINCT ON (s) s, id FROM ts ORDER BY id;
SELECT count(*) FROM ts GROUP BY 'a';
SELECT * FROM generate_series(1, 2, 0);
SELECT nth_value(id, 0) OVER () FROM ts;
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT max(n) + 1 FROM r WHERE n < 4) SELECT * FROM r;
SELECT 1e-400::float8;
---
ERROR 42704: type "nope" does not exist
ERROR 42P01: relation "nosuch" does not exist
ERROR 42P10: SELECT DISTINCT ON expressions must match initial ORDER BY expressions
ERROR 42601: non-integer constant in GROUP BY
ERROR 22023: step size cannot equal zero
ERROR 22016: argument of nth_value must be greater than zero
ERROR 42P19: aggregate functions are not allowed in a recursive query's recursive term
ERROR 22003: "0.0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001" is out of range for type double precision

SELECT 'abc' LIKE 'abc#' ESCAPE '#';
SELECT s LIKE 'Abc#' ESCAPE '#' FROM ts;
SELECT ntile(0) OVER () FROM ts;
SELECT sum(id) OVER (ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) FROM ts;
SELECT sum(id) OVER (ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM ts;
SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY id) FROM ts;
SELECT 99999999999::numeric::int4;
SELECT (n * 99999999999)::int4 FROM (SELECT * FROM ts) q;
---
?column?
f
SELECT 1
?column?
f
NULL
f
SELECT 3
ERROR 22014: argument of ntile must be greater than zero
ERROR 22013: frame starting offset must not be negative
ERROR 42P20: frame starting from current row cannot have preceding rows
ERROR 22003: percentile value is not between 0 and 1
ERROR 22003: integer out of range
ERROR 22003: integer out of range

SELECT id FROM ts LIMIT id;
SELECT sum(NULL);
SELECT format('%s %I %L %%', 'a', 'b c', 'd''e'), format('%2$s %1$s|%-5s|', 'x', 'y');
SELECT to_date('2024-02-29', 'YYYY-MM-DD'), to_timestamp('2024-02-29 10:11', 'YYYY-MM-DD HH24:MI'), to_number('1,234.5', '9,999.9');
SELECT regexp_match('foobar', '(o+)(b)'), regexp_count('abcabc', 'b'), regexp_instr('abcabc', 'c', 1, 2), regexp_substr('abcabc', 'b.'), regexp_like('abc', 'B', 'i');
SELECT regexp_split_to_array('a,b,c', ','), string_to_array('a,b', ','), regexp_matches('abab', 'a(b)', 'g');
SELECT regexp_split_to_table('a,b,c', ',');
SELECT 'abc' SIMILAR TO 'a(b|c)*', 'abc' NOT SIMILAR TO 'x%';
---
ERROR 42P10: argument of LIMIT must not contain variables
ERROR 42725: function sum(unknown) is not unique
  hint: Could not choose a best candidate function. You might need to add explicit type casts.
format|format
a "b c" 'd''e' %|y x|y    |
SELECT 1
to_date|to_timestamp|to_number
2024-02-29|2024-02-29 10:11:00+00|1234.5
SELECT 1
regexp_match|regexp_count|regexp_instr|regexp_substr|regexp_like
{oo,b}|2|6|bc|t
SELECT 1
regexp_split_to_array|string_to_array|regexp_matches
{a,b,c}|{a,b}|{b}
{a,b,c}|{a,b}|{b}
SELECT 2
regexp_split_to_table
a
b
c
SELECT 3
?column?|?column?
t|t
SELECT 1

SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', date '2024-03-01');
SELECT date_bin('15 minutes', timestamp '2024-01-01 10:37', timestamp '2024-01-01'), make_interval(days => 3, hours => 2), make_timestamptz(2024, 1, 2, 3, 4, 5.5), date_add('2024-01-01'::timestamptz, '1 day');
SELECT to_char(interval '1 day 02:03:04', 'HH24:MI:SS DD');
SELECT timestamp '2024-06-01' AT TIME ZONE interval '5 hours';
SELECT width_bucket(5.5, 0, 10, 4), factorial(5), min_scale(1.500), trim_scale(1.500), to_bin(5), to_oct(8), erf(0.5), cot(1), num_nulls(1, NULL), num_nonnulls(1, NULL), quote_nullable(NULL);
SELECT get_byte('\x0102', 1), set_byte('\x0102', 0, 255), convert_to('ä', 'UTF8'), convert_from('\x61', 'UTF8'), normalize('ä'), unistr('\0041');
SELECT regr_intercept(x, y), regr_r2(x, y), regr_sxx(x, y), regr_avgy(x, y), covar_pop(x, y), covar_samp(x, y) FROM (VALUES (1, 5), (2, 7), (3, 6)) t(x, y);
SELECT id FROM ts ORDER BY n2 FETCH FIRST 1 ROW WITH TIES;
---
overlaps
t
SELECT 1
date_bin|make_interval|make_timestamptz|date_add
2024-01-01 10:30:00|3 days 02:00:00|2024-01-02 03:04:05.5+00|2024-01-02 00:00:00+00
SELECT 1
to_char
02:03:04 01
SELECT 1
timezone
2024-05-31 19:00:00+00
SELECT 1
width_bucket|factorial|min_scale|trim_scale|to_bin|to_oct|erf|cot|num_nulls|num_nonnulls|quote_nullable
3|120|1|1.5|101|10|0.5204998778130465|0.6420926159343306|1|1|NULL
SELECT 1
get_byte|set_byte|convert_to|convert_from|normalize|unistr
2|\xff02|\xc3a4|a|ä|A
SELECT 1
regr_intercept|regr_r2|regr_sxx|regr_avgy|covar_pop|covar_samp
-1|0.25|2|2|0.3333333333333333|0.5
SELECT 1
id
1
SELECT 1

SELECT id, generate_series(1, 2) FROM ts ORDER BY 1, 2;
SELECT * FROM generate_series(1.0, 2.0, 0.5);
SELECT dup.id FROM dup WHERE (k, v) = (SELECT 1, 10);
SELECT count(DISTINCT (k, v)) FROM dup;
SELECT lag(k, NULL) OVER (ORDER BY id) FROM dup;
SELECT set_config('application_name', 'x', false), to_regclass('ts'), to_regclass('nosuch'), to_regtype('int4'), to_regtype('nosuch');
SELECT has_table_privilege('ts', 'SELECT'), has_schema_privilege('public', 'USAGE');
SELECT pg_get_serial_sequence('ts', 'id');
---
id|generate_series
1|1
1|2
2|1
2|2
3|1
3|2
SELECT 6
generate_series
1.0
1.5
2.0
SELECT 3
id
1
SELECT 1
count
5
SELECT 1
lag
NULL
NULL
NULL
NULL
NULL
SELECT 5
set_config|to_regclass|to_regclass|to_regtype|to_regtype
x|ts|NULL|integer|NULL
SELECT 1
has_table_privilege|has_schema_privilege
t|t
SELECT 1
pg_get_serial_sequence
NULL
SELECT 1
