# DSQL's limits on rows
CREATE TABLE t (id text PRIMARY KEY, body text, tag text UNIQUE);
INSERT INTO t VALUES ('k', repeat('x', 1048576), NULL);
INSERT INTO t VALUES ('l', repeat('x', 1048577), NULL);
UPDATE t SET body = body || 'y' WHERE id = 'k';
INSERT INTO t VALUES (repeat('k', 2000), 'x', NULL);
INSERT INTO t VALUES ('m', 'x', repeat('t', 2000));
UPDATE t SET tag = repeat('t', 1100) WHERE id = 'k';
SELECT id, length(body), length(tag) FROM t;
---
CREATE TABLE
INSERT 0 1
ERROR 54000: maximum column size exceeded
ERROR 54000: maximum column size exceeded
ERROR 54000: key size too large
ERROR 54000: key size too large
ERROR 54000: key size too large
id|length|length
k|1048576|NULL
SELECT 1

# 3000 rows a transaction
CREATE TABLE n (a int PRIMARY KEY, b int);
CREATE TABLE d (a int PRIMARY KEY);
INSERT INTO d VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
BEGIN;
INSERT INTO n SELECT x.a * 1000 + y.a * 100 + z.a * 10 + w.a, 1 FROM d x, d y, d z, d w WHERE x.a < 3;
UPDATE n SET b = 2 WHERE a = 7;
INSERT INTO n VALUES (5000, 1);
ROLLBACK;
INSERT INTO n SELECT x.a * 1000 + y.a * 100 + z.a * 10 + w.a, 1 FROM d x, d y, d z, d w;
SELECT count(*) FROM n;
---
CREATE TABLE
CREATE TABLE
INSERT 0 10
BEGIN
INSERT 0 3000
UPDATE 1
ERROR 54000: transaction row limit exceeded
ROLLBACK
ERROR 54000: transaction row limit exceeded
count
0
SELECT 1
