# !open
# MERGE. The answers are PostgreSQL 18's.

CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 7, s text, CHECK (n < 1000));
CREATE TABLE s (id int, n int, gone bool DEFAULT false);
INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c');
INSERT INTO s VALUES (2, 200, false), (3, 300, true), (4, 400, false);
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.gone THEN DELETE WHEN MATCHED THEN UPDATE SET n = s.n, s = t.s || '!' WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n + 1);
SELECT * FROM t ORDER BY id;
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET s = 'alone' WHEN MATCHED THEN DO NOTHING;
SELECT * FROM t ORDER BY id;
WITH m AS (MERGE INTO t x USING (SELECT id, max(n) AS top FROM s GROUP BY id) q ON x.id = q.id WHEN MATCHED AND x.n > 200 THEN UPDATE SET n = DEFAULT, s = q.top::text WHEN NOT MATCHED BY SOURCE AND x.id > 100 THEN DELETE WHEN NOT MATCHED BY TARGET AND q.id = 3 THEN INSERT VALUES (q.id, 33, 'ins') WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), q.id AS q, x.*) SELECT * FROM m ORDER BY id;
SELECT * FROM t ORDER BY id;
WITH m AS (MERGE INTO t USING (VALUES (2, 'v'), (8, 'w')) v(id, w) ON v.id = t.id WHEN MATCHED THEN UPDATE SET (n, s) = (v.id * 2, v.w) WHEN NOT MATCHED THEN INSERT VALUES (v.id, DEFAULT, v.w) RETURNING v.*, t.n) SELECT * FROM m ORDER BY id;
MERGE INTO t USING s ON true WHEN MATCHED THEN UPDATE SET n = 1;
MERGE INTO t USING (VALUES (2), (2)) v(id) ON v.id = t.id WHEN MATCHED THEN DO NOTHING;
MERGE INTO t USING (VALUES (2), (2)) v(id) ON v.id = t.id WHEN MATCHED THEN DELETE;
MERGE INTO t USING (VALUES (2)) v(id) ON v.id = t.id WHEN MATCHED THEN UPDATE SET n = 2000;
MERGE INTO t USING (VALUES (2)) v(id) ON v.id = t.id + 1000 WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1);
MERGE INTO t USING (VALUES (2)) v(id) ON v.id = t.id + 1000 WHEN NOT MATCHED THEN INSERT DEFAULT VALUES;
MERGE INTO t USING (VALUES (50), (51)) v(id) ON v.id = t.id WHEN NOT MATCHED AND v.id = 50 THEN INSERT (id) VALUES (v.id) WHEN NOT MATCHED THEN DO NOTHING;
SELECT * FROM t ORDER BY id;
---
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 3
MERGE 3
id|n|s
1|10|a
2|200|b!
4|401|NULL
SELECT 3
MERGE 1
id|n|s
1|10|alone
2|200|b!
4|401|NULL
SELECT 3
merge_action|q|id|n|s
DELETE|NULL|1|10|alone
INSERT|3|3|33|ins
UPDATE|4|4|7|400
SELECT 3
id|n|s
2|200|b!
3|33|ins
4|7|400
SELECT 3
id|w|n
2|v|4
8|w|7
SELECT 2
ERROR 21000: MERGE command cannot affect row a second time
  hint: Ensure that not more than one source row matches any one target row.
MERGE 0
ERROR 21000: MERGE command cannot affect row a second time
  hint: Ensure that not more than one source row matches any one target row.
ERROR 23514: new row for relation "t" violates check constraint "t_n_check"
  detail: Failing row contains (2, 2000, v).
  schema=public table=t constraint=t_n_check
ERROR 23505: duplicate key value violates unique constraint "t_pkey"
  detail: Key (id)=(2) already exists.
  schema=public table=t constraint=t_pkey
ERROR 23502: null value in column "id" of relation "t" violates not-null constraint
  detail: Failing row contains (null, 7, null).
  schema=public table=t column=id
MERGE 1
id|n|s
2|4|v
3|33|ins
4|7|400
8|7|w
50|7|NULL
SELECT 5

# what each part sees
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (t.id, 1);
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED AND t.n = 1 THEN DO NOTHING;
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE AND s.n = 1 THEN DELETE;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN MATCHED AND s.n = 1 THEN DO NOTHING;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND count(*) > 1 THEN DELETE;
MERGE INTO t USING s ON t.id = count(*) WHEN MATCHED THEN DELETE;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND t.n THEN DELETE;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND rank() OVER () > 1 THEN DELETE;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET nope = 1;
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2);
MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, n) VALUES (1);
MERGE INTO t USING t ON t.id = t.id WHEN MATCHED THEN DELETE;
MERGE INTO nosuch USING t ON true WHEN MATCHED THEN DELETE;
SELECT merge_action();
UPDATE t SET n = n RETURNING merge_action();
WITH RECURSIVE r AS (SELECT 1 AS id) MERGE INTO t USING r ON t.id = r.id WHEN MATCHED THEN DELETE;
---
ERROR 42P01: invalid reference to FROM-clause entry for table "t"
  detail: There is an entry for table "t", but it cannot be referenced from this part of the query.
ERROR 42P01: invalid reference to FROM-clause entry for table "t"
  detail: There is an entry for table "t", but it cannot be referenced from this part of the query.
ERROR 42P01: invalid reference to FROM-clause entry for table "s"
  detail: There is an entry for table "s", but it cannot be referenced from this part of the query.
ERROR 42601: unreachable WHEN clause specified after unconditional WHEN clause
ERROR 42803: aggregate functions are not allowed in MERGE WHEN conditions
ERROR 42803: aggregate functions are not allowed in JOIN conditions
ERROR 42804: argument of WHEN must be type boolean, not type integer
ERROR 42P20: window functions are not allowed in MERGE WHEN conditions
ERROR 42703: column "nope" of relation "t" does not exist
ERROR 42601: INSERT has more expressions than target columns
ERROR 42601: INSERT has more target columns than expressions
ERROR 42712: name "t" specified more than once
  detail: The name is used both as MERGE target table and data source.
ERROR 42P01: relation "nosuch" does not exist
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command
ERROR 42601: WITH RECURSIVE is not supported for MERGE statement

# subqueries, WITH, RETURNING
WITH w AS (SELECT 2 AS id) MERGE INTO t USING w ON t.id = w.id WHEN MATCHED THEN UPDATE SET n = (SELECT max(n) FROM s WHERE s.id = t.id) RETURNING t.id, n, (SELECT count(*) FROM s WHERE s.id = t.id), merge_action() || '!';
WITH m AS (MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 5, 'm') RETURNING merge_action() AS a, t.id) SELECT * FROM m ORDER BY id;
SELECT * FROM t ORDER BY id;
MERGE INTO t USING (SELECT * FROM s WHERE gone) g ON t.id = g.id WHEN MATCHED AND EXISTS (SELECT 1 FROM s WHERE s.n > t.n) THEN DELETE RETURNING *;
WITH m AS (MERGE INTO t USING s JOIN (VALUES (2), (4)) v(id) USING (id) ON t.id = v.id WHEN MATCHED THEN UPDATE SET n = s.n RETURNING merge_action(), t.id, t.n) SELECT * FROM m ORDER BY id;
PREPARE p (int, text) AS MERGE INTO t USING (SELECT $1 AS id, $2 AS s) v ON t.id = v.id WHEN MATCHED THEN UPDATE SET s = v.s WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1, v.s) RETURNING merge_action(), t.*;
EXECUTE p (70, 'x');
EXECUTE p (70, 'y');
---
id|n|count|?column?
2|200|1|UPDATE!
MERGE 1
a|id
SELECT 0
id|n|s
2|200|v
3|33|ins
4|7|400
8|7|w
50|7|NULL
SELECT 5
id|n|gone|id|n|s
3|300|t|3|33|ins
MERGE 1
merge_action|id|n
UPDATE|2|200
UPDATE|4|400
SELECT 2
PREPARE
merge_action|id|n|s
INSERT|70|1|x
MERGE 1
merge_action|id|n|s
UPDATE|70|1|y
MERGE 1

# tables without a primary key, keys that change, unique keys, sequences
CREATE SEQUENCE q CACHE 1;
CREATE TABLE h (k int, v int UNIQUE, i int DEFAULT nextval('q'));
MERGE INTO h USING generate_series(1, 3) g ON h.k = g WHEN NOT MATCHED THEN INSERT (k, v) VALUES (g, g * 10);
SELECT k, v, i > 0 FROM h ORDER BY k;
WITH m AS (MERGE INTO h USING (VALUES (1, 40), (9, 10)) s(k, v) ON h.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v) RETURNING merge_action(), k, h.v) SELECT * FROM m ORDER BY k;
MERGE INTO h USING (VALUES (2)) s(k) ON h.k = s.k WHEN MATCHED THEN UPDATE SET v = 40;
MERGE INTO h USING (VALUES (2)) s(k) ON h.k = s.k WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET k = k + 100;
SELECT k, v FROM h ORDER BY k;
MERGE INTO t USING (VALUES (8, 80)) v(id, new) ON t.id = v.id WHEN MATCHED THEN UPDATE SET id = v.new;
SELECT id FROM t ORDER BY id;
CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t ON DELETE SET NULL);
INSERT INTO child VALUES (1, 80);
MERGE INTO child USING (VALUES (2, 12345)) v(id, t) ON child.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.t);
MERGE INTO t USING (VALUES (80)) v(id) ON t.id = v.id WHEN MATCHED THEN DELETE;
SELECT * FROM child;
CREATE ROLE app LOGIN;
GRANT SELECT ON t, s TO app;
GRANT UPDATE (n) ON t TO app;
b@app: MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 1 RETURNING t.id;
b@app: MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET s = 'x';
b@app: MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE;
BEGIN READ ONLY;
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE;
ROLLBACK;
---
CREATE SEQUENCE
CREATE TABLE
MERGE 3
k|v|?column?
1|10|t
2|20|t
3|30|t
SELECT 3
ERROR 42702: column reference "k" is ambiguous
MERGE 1
MERGE 3
k|v
101|10
103|30
SELECT 2
MERGE 1
id
2
4
50
70
80
SELECT 5
CREATE TABLE
INSERT 0 1
ERROR 23503: insert or update on table "child" violates foreign key constraint "child_t_fkey"
  detail: Key (t)=(12345) is not present in table "t".
  schema=public table=child constraint=child_t_fkey
MERGE 1
id|t
1|NULL
SELECT 1
CREATE ROLE
GRANT
GRANT
b: id
b: 2
b: 4
b: MERGE 2
b: ERROR 42501: permission denied for table t
b: ERROR 42501: permission denied for table t
BEGIN
ERROR 25006: cannot execute MERGE in a read-only transaction
ROLLBACK
