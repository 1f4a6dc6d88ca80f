# !open
# Answers that PostgreSQL 18 gives: more.sql in tests/sql/statements.

CREATE TABLE m (id int PRIMARY KEY, a int, n numeric, p numeric(12,3), s text, c char(4), ts timestamptz);
INSERT INTO m VALUES (1, 10, 0.10, 1.000, 'x', 'ab', '2024-03-10 06:59:59+00'), (2, 20, 0.1, 2.5, 'y', 'ab', '2024-03-10 07:00:00+00'), (3, NULL, NULL, NULL, NULL, NULL, NULL), (4, -5, 12345678901234567890.12345, -0.125, 'x', 'abcd', '2024-11-03 05:59:59+00');
SELECT n, sum(a) FROM m GROUP BY n ORDER BY n;
SELECT s, n, count(*) FROM m GROUP BY s, n HAVING n < 1 ORDER BY 1, 2;
SELECT s, max(n), min(p), sum(p) FILTER (WHERE a > 0), avg(p) FROM m GROUP BY s ORDER BY s;
SELECT n * p, n + p, n - p, p * p, p + 1.00005, p * 0.5, p / 3, round(p, 1), n::numeric(30,2), p::numeric(6,1) FROM (SELECT * FROM m) q ORDER BY id;
SELECT id FROM m WHERE n = 0.10 ORDER BY id;
SELECT id FROM m WHERE n IN (0.1, 5) ORDER BY id;
---
CREATE TABLE
INSERT 0 4
n|sum
0.10|30
12345678901234567890.12345|-5
NULL|NULL
SELECT 3
s|n|count
x|0.10|1
y|0.1|1
SELECT 2
s|max|min|sum|avg
x|12345678901234567890.12345|-0.125|1.000|0.43750000000000000000
y|0.1|2.500|2.500|2.5000000000000000
NULL|NULL|NULL|NULL|NULL
SELECT 3
?column?|?column?|?column?|?column?|?column?|?column?|?column?|round|n|p
0.10000|1.100|-0.900|1.000000|2.00005|0.5000|0.33333333333333333333|1.0|0.10|1.0
0.2500|2.600|-2.400|6.250000|3.50005|1.2500|0.83333333333333333333|2.5|0.10|2.5
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
-1543209862654320986.26543125|12345678901234567889.99845|12345678901234567890.24845|0.015625|0.87505|-0.0625|-0.04166666666666666667|-0.1|12345678901234567890.12|-0.1
SELECT 4
id
1
2
SELECT 2
id
1
2
SELECT 2

SELECT id FROM (SELECT * FROM m) q WHERE n = ANY ('{0.100,7}') ORDER BY id;
SELECT id FROM (SELECT * FROM m) q WHERE p = ANY (ARRAY[1, 2.5]) ORDER BY id;
SELECT id FROM (SELECT * FROM m) q WHERE p <> ALL ('{1,2.50}'::numeric[]) ORDER BY id;
SELECT a.id, b.id FROM m a, m b WHERE a.n = b.n AND a.id <> b.id ORDER BY 1;
SELECT a.id, b.id FROM m a LEFT JOIN m b ON a.p = b.a / 10.0 ORDER BY 1, 2;
SELECT id, n FROM m UNION SELECT id + 10, p FROM m ORDER BY 1;
SELECT p FROM m EXCEPT SELECT 2.5 ORDER BY 1;
SELECT CASE WHEN a > 10 THEN 1.5 WHEN a > 0 THEN 2 ELSE p END, coalesce(n, p, 7), nullif(p, 1), greatest(n, 0.1), least(p, a) FROM (SELECT * FROM m) q ORDER BY id;
---
id
1
2
SELECT 2
id
1
2
SELECT 2
id
4
SELECT 1
id|id
1|2
2|1
SELECT 2
id|id
1|1
2|NULL
3|NULL
4|NULL
SELECT 4
id|n
1|0.10
2|0.1
3|NULL
4|12345678901234567890.12345
11|1.000
12|2.500
13|NULL
14|-0.125
SELECT 8
p
-0.125
1.000
NULL
SELECT 3
p|coalesce|nullif|greatest|least
2|0.10|NULL|0.10|1.000
1.5|0.1|2.500|0.1|2.500
NULL|7|NULL|0.1|NULL
-0.125|12345678901234567890.12345|-0.125|12345678901234567890.12345|-5
SELECT 4

SELECT id, sum(p) OVER (ORDER BY id), avg(n) OVER (), lag(p) OVER (ORDER BY id), lag(n, 1, 0.5) OVER (ORDER BY id), max(n) OVER (PARTITION BY s) FROM m ORDER BY id;
SELECT variance(a), stddev(a), var_pop(a), stddev_pop(p), variance(p), stddev(n) FROM m;
SELECT avg(a), avg(p), sum(a) / count(a), sum(p) / 3, avg(a)::text, avg(p)::numeric(10,2) FROM (SELECT * FROM m) q;
SELECT s, avg(a)::text, round(avg(p), 2) FROM m GROUP BY s ORDER BY s;
SELECT array_agg(n ORDER BY id), array_agg(p), array_agg(c ORDER BY id) FROM m;
SELECT unnest(array_agg(n)) FROM m;
SELECT x, pg_typeof(x) FROM unnest(ARRAY[1, 2.50, NULL]) u(x);
SELECT ARRAY[n, p] FROM m ORDER BY id;
---
id|sum|avg|lag|lag|max
1|1.000|4115226300411522630.10782|NULL|0.5|12345678901234567890.12345
2|3.500|4115226300411522630.10782|1.000|0.10|0.1
3|3.500|4115226300411522630.10782|2.500|0.1|NULL
4|3.375|4115226300411522630.10782|NULL|NULL|12345678901234567890.12345
SELECT 4
variance|stddev|var_pop|stddev_pop|variance|stddev
158.3333333333333333|12.5830573921179162|105.5555555555555556|1.0752906583803283|1.7343750000000000|7127781036956461003.4348741102
SELECT 1
avg|avg|?column?|?column?|avg|avg
8.3333333333333333|1.12500000000000000000|8|1.12500000000000000000|8.3333333333333333|1.13
SELECT 1
s|avg|round
x|2.5000000000000000|0.44
y|20.0000000000000000|2.50
NULL|NULL|NULL
SELECT 3
array_agg|array_agg|array_agg
{0.10,0.1,NULL,12345678901234567890.12345}|{1.000,2.500,NULL,-0.125}|{"ab  ","ab  ",NULL,abcd}
SELECT 1
unnest
0.10
0.1
NULL
12345678901234567890.12345
SELECT 4
x|pg_typeof
1|numeric
2.50|numeric
NULL|numeric
SELECT 3
array
{0.10,1.000}
{0.1,2.500}
{NULL,NULL}
{12345678901234567890.12345,-0.125}
SELECT 4

SELECT ARRAY[c, s::char(4)], ARRAY[ts] FROM m ORDER BY id;
SET TimeZone = 'America/New_York';
SELECT ts, ts + interval '1 day', ts + interval '24 hours', ts::date, ts::text, date_trunc('day', ts), extract(hour FROM ts), to_char(ts, 'HH24:MI TZ OF') FROM m ORDER BY id;
SELECT ts, ts + interval '1 day', ts + interval '24 hours', ts::date, ts::text, date_trunc('day', ts), extract(hour FROM ts), to_char(ts, 'HH24:MI TZ OF') FROM (SELECT * FROM m) q ORDER BY id;
SELECT * FROM generate_series('2024-11-02 00:00'::timestamptz, '2024-11-05', '1 day');
SELECT * FROM generate_series('2024-03-09 22:00'::timestamptz, '2024-03-10 06:00', '2 hours');
SELECT array_agg(ts ORDER BY id), min(ts), max(ts) FROM m;
SELECT '2024-03-10 02:30'::timestamptz, '2024-11-03 01:30'::timestamptz, timestamp '2024-07-01 12:00' AT TIME ZONE 'UTC', timestamptz '2024-07-01 12:00+00' AT TIME ZONE 'Asia/Tokyo';
---
array|array
{"ab  ","x   "}|{"2024-03-10 06:59:59+00"}
{"ab  ","y   "}|{"2024-03-10 07:00:00+00"}
{NULL,NULL}|{NULL}
{abcd,"x   "}|{"2024-11-03 05:59:59+00"}
SELECT 4
SET
ts|?column?|?column?|ts|ts|date_trunc|extract|to_char
2024-03-10 01:59:59-05|2024-03-11 01:59:59-04|2024-03-11 02:59:59-04|2024-03-10|2024-03-10 01:59:59-05|2024-03-10 00:00:00-05|1|01:59 EST -05
2024-03-10 03:00:00-04|2024-03-11 03:00:00-04|2024-03-11 03:00:00-04|2024-03-10|2024-03-10 03:00:00-04|2024-03-10 00:00:00-05|3|03:00 EDT -04
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
2024-11-03 01:59:59-04|2024-11-04 01:59:59-05|2024-11-04 00:59:59-05|2024-11-03|2024-11-03 01:59:59-04|2024-11-03 00:00:00-04|1|01:59 EDT -04
SELECT 4
ts|?column?|?column?|ts|ts|date_trunc|extract|to_char
2024-03-10 01:59:59-05|2024-03-11 01:59:59-04|2024-03-11 02:59:59-04|2024-03-10|2024-03-10 01:59:59-05|2024-03-10 00:00:00-05|1|01:59 EST -05
2024-03-10 03:00:00-04|2024-03-11 03:00:00-04|2024-03-11 03:00:00-04|2024-03-10|2024-03-10 03:00:00-04|2024-03-10 00:00:00-05|3|03:00 EDT -04
NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
2024-11-03 01:59:59-04|2024-11-04 01:59:59-05|2024-11-04 00:59:59-05|2024-11-03|2024-11-03 01:59:59-04|2024-11-03 00:00:00-04|1|01:59 EDT -04
SELECT 4
generate_series
2024-11-02 00:00:00-04
2024-11-03 00:00:00-04
2024-11-04 00:00:00-05
2024-11-05 00:00:00-05
SELECT 4
generate_series
2024-03-09 22:00:00-05
2024-03-10 00:00:00-05
2024-03-10 03:00:00-04
2024-03-10 05:00:00-04
SELECT 4
array_agg|min|max
{"2024-03-10 01:59:59-05","2024-03-10 03:00:00-04",NULL,"2024-11-03 01:59:59-04"}|2024-03-10 01:59:59-05|2024-11-03 01:59:59-04
SELECT 1
timestamptz|timestamptz|timezone|timezone
2024-03-10 03:30:00-04|2024-11-03 01:30:00-05|2024-07-01 08:00:00-04|2024-07-01 21:00:00
SELECT 1

RESET TimeZone;
SET extra_float_digits = 0;
SELECT 0.1::float8 + 0.2::float8, 1e23::float8, 1.0::real / 3, x::text FROM (VALUES (0.1::float8 + 0.2::float8)) v(x);
RESET extra_float_digits;
SET bytea_output = 'escape';
SELECT '\x01ff41'::bytea, x::text, ARRAY[x] FROM (VALUES ('\x01ff41'::bytea)) v(x);
RESET bytea_output;
SET intervalstyle = 'iso_8601';
---
RESET
SET
?column?|float8|?column?|x
0.3|1e+23|0.333333333333333|0.3
SELECT 1
RESET
SET
bytea|x|array
\001\377A|\001\377A|{"\\001\\377A"}
SELECT 1
RESET
SET

SELECT interval '1 year 2 days 03:04:05', x::text, ARRAY[x] FROM (VALUES (interval '-1 month 5 min')) v(x);
RESET intervalstyle;
SELECT length('ab'::char(5) || 'c'), 'ab'::char(5) || 'c' = 'abc', concat('ab'::char(5), 'c'), 'ab'::char(5)::text = 'ab';
SELECT c, count(*), max(c || '!'), string_agg(c, '|'), min(length(c)) FROM m GROUP BY c ORDER BY c;
SELECT c FROM m WHERE c > 'ab' OR c LIKE 'ab ' ORDER BY c;
SELECT DISTINCT c FROM m ORDER BY c DESC NULLS LAST;
SELECT c || c, c::varchar(3), c::char(3), c::char(6) || '.', upper(c) = 'AB', c SIMILAR TO 'ab *', substring(c FROM 'b.*') || '.' FROM (SELECT * FROM m) q ORDER BY id;
SELECT 'm'::regclass, 'm'::regclass::oid = (SELECT oid FROM pg_class WHERE relname = 'm'), pg_typeof('m'::regclass), 'int8'::regtype::text || '!', (SELECT 'text'::regtype), 'numeric(5,2)'::regtype;
---
interval|x|array
P1Y2DT3H4M5S|P-1MT5M|{P-1MT5M}
SELECT 1
RESET
length|?column?|concat|?column?
3|t|ab   c|t
SELECT 1
c|count|max|string_agg|min
ab  |2|ab!|ab|ab|2
abcd|1|abcd!|abcd|4
NULL|1|NULL|NULL|NULL
SELECT 3
c
abcd
SELECT 1
c
abcd
ab  
NULL
SELECT 3
?column?|c|c|?column?|?column?|?column?|?column?
abab|ab|ab |ab.|t|t|b.
abab|ab|ab |ab.|t|t|b.
NULL|NULL|NULL|NULL|NULL|NULL|NULL
abcdabcd|abc|abc|abcd.|f|f|bcd.
SELECT 4
regclass|?column?|pg_typeof|?column?|regtype|regtype
m|t|regclass|bigint!|text|numeric
SELECT 1

SELECT atttypid::regtype, attname FROM pg_attribute WHERE attrelid = 'm'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relname FROM pg_class WHERE oid = 'm'::regclass;
SELECT CASE WHEN pg_typeof(n) = 'numeric'::regtype THEN 1 ELSE 2 END FROM m LIMIT 1;
SELECT 'nosuchtype'::regtype;
SELECT 'public.nosuch'::regclass;
SELECT sum(a) FILTER (WHERE a / nullif(a, 10) > 0), count(*) FILTER (WHERE 1 / (a + 5) >= 0) FROM m WHERE a > 0;
SELECT max(100 / (a - 10)) FILTER (WHERE a <> 10), array_agg(1 / (a - 20)) FILTER (WHERE a <> 20) FROM m WHERE id < 3;
SELECT EXISTS (SELECT 1 / 0 FROM m), NOT EXISTS (SELECT 1 FROM m WHERE false), (SELECT count(*) FROM m WHERE EXISTS (SELECT 1 / (a - a) FROM m));
---
atttypid|attname
integer|id
integer|a
numeric|n
numeric|p
text|s
character|c
timestamp with time zone|ts
SELECT 7
relname
m
SELECT 1
case
1
SELECT 1
ERROR 42704: type "nosuchtype" does not exist
ERROR 42P01: relation "public.nosuch" does not exist
sum|count
20|2
SELECT 1
max|array_agg
10|{0}
SELECT 1
exists|?column?|count
t|t|4
SELECT 1

SELECT id FROM m x WHERE EXISTS (SELECT 1 / 0 FROM m y WHERE y.id = x.id + 1) ORDER BY id;
SELECT id FROM m WHERE (a, s) IN (SELECT a, s FROM m) ORDER BY id;
SELECT id, (a, s) NOT IN (SELECT 10, 'x') FROM m ORDER BY id;
SELECT id FROM m WHERE (a, s) = ANY (SELECT 20, 'y') ORDER BY id;
SELECT id, s FROM m ORDER BY s DESC, id DESC LIMIT 2;
SELECT 1 WHERE 'abc' LIKE 'abc\';
SELECT 'a\b' LIKE 'a\\b', 'a%b' LIKE 'a!%b' ESCAPE '!', 'abc' LIKE '%c' ESCAPE '', 'abc' NOT ILIKE 'A_C', 'x' LIKE NULL;
SELECT 'abc' LIKE 'a' ESCAPE 'xx';
---
id
1
2
3
SELECT 3
id
1
2
4
SELECT 3
id|?column?
1|f
2|t
3|NULL
4|t
SELECT 4
id
2
SELECT 1
id|s
3|NULL
2|y
SELECT 2
?column?
SELECT 0
?column?|?column?|?column?|?column?|?column?
t|t|t|f|NULL
SELECT 1
ERROR 22025: invalid escape string
  hint: Escape string must be empty or one character.

SELECT 'a' ~ '(';
SELECT 'a' ~ '*a';
SELECT to_char(timestamp '2024-01-05 00:04:05', 'HH12:MI:SS am'), to_char(timestamp '2024-12-30', 'IYYY-"W"IW-ID'), to_char(date '2024-02-29', 'DDDth "of" YYYY'), to_char(timestamp '2024-01-05', 'FMDay FMDDth FMMonth'), to_char(timestamp '2024-01-05', 'Dy dy DY Mon mon MON'), to_char(time '10:20:30', 'HH24-MI');
---
ERROR 2201B: invalid regular expression: parentheses () not balanced
ERROR 2201B: invalid regular expression: quantifier operand invalid
to_char|to_char|to_char|to_char|to_char|to_char
12:04:05 am|2025-W01-1|060th of 2024|Friday 5th January|Fri fri FRI Jan jan JAN|10-20
SELECT 1

SELECT 97::"char", 0::"char", (-3)::"char", 'é'::"char", '\303'::"char", 'xy'::"char";
SELECT ('a'::"char")::int, (''::"char")::int, ('\303'::"char")::int, (-128)::"char"::int;
SELECT 200::"char";
---
char|char|char|char|char|char
a||\375|\303|\303|x
SELECT 1
int4|int4|int4|int4
97|0|-61|-128
SELECT 1
ERROR 22003: "char" out of range
