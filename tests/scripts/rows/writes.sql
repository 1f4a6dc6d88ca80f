# !open INSERT, UPDATE and DELETE in all their forms. The answers are PostgreSQL 18's.

# VALUES: defaults, subqueries, conversions
CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 7, s varchar(5) DEFAULT 'd' || 'e', c char(3), m numeric(6,2), b boolean DEFAULT true);
CREATE TABLE u (id int PRIMARY KEY, t_id int, w text);
INSERT INTO t VALUES (1, DEFAULT, DEFAULT, 'x', 1.005, DEFAULT), (2, 20, 'two', NULL, '7', 'f'), (3, DEFAULT, NULL, 'abc', 3) RETURNING *;
INSERT INTO t VALUES (1, DEFAULT, DEFAULT, 'x', 1.005, DEFAULT), (2, 20, 'two', NULL, '7', 'f'), (3, DEFAULT, NULL, 'abc', 3, true) RETURNING *;
INSERT INTO t (id, m, n) VALUES (4, (SELECT max(m) FROM t) + 1, (SELECT count(*) FROM t)) RETURNING id, n, m, s;
INSERT INTO t (id, n) VALUES (5, (SELECT n FROM t WHERE id = 2)), (6, (SELECT n FROM t WHERE id = 99)) RETURNING id, n;
INSERT INTO t (id, n) VALUES (7, (SELECT n FROM t));
INSERT INTO t (id, s) VALUES (8, 'too long');
INSERT INTO t (id, n) VALUES (8, 'word');
INSERT INTO t (id, n) VALUES (8, true);
INSERT INTO t (id, n, n) VALUES (8, 1, 2);
INSERT INTO t (id, nosuch) VALUES (8, 1);
INSERT INTO t (id, n) VALUES (8);
INSERT INTO t (id) VALUES (8, 1);
INSERT INTO t (id, n) VALUES (8, 1), (9);
INSERT INTO t (id, n) VALUES (8, n);
INSERT INTO t (id, n) VALUES (8, t.n);
INSERT INTO t (id, n) VALUES (8, count(*));
INSERT INTO t (id, n) VALUES (8, row_number() OVER ());
INSERT INTO t (id, n) VALUES (8, DEFAULT + 1);
INSERT INTO t (id) VALUES (DEFAULT);
INSERT INTO t DEFAULT VALUES;
INSERT INTO t AS x (id) VALUES (8) RETURNING x.id, x.*;
INSERT INTO t AS x (id) VALUES (9) RETURNING t.id;
INSERT INTO nosuch VALUES (1);
INSERT INTO u VALUES (1, 1, 'one'), (2, 1, 'uno'), (3, 2, 'two'), (4, 9, 'none');
---
CREATE TABLE
CREATE TABLE
ERROR 42601: VALUES lists must all be the same length
id|n|s|c|m|b
1|7|de|x  |1.01|t
2|20|two|NULL|7.00|f
3|7|NULL|abc|3.00|t
INSERT 0 3
id|n|m|s
4|3|8.00|de
INSERT 0 1
id|n
5|20
6|NULL
INSERT 0 2
ERROR 21000: more than one row returned by a subquery used as an expression
ERROR 22001: value too long for type character varying(5)
ERROR 22P02: invalid input syntax for type integer: "word"
ERROR 42804: column "n" is of type integer but expression is of type boolean
  hint: You will need to rewrite or cast the expression.
ERROR 42701: column "n" specified more than once
ERROR 42703: column "nosuch" of relation "t" does not exist
ERROR 42601: INSERT has more target columns than expressions
ERROR 42601: INSERT has more expressions than target columns
ERROR 42601: VALUES lists must all be the same length
ERROR 42703: column "n" does not exist
  detail: There is a column named "n" in table "t", but it cannot be referenced from this part of the query.
ERROR 42P01: invalid reference to FROM-clause entry for table "t"
  detail: There is an entry for table "t", but it cannot be referenced from this part of the query.
ERROR 42803: aggregate functions are not allowed in VALUES
ERROR 42P20: window functions are not allowed in VALUES
ERROR 42601: DEFAULT is not allowed in this context
ERROR 23502: null value in column "id" of relation "t" violates not-null constraint
  detail: Failing row contains (null, 7, de, null, null, t).
  schema=public table=t column=id
ERROR 23502: null value in column "id" of relation "t" violates not-null constraint
  detail: Failing row contains (null, 7, de, null, null, t).
  schema=public table=t column=id
id|id|n|s|c|m|b
8|8|7|de|NULL|NULL|t
INSERT 0 1
ERROR 42P01: invalid reference to FROM-clause entry for table "t"
  hint: Perhaps you meant to reference the table alias "x".
ERROR 42P01: relation "nosuch" does not exist
INSERT 0 4

# INSERT ... SELECT
INSERT INTO t (id, n, s) SELECT id + 100, t_id, w FROM u ORDER BY id DESC LIMIT 2 RETURNING id, n, s;
INSERT INTO t (id, s) SELECT 110, 'lit' RETURNING id, s;
INSERT INTO t (id, b) SELECT 111, 'yes' RETURNING id, b;
INSERT INTO t (id, n) SELECT 112, '12' UNION ALL SELECT 113, '13';
INSERT INTO t (id, n) SELECT id + 120, NULL FROM u WHERE id = 1 RETURNING id, n;
INSERT INTO t (id, n, m) SELECT id + 130, NULL, '1.5' FROM u WHERE id < 3 ORDER BY id RETURNING id, n, m;
INSERT INTO t (id, s, n) SELECT t_id + 140, 'lit', count(*) FROM u GROUP BY t_id ORDER BY t_id RETURNING id, s, n;
INSERT INTO t (id, n) SELECT id, n FROM t WHERE id = 1;
INSERT INTO t (id, n) SELECT 200 + id, count(*) OVER () FROM u WHERE t_id = 1 ORDER BY 1 RETURNING id, n;
INSERT INTO t (id, n) SELECT 210 + t_id, count(*) FROM u GROUP BY t_id ORDER BY t_id RETURNING id, n;
INSERT INTO t (id, n) SELECT DISTINCT 220 + t_id, t_id FROM u ORDER BY 1 RETURNING id;
INSERT INTO t (id, n) (VALUES (230, 1), (231, 2) ORDER BY 1 DESC) RETURNING id;
INSERT INTO t (id, n) WITH w AS (SELECT 240 AS id, 5 AS n) SELECT * FROM w RETURNING id, n;
WITH w AS (SELECT 241 AS id, 6 AS n) INSERT INTO t (id, n) SELECT * FROM w RETURNING id, n;
WITH w AS (SELECT 242 AS id), v AS (SELECT 8 AS n) INSERT INTO t (id, n) WITH w AS (SELECT 243 AS id) SELECT w.id, v.n FROM w, v RETURNING id, n;
WITH w AS (SELECT 9 AS n) INSERT INTO t (id, n) VALUES (244, (SELECT n FROM w)) RETURNING id, n;
WITH w AS (SELECT 10 AS n) INSERT INTO t (id) VALUES (245) RETURNING id, (SELECT n FROM w);
INSERT INTO t (id, n) SELECT id FROM u;
INSERT INTO t (id) SELECT id, t_id FROM u;
INSERT INTO t (id, n) SELECT 250, w FROM u;
INSERT INTO t SELECT 251;
SELECT count(*) FROM t WHERE id > 100;
---
id|n|s
104|9|none
103|2|two
INSERT 0 2
id|s
110|lit
INSERT 0 1
id|b
111|t
INSERT 0 1
ERROR 42804: column "n" is of type integer but expression is of type text
  hint: You will need to rewrite or cast the expression.
id|n
121|NULL
INSERT 0 1
id|n|m
131|NULL|1.50
132|NULL|1.50
INSERT 0 2
id|s|n
141|lit|2
142|lit|1
149|lit|1
INSERT 0 3
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=t constraint=t_pkey
id|n
201|2
202|2
INSERT 0 2
id|n
211|2
212|1
219|1
INSERT 0 3
id
221
222
229
INSERT 0 3
id
231
230
INSERT 0 2
id|n
240|5
INSERT 0 1
id|n
241|6
INSERT 0 1
id|n
243|8
INSERT 0 1
id|n
244|9
INSERT 0 1
id|n
245|10
INSERT 0 1
ERROR 42601: INSERT has more target columns than expressions
ERROR 42601: INSERT has more expressions than target columns
ERROR 42804: column "n" is of type integer but expression is of type text
  hint: You will need to rewrite or cast the expression.
INSERT 0 1
count
26
SELECT 1

# RETURNING: expressions, subqueries, the new row
INSERT INTO t (id, n) VALUES (301, 1) RETURNING n + 1 AS more, upper(s), (SELECT max(w) FROM u), tableoid::regclass;
INSERT INTO t (id, n) VALUES (302, 2) RETURNING id, (SELECT count(*) FROM u WHERE u.t_id = t.n), (SELECT count(*) FROM t AS o WHERE o.id > 300) AS before;
UPDATE t SET n = n + 1 WHERE id IN (301, 302) RETURNING id, (SELECT string_agg(w, ',' ORDER BY u.id) FROM u WHERE u.t_id = t.n) AS words;
UPDATE t SET n = 1 WHERE id = 302 RETURNING EXISTS (SELECT 1 FROM u WHERE u.t_id = t.n), n IN (SELECT t_id FROM u), n = ANY (SELECT id FROM u WHERE u.id > t.n);
DELETE FROM t WHERE id = 302 RETURNING id, n, (SELECT n FROM t AS o WHERE o.id = t.id) AS still, (SELECT count(*) FROM u WHERE u.t_id = t.n);
DELETE FROM t WHERE id = 301 RETURNING count(*);
DELETE FROM t WHERE id = 301 RETURNING sum(n) OVER ();
DELETE FROM t WHERE id = 301 RETURNING nosuch;
DELETE FROM t WHERE id = 301 RETURNING 'x', NULL, 1.50;
UPDATE t SET n = 5 WHERE id = 1 RETURNING t;
UPDATE t SET n = 5 WHERE id = 1 RETURNING (t).n, t.*;
---
more|upper|max|tableoid
2|DE|uno|t
INSERT 0 1
id|count|before
302|1|1
INSERT 0 1
id|words
301|two
302|NULL
UPDATE 2
exists|?column?|?column?
t|t|f
UPDATE 1
id|n|still|count
302|1|1|2
DELETE 1
ERROR 42803: aggregate functions are not allowed in RETURNING
ERROR 42P20: window functions are not allowed in RETURNING
ERROR 42703: column "nosuch" does not exist
?column?|?column?|?column?
x|NULL|1.50
DELETE 1
t
(1,5,de,"x  ",1.01,t)
UPDATE 1
n|id|n|s|c|m|b
5|1|5|de|x  |1.01|t
UPDATE 1

# UPDATE: rows of values, subqueries, FROM
UPDATE t SET (n, s) = (1, 'ab') WHERE id = 1 RETURNING id, n, s;
UPDATE t SET (n, s) = ROW (2, 'cd') WHERE id = 1 RETURNING id, n, s;
UPDATE t SET (n, s) = (DEFAULT, DEFAULT) WHERE id = 1 RETURNING id, n, s;
UPDATE t SET (n, s) = (SELECT t_id, w FROM u WHERE u.id = 3) WHERE id = 1 RETURNING id, n, s;
UPDATE t SET (n, s) = (SELECT t_id, w FROM u WHERE u.id = t.id) WHERE id IN (2, 4, 5) AND id < 5;
SELECT id, n, s FROM t WHERE id IN (2, 4) ORDER BY id;
UPDATE t SET (n, s) = (SELECT t_id, w FROM u) WHERE id = 1;
UPDATE t SET (n, s) = (SELECT t_id FROM u) WHERE id = 1;
UPDATE t SET (n, s) = (1, 'x', 3) WHERE id = 1;
UPDATE t SET (n, s) = (SELECT DISTINCT t_id, 'same' FROM u WHERE t_id = 1), m = 2 WHERE id = 1 RETURNING n, s, m;
UPDATE t SET n = 1, n = 2 WHERE id = 1;
UPDATE t SET (n, n) = (1, 2) WHERE id = 1;
UPDATE t SET n = (SELECT count(*) FROM u WHERE u.t_id = t.id) WHERE id < 4;
SELECT id, n FROM t WHERE id < 4 ORDER BY id;
UPDATE t SET n = DEFAULT, s = DEFAULT WHERE id = 2 RETURNING n, s;
UPDATE t SET n = DEFAULT + 1 WHERE id = 2;
UPDATE t SET n = u.id FROM u WHERE u.t_id = t.id AND u.id = 3 RETURNING t.id, t.n, u.w;
UPDATE t AS x SET n = y.n + 1000 FROM t AS y WHERE x.id = 1 AND y.id = 2 RETURNING x.id, x.n, y.n;
UPDATE t SET n = 3 FROM t WHERE t.id = 1;
UPDATE t SET x.n = 3;
UPDATE t SET t.n = 3;
UPDATE t SET n = j.id FROM u LEFT JOIN (SELECT 1 AS id) j ON j.id = u.id WHERE u.t_id = t.id AND t.id = 2 RETURNING t.id, t.n, u.id, j.id;
UPDATE t SET n = g FROM generate_series(41, 41) g WHERE t.id = 1 RETURNING t.id, n, g;
UPDATE t SET n = l.c FROM u, LATERAL (SELECT count(*) AS c FROM t o WHERE o.n = u.id) l WHERE u.id = t.id AND t.id = 4 RETURNING t.id;
UPDATE t SET n = sum(n);
UPDATE t SET n = 1 WHERE sum(n) > 1;
UPDATE t SET n = row_number() OVER ();
UPDATE t SET n = 1 WHERE n;
UPDATE t SET n = generate_series(1, 3) WHERE id = 1;
UPDATE t SET s = n WHERE id = 1 RETURNING s;
UPDATE t SET b = n WHERE id = 1;
UPDATE t SET m = 12345.678 WHERE id = 1;
UPDATE nosuch SET n = 1;
UPDATE t SET n = nosuch;
UPDATE t SET nosuch = 1;
UPDATE t SET id = id + 1000 WHERE id = (SELECT min(id) FROM t) RETURNING id;
UPDATE t SET id = 3 WHERE id = 2;
---
id|n|s
1|1|ab
UPDATE 1
id|n|s
1|2|cd
UPDATE 1
id|n|s
1|7|de
UPDATE 1
id|n|s
1|2|two
UPDATE 1
UPDATE 2
id|n|s
2|1|uno
4|9|none
SELECT 2
ERROR 21000: more than one row returned by a subquery used as an expression
ERROR 42601: number of columns does not match number of values
ERROR 42601: number of columns does not match number of values
n|s|m
1|same|2.00
UPDATE 1
ERROR 42601: multiple assignments to same column "n"
ERROR 42601: multiple assignments to same column "n"
UPDATE 3
id|n
1|2
2|1
3|0
SELECT 3
n|s
7|de
UPDATE 1
ERROR 42601: DEFAULT is not allowed in this context
id|n|w
2|3|two
UPDATE 1
id|n|n
1|1003|3
UPDATE 1
ERROR 42712: table name "t" specified more than once
ERROR 42703: column "x" of relation "t" does not exist
ERROR 42703: column "t" of relation "t" does not exist
  hint: SET target columns cannot be qualified with the relation name.
id|n|id|id
2|NULL|3|NULL
UPDATE 1
id|n|g
1|41|41
UPDATE 1
id
4
UPDATE 1
ERROR 42803: aggregate functions are not allowed in UPDATE
ERROR 42803: aggregate functions are not allowed in WHERE
ERROR 42P20: window functions are not allowed in UPDATE
ERROR 42804: argument of WHERE must be type boolean, not type integer
ERROR 0A000: set-returning functions are not allowed in UPDATE
s
41
UPDATE 1
ERROR 42804: column "b" is of type boolean but expression is of type integer
  hint: You will need to rewrite or cast the expression.
ERROR 22003: numeric field overflow
  detail: A field with precision 6, scale 2 must round to an absolute value less than 10^4.
ERROR 42P01: relation "nosuch" does not exist
ERROR 42703: column "nosuch" does not exist
ERROR 42703: column "nosuch" of relation "t" does not exist
id
1001
UPDATE 1
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(3) already exists.
  schema=public table=t constraint=t_pkey

# DELETE: USING, subqueries
DELETE FROM t USING u WHERE u.t_id = t.id AND u.w = 'two' RETURNING t.id, u.id, w;
DELETE FROM t AS x USING t AS y WHERE x.id = 3 AND y.id = 4 RETURNING x.id, y.id;
DELETE FROM t USING t WHERE t.id = 1;
DELETE FROM t WHERE id = (SELECT id FROM u WHERE u.id = 4) RETURNING id;
DELETE FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.id < t.id) RETURNING id;
DELETE FROM t WHERE (id, n) IN (SELECT id + 100, t_id FROM u WHERE id = 4) RETURNING id;
DELETE FROM t WHERE id > ALL (SELECT id + 200 FROM u) AND id < 220 RETURNING id > 0 AS gone;
DELETE FROM t WHERE id = (SELECT t_id FROM u);
WITH big AS (SELECT id FROM t WHERE id > 220) DELETE FROM t WHERE id IN (SELECT id FROM big);
SELECT count(*) FROM t;
---
id|id|w
2|3|two
DELETE 1
id|id
3|4
DELETE 1
ERROR 42712: table name "t" specified more than once
id
4
DELETE 1
id
DELETE 0
id
104
DELETE 1
gone
t
t
t
DELETE 3
ERROR 21000: more than one row returned by a subquery used as an expression
DELETE 12
count
14
SELECT 1

# ON CONFLICT
CREATE TABLE c (id int PRIMARY KEY, k text UNIQUE, n int DEFAULT 0, CHECK (n < 100));
INSERT INTO c VALUES (1, 'a', 1), (2, 'b', 2);
INSERT INTO c VALUES (1, 'z', 9), (3, 'c', 3) ON CONFLICT DO NOTHING RETURNING *;
INSERT INTO c VALUES (4, 'a', 9) ON CONFLICT (k) DO NOTHING;
INSERT INTO c VALUES (4, 'a', 9) ON CONFLICT (id) DO NOTHING;
INSERT INTO c VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n RETURNING *;
INSERT INTO c VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET n = n + 1;
INSERT INTO c AS o VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET (k, n) = (excluded.k, o.n + 1) RETURNING *;
INSERT INTO c AS o VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET n = c.n;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = (SELECT max(n) FROM c) + 1 RETURNING *;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = 5 WHERE c.n > 1000 RETURNING *;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE excluded.n IN (SELECT id + 2 FROM c) RETURNING *;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = DEFAULT, k = DEFAULT RETURNING *;
INSERT INTO c VALUES (1, 'y', 5), (2, 'z', 6) ON CONFLICT (id) DO UPDATE SET n = (SELECT count(*) FROM c o WHERE o.n < c.n) + (SELECT count(*) FROM u WHERE u.id < excluded.n), k = c.id || (SELECT min(w) FROM u) WHERE EXISTS (SELECT 1 FROM u WHERE u.id = c.id) RETURNING *;
INSERT INTO c VALUES (1, 'y', 500) ON CONFLICT (id) DO UPDATE SET n = 1;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = 500;
INSERT INTO c VALUES (9, 'q', 1), (9, 'r', 2) ON CONFLICT (id) DO UPDATE SET n = 1;
INSERT INTO c VALUES (1, 'b', 5) ON CONFLICT (id) DO UPDATE SET k = excluded.k;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT DO UPDATE SET n = 1;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (n) DO NOTHING;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (nosuch) DO NOTHING;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT ON CONSTRAINT c_pkey DO UPDATE SET n = 8 RETURNING *;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT ON CONSTRAINT nosuch DO NOTHING;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = count(*);
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET nosuch = 1;
INSERT INTO c SELECT id, 'k' || id, 1 FROM c ORDER BY id ON CONFLICT (id) DO UPDATE SET k = excluded.k, n = c.n + 10 RETURNING *;
INSERT INTO c VALUES (1, 'y', 5) ON CONFLICT (id) DO UPDATE SET n = 1 RETURNING excluded.n;
INSERT INTO c VALUES (2, 'y', 5), (20, 'zz', 6) ON CONFLICT (id) DO UPDATE SET n = 7 RETURNING id, (SELECT count(*) FROM c o WHERE o.n < c.n) AS less;
---
CREATE TABLE
INSERT 0 2
id|k|n
3|c|3
INSERT 0 1
INSERT 0 0
ERROR 23505: duplicate key value violates unique constraint "c_k_key"
  detail: Key (k)=(a) already exists.
  schema=public table=c constraint=c_k_key
id|k|n
1|a|10
INSERT 0 1
ERROR 42702: column reference "n" is ambiguous
id|k|n
1|x|11
INSERT 0 1
ERROR 42P01: invalid reference to FROM-clause entry for table "c"
  hint: Perhaps you meant to reference the table alias "o".
id|k|n
1|x|12
INSERT 0 1
id|k|n
INSERT 0 0
id|k|n
1|x|5
INSERT 0 1
id|k|n
1|NULL|0
INSERT 0 1
id|k|n
1|1none|4
2|2none|5
INSERT 0 2
ERROR 23514: new row for relation "c" violates check constraint "c_n_check"
  detail: Failing row contains (1, y, 500).
  schema=public table=c constraint=c_n_check
ERROR 23514: new row for relation "c" violates check constraint "c_n_check"
  detail: Failing row contains (1, 1none, 500).
  schema=public table=c constraint=c_n_check
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time
  hint: Ensure that no rows proposed for insertion within the same command have duplicate constrained values.
INSERT 0 1
ERROR 42601: ON CONFLICT DO UPDATE requires inference specification or constraint name
  hint: For example, ON CONFLICT (column_name).
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
ERROR 42703: column "nosuch" does not exist
id|k|n
1|b|8
INSERT 0 1
ERROR 42704: constraint "nosuch" for table "c" does not exist
ERROR 42803: aggregate functions are not allowed in UPDATE
ERROR 42703: column "nosuch" of relation "c" does not exist
id|k|n
1|k1|18
2|k2|15
3|k3|13
INSERT 0 3
ERROR 42P01: invalid reference to FROM-clause entry for table "excluded"
  detail: There is an entry for table "excluded", but it cannot be referenced from this part of the query.
id|less
2|0
20|0
INSERT 0 2

# identity columns
CREATE TABLE g (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, d int GENERATED BY DEFAULT AS IDENTITY, v text);
INSERT INTO g (v) VALUES ('x'), ('y') RETURNING *;
INSERT INTO g (a, v) VALUES (10, 'x');
INSERT INTO g (a, v) VALUES (DEFAULT, 'z') RETURNING *;
INSERT INTO g (a, d, v) OVERRIDING SYSTEM VALUE VALUES (10, 20, 'x') RETURNING *;
INSERT INTO g (a, d, v) OVERRIDING USER VALUE VALUES (11, 21, 'x') RETURNING *;
INSERT INTO g (a, v) SELECT 12, 'q';
INSERT INTO g (a, v) OVERRIDING USER VALUE SELECT 12, 'q' RETURNING *;
UPDATE g SET a = 1;
UPDATE g SET a = DEFAULT WHERE a = 10 RETURNING *;
UPDATE g SET d = DEFAULT WHERE v = 'y' RETURNING *;
---
CREATE TABLE
a|d|v
1|1|x
2|2|y
INSERT 0 2
ERROR 428C9: cannot insert a non-DEFAULT value into column "a"
  detail: Column "a" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.
a|d|v
3|3|z
INSERT 0 1
a|d|v
10|20|x
INSERT 0 1
a|d|v
4|4|x
INSERT 0 1
ERROR 428C9: cannot insert a non-DEFAULT value into column "a"
  detail: Column "a" is an identity column defined as GENERATED ALWAYS.
  hint: Use OVERRIDING SYSTEM VALUE to override.
a|d|v
5|5|q
INSERT 0 1
ERROR 428C9: column "a" can only be updated to DEFAULT
  detail: Column "a" is an identity column defined as GENERATED ALWAYS.
a|d|v
6|20|x
UPDATE 1
a|d|v
2|6|y
UPDATE 1

# tables without a primary key
CREATE TABLE h (x int, y text);
INSERT INTO h VALUES (1, 'a'), (1, 'a'), (2, 'b'), (NULL, NULL);
UPDATE h SET y = u.w FROM u WHERE u.t_id = h.x AND u.id = 2 RETURNING h.*, u.id;
UPDATE h SET y = (SELECT max(w) FROM u WHERE u.id = h.x);
SELECT * FROM h ORDER BY x, y;
DELETE FROM h USING u WHERE u.id = h.x AND u.id = 1 RETURNING h.x, u.w;
DELETE FROM h WHERE x IN (SELECT t_id FROM u) OR y IS NULL RETURNING x;
SELECT count(*) FROM h;
---
CREATE TABLE
INSERT 0 4
x|y|id
1|uno|2
1|uno|2
UPDATE 2
UPDATE 4
x|y
1|one
1|one
2|uno
NULL|NULL
SELECT 4
x|w
1|one
1|one
DELETE 2
x
2
NULL
DELETE 2
count
0
SELECT 1

# WITH that writes
CREATE TABLE a (id int PRIMARY KEY, n int);
CREATE TABLE b (id int PRIMARY KEY, n int);
INSERT INTO a VALUES (1, 10), (2, 20), (3, 30), (4, 40);
WITH moved AS (DELETE FROM a WHERE id < 3 RETURNING *) INSERT INTO b SELECT id, n FROM moved ORDER BY id RETURNING *;
WITH i AS (INSERT INTO a VALUES (5, 50) RETURNING id) SELECT i.id, (SELECT count(*) FROM a) AS before FROM i;
WITH x AS (UPDATE a SET n = n + 1 RETURNING id, n) SELECT a.id, a.n, x.n FROM a JOIN x USING (id) ORDER BY 1;
WITH x AS (UPDATE a SET n = n + 1 WHERE id = 5) SELECT count(*) FROM b;
WITH x AS (UPDATE a SET n = n + 1) SELECT * FROM x;
WITH x(p, q) AS (INSERT INTO b VALUES (7, 70), (8, 80) RETURNING *), y AS (SELECT p + 100 AS p FROM x) INSERT INTO b SELECT p, 0 FROM y ORDER BY 1 RETURNING id;
WITH x AS (UPDATE a SET n = 1 WHERE id = 3 RETURNING n), y AS (UPDATE a SET n = 2 WHERE id = 3 RETURNING n) SELECT (SELECT count(*) FROM x) + (SELECT count(*) FROM y) AS changed;
WITH x AS (DELETE FROM a WHERE id = 3 RETURNING *) UPDATE b SET n = x.n FROM x WHERE b.id = 7 RETURNING b.id, x.id;
WITH x AS (DELETE FROM a WHERE id = 4 RETURNING *) DELETE FROM b WHERE id = (SELECT id + 4 FROM x) RETURNING *;
WITH x AS (INSERT INTO b VALUES (9, 1)) INSERT INTO b VALUES (9, 2);
WITH x AS (INSERT INTO b VALUES (9, 1)), y AS (INSERT INTO b VALUES (11, 2) ON CONFLICT DO NOTHING RETURNING id) SELECT count(*) FROM y;
WITH x AS (INSERT INTO b VALUES (10, 1) ON CONFLICT (id) DO UPDATE SET n = 5 RETURNING *), y AS (SELECT * FROM b WHERE id = 10) SELECT x.n, y.n FROM x LEFT JOIN y ON true;
WITH x AS (SELECT id FROM b), y AS (UPDATE a SET n = (SELECT count(*) FROM x) RETURNING n) SELECT * FROM y;
WITH x AS (DELETE FROM b RETURNING id) SELECT count(*), min(id), max(id) FROM x;
SELECT * FROM a ORDER BY id;
SELECT * FROM b ORDER BY id;
SELECT * FROM (WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x) q;
WITH x AS (WITH y AS (DELETE FROM a RETURNING *) SELECT * FROM y) SELECT * FROM x;
WITH x AS (DELETE FROM nosuch) SELECT 1;
WITH x AS (DELETE FROM a RETURNING *), x AS (SELECT 1) SELECT 1;
WITH x(p, q, r) AS (DELETE FROM a RETURNING *) SELECT 1;
WITH x AS (INSERT INTO a VALUES (60, 1) RETURNING *) SELECT x.id FROM x WHERE x.id = 61;
WITH x AS (INSERT INTO a SELECT 70 + i, i FROM generate_series(1, 3) i RETURNING *) SELECT * FROM x ORDER BY n DESC LIMIT 1;
WITH x AS (INSERT INTO a VALUES (80, 1) RETURNING *), y AS (UPDATE x SET n = 2 RETURNING *) SELECT 1;
BEGIN;
WITH x AS (INSERT INTO a VALUES (81, 1) RETURNING *) UPDATE a SET n = -1 FROM x WHERE a.id = x.id;
WITH x AS (UPDATE a SET n = n * 2 WHERE id = 81 RETURNING n) SELECT * FROM x;
SELECT n FROM a WHERE id = 81;
ROLLBACK;
BEGIN READ ONLY;
WITH x AS (DELETE FROM a) SELECT 1;
ROLLBACK;
BEGIN READ ONLY;
WITH x AS (DELETE FROM a) INSERT INTO b VALUES (1, 1);
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x;
ROLLBACK;
CREATE VIEW v AS WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x;
SELECT count(*) FROM a;
---
CREATE TABLE
CREATE TABLE
INSERT 0 4
id|n
1|10
2|20
INSERT 0 2
id|before
5|2
SELECT 1
id|n|n
3|30|31
4|40|41
5|50|51
SELECT 3
count
2
SELECT 1
ERROR 0A000: WITH query "x" does not have a RETURNING clause
id
107
108
INSERT 0 2
changed
1
SELECT 1
id|id
7|3
UPDATE 1
id|n
8|80
DELETE 1
ERROR 23505: duplicate key value violates unique constraint "b_pkey"
  detail: Key (id)=(9) already exists.
  schema=public table=b constraint=b_pkey
count
1
SELECT 1
n|n
1|NULL
SELECT 1
n
8
SELECT 1
count|min|max
8|1|108
SELECT 1
id|n
5|8
SELECT 1
id|n
SELECT 0
ERROR 0A000: WITH clause containing a data-modifying statement must be at the top level
ERROR 0A000: WITH clause containing a data-modifying statement must be at the top level
ERROR 42P01: relation "nosuch" does not exist
ERROR 42712: WITH query name "x" specified more than once
ERROR 42P10: WITH query "x" has 2 columns available but 3 columns specified
id
SELECT 0
id|n
73|3
SELECT 1
ERROR 42P01: relation "x" does not exist
BEGIN
UPDATE 0
n
2
SELECT 1
n
2
SELECT 1
ROLLBACK
BEGIN
ERROR 25006: cannot execute SELECT in a read-only transaction
ROLLBACK
BEGIN
ERROR 25006: cannot execute INSERT in a read-only transaction
ROLLBACK
BEGIN
ERROR 0A000: DECLARE CURSOR must not contain data-modifying statements in WITH
ROLLBACK
ERROR 0A000: views must not contain data-modifying statements in WITH
count
5
SELECT 1

# sequences in conditions
CREATE SEQUENCE q;
SELECT id FROM a WHERE nextval('q') > 2 ORDER BY id DESC;
SELECT id, nextval('q') > 0 AS v FROM a WHERE n > 0 AND nextval('q') > 0 ORDER BY id LIMIT 1;
UPDATE a SET n = nextval('q') WHERE id = 60 RETURNING n > 0 AS drawn;
DELETE FROM a WHERE id = 60 AND nextval('q'::regclass) > 0 RETURNING id;
SELECT id FROM a WHERE id = 71 AND currval('q') > 0;
INSERT INTO a SELECT 90, 1 WHERE nextval('q') > 0 RETURNING id;
---
CREATE SEQUENCE
id
73
72
71
SELECT 3
id|v
5|t
SELECT 1
drawn
t
UPDATE 1
id
60
DELETE 1
id
71
SELECT 1
id
90
INSERT 0 1
