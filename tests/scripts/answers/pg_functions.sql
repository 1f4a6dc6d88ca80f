# !open
# Answers that PostgreSQL 18 gives: functions.sql in tests/sql/statements.

SELECT format('%s %I %L %%', 'a', 'b c', 'd''e'), format('%2$s %1$s|%-5s|', 'x', 'y'), format('%5s|%-5s|', 1, 2.5), format('%s', NULL), format('%L', NULL), format('no'), format('%*s|', 5, 'x'), format('%I.%I', 'Select', 'abc');
SELECT format('%s|%L', x, y) FROM (VALUES ('a', 1.50), (NULL, 2)) t(x, y);
SELECT format('%s');
SELECT format('%q', 1);
SELECT format('%I', NULL);
SELECT to_date('2024-02-29', 'YYYY-MM-DD'), to_date('29 Feb 2024', 'DD Mon YYYY'), to_date('20240229', 'YYYYMMDD'), to_date('February 3, 1999', 'Month DD, YYYY'), to_date('03/04/24', 'MM/DD/YY'), to_date('2024 060', 'YYYY DDD'), to_date('2024-09-2', 'IYYY-IW-ID'), to_date('1/2/2003', 'DD/MM/YYYY');
SELECT to_timestamp('2024-02-29 10:11', 'YYYY-MM-DD HH24:MI'), to_timestamp('2024-02-29 10:11:12.345', 'YYYY-MM-DD HH24:MI:SS.MS'), to_timestamp('05 Dec 2000 03:04 PM', 'DD Mon YYYY HH12:MI AM'), to_timestamp('2024-01-01T05:06:07', 'YYYY-MM-DD"T"HH24:MI:SS'), to_timestamp('1.123456', 'SS.US');
SELECT to_date(x, 'YYYY-MM-DD'), to_timestamp(x, 'YYYY-MM-DD') FROM (VALUES ('2024-01-05'), ('1999-12-31')) t(x);
---
format|format|format|format|format|format|format|format
a "b c" 'd''e' %|y x|y    ||    1|2.5  |||NULL|no|    x||"Select".abc
SELECT 1
format
a|'1.50'
|'2'
SELECT 2
ERROR 22023: too few arguments for format()
ERROR 22023: unrecognized format() type specifier "q"
  hint: For a single "%" use "%%".
ERROR 22004: null values cannot be formatted as an SQL identifier
to_date|to_date|to_date|to_date|to_date|to_date|to_date|to_date
2024-02-29|2024-02-29|2024-02-29|1999-02-03|2024-03-04|2024-02-29|2024-02-27|2003-02-01
SELECT 1
to_timestamp|to_timestamp|to_timestamp|to_timestamp|to_timestamp
2024-02-29 10:11:00+00|2024-02-29 10:11:12.345+00|2000-12-05 15:04:00+00|2024-01-01 05:06:07+00|0001-01-01 00:00:01.123456+00 BC
SELECT 1
to_date|to_timestamp
2024-01-05|2024-01-05 00:00:00+00
1999-12-31|1999-12-31 00:00:00+00
SELECT 2

SELECT to_date('2024-13-01', 'YYYY-MM-DD');
SELECT to_date('abc', 'YYYY-MM-DD');
SELECT to_date('2024-02-30', 'YYYY-MM-DD');
SELECT to_number('1,234.5', '9,999.9'), to_number('-12.34', 'S99.99'), to_number('$1,000', 'L9,999'), to_number('00123', '99999'), to_number('12,454.8-', '99G999D9S'), to_number('  42', '9999');
SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', date '2024-03-01'), (time '10:00', interval '1 hour') OVERLAPS (time '10:30', time '12:00'), (timestamp '2024-01-01', NULL) OVERLAPS (timestamp '2024-01-01', timestamp '2024-01-02'), (timestamp '2024-01-03', timestamp '2024-01-01') OVERLAPS (timestamp '2024-01-02', interval '1 day');
SELECT date_bin('15 minutes', timestamp '2024-01-01 10:37', timestamp '2024-01-01'), date_bin('1 day', timestamptz '2024-01-01 10:37+00', timestamptz '2023-12-31 06:00+00'), date_bin('2 hours', timestamp '2023-12-31 23:00', timestamp '2024-01-01');
SELECT date_bin('1 month', timestamp '2024-01-01', timestamp '2023-01-01');
SELECT make_interval(days => 3, hours => 2), make_interval(1, 2), make_interval(secs => 1.5, weeks => 1), make_interval();
---
ERROR 22008: date/time field value out of range: "2024-13-01"
ERROR 22007: invalid value "abc" for "YYYY"
  detail: Value must be an integer.
ERROR 22008: date/time field value out of range: "2024-02-30"
to_number|to_number|to_number|to_number|to_number|to_number
1234.5|-12.34|1000|123|-12454.8|42
SELECT 1
overlaps|overlaps|overlaps|overlaps
t|t|NULL|t
SELECT 1
date_bin|date_bin|date_bin
2024-01-01 10:30:00|2024-01-01 06:00:00+00|2023-12-31 22:00:00
SELECT 1
ERROR 0A000: timestamps cannot be binned into intervals containing months or years
make_interval|make_interval|make_interval|make_interval
3 days 02:00:00|1 year 2 mons|7 days 00:00:01.5|00:00:00
SELECT 1

SELECT make_timestamptz(2024, 1, 2, 3, 4, 5.5), make_timestamptz(2024, 7, 2, 3, 4, 5.5, 'America/New_York'), date_add('2024-01-01'::timestamptz, '1 day'), date_subtract('2024-03-11 00:00+00'::timestamptz, '1 day', 'America/New_York');
SELECT to_char(interval '1 day 02:03:04', 'HH24:MI:SS DD'), to_char(interval '-26:03:04.5', 'HH24:MI:SS.MS'), to_char(interval '3 years 2 mons 15 hours', 'YYYY-MM HH12 AM'), to_char(interval '100 hours', 'FMHH24h MIm');
SELECT to_char(interval '1 day', 'Month');
SELECT width_bucket(5.5, 0, 10, 4), width_bucket(5.5::float8, 0, 10, 4), width_bucket(10, 10, 0, 3), width_bucket(-1, 0, 10, 4), width_bucket(11.0, 0, 10, 4);
SELECT factorial(5), factorial(0), factorial(30), min_scale(1.500), trim_scale(1.500), trim_scale(100.00), to_bin(5), to_bin(-1), to_oct(8), gcd(12.0, 8.4), lcm(1.5, 0.4);
SELECT erf(0.5), erfc(0.5), cot(1), cot(0), asinh(1), acosh(1.5), atanh(0.5), sind(30), cosd(60), tand(45), cotd(45), asind(0.5), acosd(0.5), atand(1), atan2d(1, 1), sind(-150), cosd(270), tand(180), degrees(0.1), radians(180);
SELECT acosh(0.5);
SELECT num_nulls(1, NULL, 'a'), num_nonnulls(1, NULL, 'a'), quote_nullable(NULL), quote_nullable('a''b'), quote_nullable(1.50), quote_literal(42), quote_literal(date '2024-01-01');
---
make_timestamptz|make_timestamptz|date_add|date_subtract
2024-01-02 03:04:05.5+00|2024-07-02 07:04:05.5+00|2024-01-02 00:00:00+00|2024-03-10 01:00:00+00
SELECT 1
to_char|to_char|to_char|to_char
02:03:04 01|-26:-03:-04.-500|0003-02 03 PM|100h 00m
SELECT 1
ERROR 22007: invalid format specification for an interval value
  hint: Intervals are not tied to specific calendar dates.
width_bucket|width_bucket|width_bucket|width_bucket|width_bucket
3|3|1|0|5
SELECT 1
factorial|factorial|factorial|min_scale|trim_scale|trim_scale|to_bin|to_bin|to_oct|gcd|lcm
120|1|265252859812191058636308480000000|1|1.5|100|101|11111111111111111111111111111111|10|1.2|6.0
SELECT 1
erf|erfc|cot|cot|asinh|acosh|atanh|sind|cosd|tand|cotd|asind|acosd|atand|atan2d|sind|cosd|tand|degrees|radians
0.5204998778130465|0.4795001221869535|0.6420926159343306|Infinity|0.881373587019543|0.9624236501192069|0.5493061443340548|0.5|0.5|1|1|30|60|45|45|-0.5|0|0|5.729577951308232|3.141592653589793
SELECT 1
ERROR 22003: input is out of range
num_nulls|num_nonnulls|quote_nullable|quote_nullable|quote_nullable|quote_literal|quote_literal
1|2|NULL|'a''b'|'1.50'|'42'|'2024-01-01'
SELECT 1

SELECT get_byte('\x01', 5);
SELECT convert_from('\xff', 'UTF8');
SELECT uuid_extract_version('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), uuid_extract_timestamp('019535d9-3df7-79fb-b466-fa907fa17f9e');
SELECT make_time(1, 2, 'NaN');
---
ERROR 2202E: index 5 out of valid range, 0..0
ERROR 22021: invalid byte sequence for encoding "UTF8": 0xff
uuid_extract_version|uuid_extract_timestamp
4|2025-02-24 02:46:24.503+00
SELECT 1
ERROR 22008: time field value out of range: 1:02:nan
