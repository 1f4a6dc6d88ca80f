# Types that DSQL has in expressions at most are no columns' types there; timetz is one.

CREATE TABLE t (id int PRIMARY KEY, i inet);
CREATE TABLE t (id int PRIMARY KEY, b bit(3));
CREATE TABLE t (id int PRIMARY KEY, m macaddr8);
CREATE TABLE t (at timetz PRIMARY KEY);
INSERT INTO t VALUES ('12:00+02'), ('10:00+00');
SELECT at, inet '10.0.0.1' << cidr '10/8' FROM t ORDER BY at;
SELECT at FROM t WHERE at = '12:00+02';
---
ERROR 0A000: datatype inet not supported
ERROR 0A000: datatype bit not supported
ERROR 0A000: datatype macaddr8 not supported
CREATE TABLE
INSERT 0 2
at|?column?
12:00:00+02|t
10:00:00+00|t
SELECT 2
at
12:00:00+02
SELECT 1
