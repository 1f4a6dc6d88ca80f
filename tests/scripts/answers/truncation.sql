# !open !columns
# date_trunc in DuckDB's own words, where the time zone is UTC, and in ours, elsewhere.
CREATE TABLE moments (id int PRIMARY KEY, ts timestamp, tz timestamptz);
INSERT INTO moments VALUES (1, '2024-02-29 23:59:59.999999', '2024-03-31 00:59:59.999999+00'), (2, '1969-12-31 23:59:59.5', '1969-12-31 23:59:59.5+00'), (3, '0044-03-15 12:34:56 BC', '0044-03-15 12:34:56+00 BC'), (4, 'infinity', '-infinity'), (5, NULL, NULL), (6, '2024-10-27 01:30:00', '2024-10-27 01:30:00+00'), (7, '2023-01-01', '2023-01-01 00:00:00+00');
---
CREATE TABLE
INSERT 0 7

SELECT id, date_trunc('second', ts), date_trunc('minute', ts), date_trunc('hour', ts), date_trunc('day', ts), date_trunc('week', ts), date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts) FROM (SELECT * FROM moments) q ORDER BY id;
SELECT id, date_trunc('second', tz), date_trunc('minute', tz), date_trunc('hour', tz), date_trunc('day', tz), date_trunc('week', tz), date_trunc('month', tz), date_trunc('quarter', tz), date_trunc('year', tz) FROM (SELECT * FROM moments) q ORDER BY id;
SELECT date_trunc('day', tz), count(*) FROM moments GROUP BY 1 ORDER BY 1;
SET TIME ZONE 'Europe/Berlin';
SELECT id, date_trunc('second', tz), date_trunc('minute', tz), date_trunc('hour', tz), date_trunc('day', tz), date_trunc('week', tz), date_trunc('month', tz), date_trunc('quarter', tz), date_trunc('year', tz) FROM (SELECT * FROM moments) q ORDER BY id;
SELECT date_trunc('day', tz), count(*) FROM moments GROUP BY 1 ORDER BY 1;
SET TIME ZONE 'UTC';
---
id|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc
1|2024-02-29 23:59:59|2024-02-29 23:59:00|2024-02-29 23:00:00|2024-02-29 00:00:00|2024-02-26 00:00:00|2024-02-01 00:00:00|2024-01-01 00:00:00|2024-01-01 00:00:00
2|1969-12-31 23:59:59|1969-12-31 23:59:00|1969-12-31 23:00:00|1969-12-31 00:00:00|1969-12-29 00:00:00|1969-12-01 00:00:00|1969-10-01 00:00:00|1969-01-01 00:00:00
3|0044-03-15 12:34:56 BC|0044-03-15 12:34:00 BC|0044-03-15 12:00:00 BC|0044-03-15 00:00:00 BC|0044-03-11 00:00:00 BC|0044-03-01 00:00:00 BC|0044-01-01 00:00:00 BC|0044-01-01 00:00:00 BC
4|infinity|infinity|infinity|infinity|infinity|infinity|infinity|infinity
5|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
6|2024-10-27 01:30:00|2024-10-27 01:30:00|2024-10-27 01:00:00|2024-10-27 00:00:00|2024-10-21 00:00:00|2024-10-01 00:00:00|2024-10-01 00:00:00|2024-01-01 00:00:00
7|2023-01-01 00:00:00|2023-01-01 00:00:00|2023-01-01 00:00:00|2023-01-01 00:00:00|2022-12-26 00:00:00|2023-01-01 00:00:00|2023-01-01 00:00:00|2023-01-01 00:00:00
SELECT 7
id|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc
1|2024-03-31 00:59:59+00|2024-03-31 00:59:00+00|2024-03-31 00:00:00+00|2024-03-31 00:00:00+00|2024-03-25 00:00:00+00|2024-03-01 00:00:00+00|2024-01-01 00:00:00+00|2024-01-01 00:00:00+00
2|1969-12-31 23:59:59+00|1969-12-31 23:59:00+00|1969-12-31 23:00:00+00|1969-12-31 00:00:00+00|1969-12-29 00:00:00+00|1969-12-01 00:00:00+00|1969-10-01 00:00:00+00|1969-01-01 00:00:00+00
3|0044-03-15 12:34:56+00 BC|0044-03-15 12:34:00+00 BC|0044-03-15 12:00:00+00 BC|0044-03-15 00:00:00+00 BC|0044-03-11 00:00:00+00 BC|0044-03-01 00:00:00+00 BC|0044-01-01 00:00:00+00 BC|0044-01-01 00:00:00+00 BC
4|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity
5|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
6|2024-10-27 01:30:00+00|2024-10-27 01:30:00+00|2024-10-27 01:00:00+00|2024-10-27 00:00:00+00|2024-10-21 00:00:00+00|2024-10-01 00:00:00+00|2024-10-01 00:00:00+00|2024-01-01 00:00:00+00
7|2023-01-01 00:00:00+00|2023-01-01 00:00:00+00|2023-01-01 00:00:00+00|2023-01-01 00:00:00+00|2022-12-26 00:00:00+00|2023-01-01 00:00:00+00|2023-01-01 00:00:00+00|2023-01-01 00:00:00+00
SELECT 7
date_trunc|count
-infinity|1
0044-03-15 00:00:00+00 BC|1
1969-12-31 00:00:00+00|1
2023-01-01 00:00:00+00|1
2024-03-31 00:00:00+00|1
2024-10-27 00:00:00+00|1
NULL|1
SELECT 7
SET
id|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc|date_trunc
1|2024-03-31 01:59:59+01|2024-03-31 01:59:00+01|2024-03-31 01:00:00+01|2024-03-31 00:00:00+01|2024-03-25 00:00:00+01|2024-03-01 00:00:00+01|2024-01-01 00:00:00+01|2024-01-01 00:00:00+01
2|1970-01-01 00:59:59+01|1970-01-01 00:59:00+01|1970-01-01 00:00:00+01|1970-01-01 00:00:00+01|1969-12-29 00:00:00+01|1970-01-01 00:00:00+01|1970-01-01 00:00:00+01|1970-01-01 00:00:00+01
3|0044-03-15 13:28:24+00:53:28 BC|0044-03-15 13:28:00+00:53:28 BC|0044-03-15 13:00:00+00:53:28 BC|0044-03-15 00:00:00+00:53:28 BC|0044-03-11 00:00:00+00:53:28 BC|0044-03-01 00:00:00+00:53:28 BC|0044-01-01 00:00:00+00:53:28 BC|0044-01-01 00:00:00+00:53:28 BC
4|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity|-infinity
5|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
6|2024-10-27 02:30:00+01|2024-10-27 02:30:00+01|2024-10-27 02:00:00+01|2024-10-27 00:00:00+02|2024-10-21 00:00:00+02|2024-10-01 00:00:00+02|2024-10-01 00:00:00+02|2024-01-01 00:00:00+01
7|2023-01-01 01:00:00+01|2023-01-01 01:00:00+01|2023-01-01 01:00:00+01|2023-01-01 00:00:00+01|2022-12-26 00:00:00+01|2023-01-01 00:00:00+01|2023-01-01 00:00:00+01|2023-01-01 00:00:00+01
SELECT 7
date_trunc|count
-infinity|1
0044-03-15 00:00:00+00:53:28 BC|1
1970-01-01 00:00:00+01|1
2023-01-01 00:00:00+01|1
2024-03-31 00:00:00+01|1
2024-10-27 00:00:00+02|1
NULL|1
SELECT 7
SET
