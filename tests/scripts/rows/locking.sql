# rows read FOR UPDATE take part in the conflict check: no write skew
CREATE TABLE doctors (id int PRIMARY KEY, on_call bool);
INSERT INTO doctors VALUES (1, true), (2, true);
---
CREATE TABLE
INSERT 0 2

a: BEGIN;
b: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: SELECT on_call FROM doctors WHERE id = 1 FOR UPDATE;
a: UPDATE doctors SET on_call = false WHERE id = 1;
b: UPDATE doctors SET on_call = false WHERE id = 2;
a: COMMIT;
b: COMMIT;
SELECT * FROM doctors ORDER BY id;
---
BEGIN
b: BEGIN
on_call
t
SELECT 1
b: on_call
b: t
b: SELECT 1
UPDATE 1
b: UPDATE 1
COMMIT
b: ERROR 40001: change conflicts with another transaction (OC000)
id|on_call
1|f
2|t
SELECT 2

# any predicate will do; the strengths are DSQL's
SELECT id FROM doctors WHERE id > 0 FOR UPDATE;
SELECT id FROM doctors FOR SHARE;
SELECT id FROM doctors WHERE on_call FOR NO KEY UPDATE;
SELECT count(*) FROM doctors WHERE id = 1 FOR UPDATE;
SELECT id FROM doctors WHERE id = 1 AND on_call FOR KEY SHARE;
SELECT id FROM doctors WHERE id = 2 FOR UPDATE OF doctors;
SELECT id FROM doctors WHERE id = 2 FOR UPDATE OF nosuch;
---
id
1
2
SELECT 2
ERROR 0A000: locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported
ERROR 0A000: locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported
ERROR 0A000: FOR UPDATE is not allowed with aggregate functions
id
SELECT 0
id
2
SELECT 1
ERROR 42P01: relation "nosuch" in FOR UPDATE clause not found in FROM clause

# a transaction that has only locked is judged all the same: the row was written meanwhile
a: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: UPDATE doctors SET on_call = true WHERE id = 2;
a: COMMIT;
a: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR KEY SHARE;
b: DELETE FROM doctors WHERE id = 2;
a: COMMIT;
b: INSERT INTO doctors VALUES (2, true);
---
BEGIN
on_call
t
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
on_call
t
SELECT 1
b: DELETE 1
ERROR 40001: change conflicts with another transaction (OC000)
b: INSERT 0 1

# it commits where nothing was written, or another row, or where the lock is given up
a: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: UPDATE doctors SET on_call = true WHERE id = 1;
b: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
a: COMMIT;
a: BEGIN;
a: SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
b: UPDATE doctors SET on_call = true WHERE id = 2;
a: ROLLBACK;
SELECT on_call FROM doctors WHERE id = 2 FOR UPDATE;
---
BEGIN
on_call
t
SELECT 1
b: UPDATE 1
b: on_call
b: t
b: SELECT 1
COMMIT
BEGIN
on_call
t
SELECT 1
b: UPDATE 1
ROLLBACK
on_call
t
SELECT 1

# every row that is given out is locked, by whatever way it was found, and no other row
CREATE TABLE jobs (id int PRIMARY KEY, state text, at int);
CREATE INDEX ASYNC jobs_state ON jobs (state);
INSERT INTO jobs VALUES (1, 'new', 30), (2, 'new', 20), (3, 'new', 10), (4, 'done', 0);
a: BEGIN;
a: SELECT id FROM jobs FOR UPDATE;
b: UPDATE jobs SET at = 31 WHERE id = 1;
a: COMMIT;
a: BEGIN;
a: SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED;
b: UPDATE jobs SET at = 11 WHERE id = 3;
a: COMMIT;
a: BEGIN;
a: SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE NOWAIT;
b: UPDATE jobs SET at = 21 WHERE id = 2;
a: COMMIT;
a: BEGIN;
a: SELECT id FROM jobs WHERE at % 2 = 0 FOR UPDATE;
b: UPDATE jobs SET at = 1 WHERE id = 4;
a: COMMIT;
---
CREATE TABLE
job_id
<job>
CREATE INDEX
INSERT 0 4
BEGIN
id
1
2
3
4
SELECT 4
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
id
3
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
id
3
SELECT 1
b: UPDATE 1
COMMIT
BEGIN
id
4
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)

# in a subquery of a statement that writes
a: BEGIN;
a: UPDATE jobs SET state = 'mine' WHERE id = (SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE);
b: SELECT id FROM jobs WHERE id = 2 FOR UPDATE;
a: ROLLBACK;
a: BEGIN;
a: INSERT INTO jobs SELECT id + 10, 'copy', at FROM jobs WHERE id = 1 FOR UPDATE;
b: UPDATE jobs SET at = 32 WHERE id = 1;
a: COMMIT;
a: SELECT count(*) FROM jobs;
---
BEGIN
UPDATE 1
b: id
b: 2
b: SELECT 1
ROLLBACK
BEGIN
INSERT 0 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
count
4
SELECT 1

# in a join, both rows, or the one that is named
CREATE TABLE owners (id int PRIMARY KEY, name text);
INSERT INTO owners VALUES (1, 'Ann'), (4, 'Dai');
a: BEGIN;
a: SELECT j.at, o.name FROM jobs j JOIN owners o ON o.id = j.id WHERE j.id = 1 FOR UPDATE;
b: UPDATE owners SET name = 'Eve' WHERE id = 1;
a: COMMIT;
a: BEGIN;
a: SELECT j.at, o.name FROM jobs j JOIN owners o ON o.id = j.id WHERE j.id = 1 FOR UPDATE OF o;
b: UPDATE jobs SET at = 33 WHERE id = 1;
a: COMMIT;
a: BEGIN;
a: SELECT o.name FROM owners o, jobs j WHERE o.id = j.id AND j.id = 1 FOR UPDATE OF j;
b: UPDATE jobs SET at = 34 WHERE id = 1;
a: COMMIT;
a: BEGIN;
a: SELECT j.id, o.name FROM jobs j LEFT JOIN owners o ON o.id = j.id WHERE j.id IN (2, 4) ORDER BY j.id DESC FOR UPDATE OF j;
b: UPDATE jobs SET at = 35 WHERE id = 2;
a: COMMIT;
SELECT 1 FROM jobs j LEFT JOIN owners o ON o.id = j.id WHERE j.id = 2 FOR UPDATE;
SELECT 1 FROM jobs j JOIN owners o ON o.id = j.id WHERE j.id = 1 FOR UPDATE OF jobs;
SELECT 1 FROM jobs j JOIN owners o ON o.id = j.id WHERE j.id = 1 FOR UPDATE OF public.j;
---
CREATE TABLE
INSERT 0 2
BEGIN
at|name
32|Ann
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
at|name
32|Eve
SELECT 1
b: UPDATE 1
COMMIT
BEGIN
name
Eve
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
id|name
4|Dai
2|NULL
SELECT 2
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
ERROR 0A000: FOR UPDATE cannot be applied to the nullable side of an outer join
ERROR 42P01: relation "jobs" in FOR UPDATE clause not found in FROM clause
ERROR 42601: FOR UPDATE must specify unqualified relation names

# refused, rather than not locked
SELECT DISTINCT id FROM jobs FOR UPDATE;
SELECT state FROM jobs GROUP BY state FOR UPDATE;
SELECT 1 FROM jobs HAVING true FOR UPDATE;
SELECT max(at) FROM jobs FOR UPDATE;
SELECT sum(at) OVER w FROM jobs WINDOW w AS (ORDER BY id) FOR UPDATE;
SELECT sum(at) OVER (ORDER BY id) FROM jobs FOR UPDATE;
SELECT id FROM jobs UNION SELECT id FROM owners FOR UPDATE;
VALUES (1) FOR UPDATE;
SELECT * FROM (SELECT id FROM jobs FOR UPDATE) x;
SELECT * FROM (SELECT id FROM jobs) x FOR UPDATE;
WITH x AS (SELECT id FROM jobs FOR UPDATE) SELECT * FROM x;
WITH x AS (SELECT id FROM jobs) SELECT * FROM x FOR UPDATE;
SELECT id FROM jobs WHERE id = (SELECT id FROM owners WHERE id = 1 FOR UPDATE);
SELECT id FROM jobs WHERE EXISTS (SELECT 1 FROM owners o WHERE o.id = jobs.id FOR UPDATE);
SELECT id FROM jobs ORDER BY (SELECT 1) FOR UPDATE;
SELECT j.id FROM jobs j, owners o WHERE j.at = o.id FOR UPDATE;
SELECT j.id FROM jobs j JOIN owners o USING (id) WHERE j.id = 1 FOR UPDATE;
SELECT generate_series(1, 2) FROM jobs FOR UPDATE;
SELECT relname FROM pg_class FOR UPDATE;
SELECT id FROM nosuch FOR UPDATE;
SELECT nosuch FROM jobs FOR UPDATE;
SELECT 1 FOR UPDATE;
SELECT 1 FOR UPDATE OF jobs;
UPDATE jobs SET at = 0 WHERE id IN (SELECT id FROM owners FOR NO KEY UPDATE);
---
ERROR 0A000: FOR UPDATE is not allowed with DISTINCT clause
ERROR 0A000: FOR UPDATE is not allowed with GROUP BY clause
ERROR 0A000: FOR UPDATE is not allowed with HAVING clause
ERROR 0A000: FOR UPDATE is not allowed with aggregate functions
ERROR 0A000: FOR UPDATE is not allowed with window functions
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
ERROR 0A000: FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT
ERROR 0A000: FOR UPDATE cannot be applied to VALUES
ERROR 0A000: a locking clause such as FOR UPDATE is not supported in a subquery here
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
id
1
2
3
4
SELECT 4
id
1
2
3
4
SELECT 4
ERROR 0A000: a locking clause such as FOR UPDATE is not supported in a subquery here
ERROR 0A000: a locking clause such as FOR UPDATE is not supported in a subquery here
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
id
1
SELECT 1
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
ERROR 0A000: FOR UPDATE is not supported in a query of this kind
ERROR 42P01: relation "nosuch" does not exist
ERROR 42703: column "nosuch" does not exist
?column?
1
SELECT 1
ERROR 42P01: relation "jobs" in FOR UPDATE clause not found in FROM clause
ERROR 0A000: locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported

# a lock is a write, as far as a read-only transaction goes
BEGIN READ ONLY;
SELECT id FROM jobs WHERE id = 1 FOR UPDATE;
ROLLBACK;
BEGIN READ ONLY;
SELECT id FROM jobs WHERE id = 1 FOR KEY SHARE;
ROLLBACK;
---
BEGIN
ERROR 25006: cannot execute SELECT FOR UPDATE in a read-only transaction
ROLLBACK
BEGIN
ERROR 25006: cannot execute SELECT FOR KEY SHARE in a read-only transaction
ROLLBACK

CREATE TABLE t (a int, b int, n int, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 1, 1);
SELECT n FROM t WHERE a = 1 FOR UPDATE;
SELECT n FROM t WHERE b = 1 AND a = 1 FOR UPDATE;
---
CREATE TABLE
INSERT 0 1
n
1
SELECT 1
n
1
SELECT 1
