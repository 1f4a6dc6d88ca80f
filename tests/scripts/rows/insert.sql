CREATE TABLE t (id int PRIMARY KEY, name varchar(5) DEFAULT 'none', price numeric(8,2), at timestamp DEFAULT '2024-01-02 03:04:05', ok bool NOT NULL DEFAULT true);
---
CREATE TABLE

# several rows, a list of columns, defaults, the DEFAULT keyword
INSERT INTO t VALUES (1, 'one', 1.5, '2020-01-01', false), (2, 'two', 2, DEFAULT, DEFAULT);
INSERT INTO t (price, id) VALUES (3.456, 3);
INSERT INTO t (id) VALUES (4);
SELECT * FROM t ORDER BY id;
---
INSERT 0 2
INSERT 0 1
INSERT 0 1
id|name|price|at|ok
1|one|1.50|2020-01-01 00:00:00|f
2|two|2.00|2024-01-02 03:04:05|t
3|none|3.46|2024-01-02 03:04:05|t
4|none|NULL|2024-01-02 03:04:05|t
SELECT 4

# RETURNING sees the row as it was stored
INSERT INTO t (id, price) VALUES (5, 0.005), (6, '12.345') RETURNING id, price, name AS label, id * 2 AS twice, t.ok;
INSERT INTO t (id) VALUES (7) RETURNING *;
---
id|price|label|twice|ok
5|0.01|none|10|t
6|12.35|none|12|t
INSERT 0 2
id|name|price|at|ok
7|none|NULL|2024-01-02 03:04:05|t
INSERT 0 1

# a SELECT as the source
INSERT INTO t (id, name, price) SELECT id + 10, name, price * 2 FROM t WHERE id <= 3 ORDER BY id;
INSERT INTO t (id, price) SELECT max(id) + 1, sum(price) FROM t RETURNING id, price;
SELECT id, name, price FROM t WHERE id > 10 ORDER BY id;
---
INSERT 0 3
id|price
14|33.24
INSERT 0 1
id|name|price
11|one|3.00
12|two|4.00
13|none|6.92
14|none|33.24
SELECT 4

# mistakes
INSERT INTO t VALUES (1, 'again');
INSERT INTO t (id, nosuch) VALUES (8, 1);
INSERT INTO t (id, id) VALUES (8, 8);
INSERT INTO t (id) VALUES (8, 9);
INSERT INTO t (id, name) VALUES (8);
INSERT INTO t (id, name) VALUES (8, 'longer than five');
INSERT INTO t (id, name) VALUES (8, 'four  ');
INSERT INTO t (id, price) VALUES (9, 1234567.89);
INSERT INTO t (id) VALUES ('x');
INSERT INTO t (id) VALUES (3000000000);
INSERT INTO t (id, ok) VALUES (9, 5);
INSERT INTO nosuch VALUES (1);
SELECT id, name FROM t WHERE id IN (8, 9);
---
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=t constraint=t_pkey
ERROR 42703: column "nosuch" of relation "t" does not exist
ERROR 42701: column "id" specified more than once
ERROR 42601: INSERT has more expressions than target columns
ERROR 42601: INSERT has more target columns than expressions
ERROR 22001: value too long for type character varying(5)
INSERT 0 1
ERROR 22003: numeric field overflow
  detail: A field with precision 8, scale 2 must round to an absolute value less than 10^6.
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 22003: integer out of range
ERROR 42804: column "ok" is of type boolean but expression is of type integer
  hint: You will need to rewrite or cast the expression.
ERROR 42P01: relation "nosuch" does not exist
id|name
8|four 
SELECT 1

# a failed statement leaves nothing
INSERT INTO t (id) VALUES (20), (21), (1);
SELECT id FROM t WHERE id >= 20;
---
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=t constraint=t_pkey
id
SELECT 0

CREATE TABLE d (a int DEFAULT 1 + 2, b text DEFAULT 'x' || 'y', c int);
INSERT INTO d DEFAULT VALUES;
INSERT INTO d (c) VALUES (9) RETURNING a, b, c;
INSERT INTO d VALUES (1);
INSERT INTO d SELECT 7, 'seven';
SELECT * FROM d ORDER BY a, c;
---
CREATE TABLE
INSERT 0 1
a|b|c
3|xy|9
INSERT 0 1
INSERT 0 1
INSERT 0 1
a|b|c
1|xy|NULL
3|xy|9
3|xy|NULL
7|seven|NULL
SELECT 4

# the same datum twice in a table without a key
INSERT INTO d SELECT * FROM d;
SELECT count(*) FROM d;
---
INSERT 0 4
count
8
SELECT 1
