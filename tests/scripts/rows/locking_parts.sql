# !open
# Rows that a statement's WITH, or a subquery of what writes, locks: queues are worked on so. The answers are PostgreSQL
# 18's, but that a row which two have taken is one's at COMMIT.

CREATE TABLE jobs (id int PRIMARY KEY, state text DEFAULT 'new', at int);
INSERT INTO jobs (id, at) VALUES (1, 10), (2, 20), (3, 30), (4, 40);
CREATE INDEX ON jobs (state, at);
UPDATE jobs SET state = 'taken' WHERE id = (SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *;
UPDATE jobs SET state = 'taken' WHERE id IN (SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *;
DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'taken' ORDER BY at LIMIT 1 FOR UPDATE) RETURNING id;
WITH next AS (SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE jobs SET state = 'taken' FROM next WHERE jobs.id = next.id RETURNING jobs.id, jobs.state;
WITH next AS (SELECT id FROM jobs WHERE state = 'new' FOR UPDATE) DELETE FROM jobs WHERE id IN (SELECT id FROM next) RETURNING id;
WITH rows AS (SELECT id, at FROM jobs ORDER BY id LIMIT 2 FOR UPDATE), sums AS (SELECT sum(at) FROM rows) SELECT * FROM sums;
WITH a AS (SELECT count(*) FROM jobs FOR UPDATE) SELECT * FROM a;
WITH a AS (SELECT id FROM jobs FOR UPDATE) SELECT 1;
SELECT * FROM jobs ORDER BY id;
---
CREATE TABLE
INSERT 0 4
CREATE INDEX
id|state|at
1|taken|10
UPDATE 1
id|state|at
2|taken|20
UPDATE 1
id
1
DELETE 1
id|state
3|taken
UPDATE 1
id
4
DELETE 1
sum
50
SELECT 1
ERROR 0A000: FOR UPDATE is not allowed with aggregate functions
?column?
1
SELECT 1
id|state|at
2|taken|20
3|taken|30
SELECT 2

INSERT INTO jobs (id, at) VALUES (10, 1), (11, 2);
BEGIN;
WITH next AS (SELECT id FROM jobs WHERE state = 'new' ORDER BY at LIMIT 1 FOR UPDATE SKIP LOCKED) SELECT * FROM next;
b: UPDATE jobs SET at = 5 WHERE id = 10;
COMMIT;
BEGIN READ ONLY;
WITH next AS (SELECT id FROM jobs FOR UPDATE) SELECT * FROM next;
ROLLBACK;
CREATE ROLE app LOGIN;
GRANT SELECT ON jobs TO app;
c@app: WITH next AS (SELECT id FROM jobs FOR UPDATE) SELECT * FROM next;
c@app: WITH next AS (SELECT id FROM jobs WHERE id = 11) SELECT * FROM next;
---
INSERT 0 2
BEGIN
id
10
SELECT 1
b: UPDATE 1
ERROR 40001: change conflicts with another transaction (OC000)
BEGIN
ERROR 25006: cannot execute SELECT FOR UPDATE in a read-only transaction
ROLLBACK
CREATE ROLE
GRANT
c: ERROR 42501: permission denied for table jobs
c: id
c: 11
c: SELECT 1
