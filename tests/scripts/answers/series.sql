# !open
# Answers that PostgreSQL 18 gives: series.sql in tests/sql/statements.

SELECT x, pg_typeof(x) FROM generate_series(1, '3') x;
SELECT x, pg_typeof(x) FROM generate_series('1', 3::bigint, '2') x;
SELECT x, pg_typeof(x) FROM generate_series(1::int2, 2::int2) x;
SELECT x, pg_typeof(x) FROM generate_series(1, 2::int8) x;
SELECT x, pg_typeof(x) FROM generate_series(1, 3, 0.5) x;
SELECT x, pg_typeof(x) FROM generate_series(1.10, 2, '0.3') x;
SELECT x, pg_typeof(x) FROM generate_series('2024-01-01', '2024-01-02', interval '12 hours') x;
SELECT x, pg_typeof(x) FROM generate_series(date '2024-01-01', '2024-01-02', '12 hours') x;
---
x|pg_typeof
1|integer
2|integer
3|integer
SELECT 3
x|pg_typeof
1|bigint
3|bigint
SELECT 2
ERROR 42725: function generate_series(smallint, smallint) is not unique
  hint: Could not choose a best candidate function. You might need to add explicit type casts.
x|pg_typeof
1|bigint
2|bigint
SELECT 2
x|pg_typeof
1|numeric
1.5|numeric
2.0|numeric
2.5|numeric
3.0|numeric
SELECT 5
x|pg_typeof
1.10|numeric
1.40|numeric
1.70|numeric
2.00|numeric
SELECT 4
x|pg_typeof
2024-01-01 00:00:00+00|timestamp with time zone
2024-01-01 12:00:00+00|timestamp with time zone
2024-01-02 00:00:00+00|timestamp with time zone
SELECT 3
x|pg_typeof
2024-01-01 00:00:00+00|timestamp with time zone
2024-01-01 12:00:00+00|timestamp with time zone
2024-01-02 00:00:00+00|timestamp with time zone
SELECT 3

SELECT x, pg_typeof(x) FROM generate_series(timestamp '2024-01-01', '2024-01-02', '12 hours') x;
SELECT x, pg_typeof(x) FROM generate_series(timestamp '2024-01-01', timestamptz '2024-01-02', '1 day') x;
SELECT x, pg_typeof(x) FROM generate_series(date '2024-01-01', timestamp '2024-01-02', '1 day') x;
SELECT generate_series(1, NULL), 5;
SELECT * FROM generate_series(NULL, 3);
SELECT * FROM generate_series('1', '3');
SELECT * FROM generate_series('2024-01-01', '2024-01-02', '1 day');
SELECT * FROM generate_series(1, 2.5::float8);
---
x|pg_typeof
2024-01-01 00:00:00|timestamp without time zone
2024-01-01 12:00:00|timestamp without time zone
2024-01-02 00:00:00|timestamp without time zone
SELECT 3
x|pg_typeof
2024-01-01 00:00:00+00|timestamp with time zone
2024-01-02 00:00:00+00|timestamp with time zone
SELECT 2
x|pg_typeof
2024-01-01 00:00:00|timestamp without time zone
2024-01-02 00:00:00|timestamp without time zone
SELECT 2
generate_series|?column?
SELECT 0
generate_series
SELECT 0
ERROR 42725: function generate_series(unknown, unknown) is not unique
  hint: Could not choose a best candidate function. You might need to add explicit type casts.
ERROR 42725: function generate_series(unknown, unknown, unknown) is not unique
  hint: Could not choose a best candidate function. You might need to add explicit type casts.
ERROR 42883: function generate_series(integer, double precision) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.

SELECT * FROM generate_series(1, 'x');
SELECT * FROM generate_series(1, 'a'::text);
SELECT * FROM generate_series(true, false);
SELECT * FROM generate_series(1);
SELECT * FROM generate_series(1, 2, 3, 4);
SELECT * FROM generate_series(date '2024-01-01', date '2024-01-03');
SELECT * FROM generate_series(1, 2, 0);
SELECT sum(generate_series) FROM generate_series(2147483646, 2147483647);
---
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42883: function generate_series(integer, text) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function generate_series(boolean, boolean) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function generate_series(integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function generate_series(integer, integer, integer, integer) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 42883: function generate_series(date, date) does not exist
  hint: No function matches the given name and argument types. You might need to add explicit type casts.
ERROR 22023: step size cannot equal zero
sum
4294967293
SELECT 1
