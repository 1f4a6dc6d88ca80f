# Jobs as DSQL has them: CREATE INDEX ASYNC in all its forms, CHECK ... NOT VALID, ALTER TABLE ASYNC ... VALIDATE CONSTRAINT, sys.jobs.

CREATE TABLE t (id int PRIMARY KEY, a int, b text);
INSERT INTO t VALUES (1, 1, 'x'), (2, -2, 'y');
CREATE INDEX ON t (a);
CREATE INDEX CONCURRENTLY i ON t (a);
CREATE INDEX ASYNC ON t (a);
/* a comment */ CREATE UNIQUE INDEX async IF NOT EXISTS u ON t (b);
-- another
create index async i2 on t (a, b);
BEGIN;
CREATE INDEX ASYNC ON t (b);
CREATE INDEX ASYNC ON t (b);
ROLLBACK;
SELECT 1; CREATE INDEX ASYNC ON t (b);
CREATE INDEX ASYNC IF NOT EXISTS u ON t (b);
CREATE INDEX ASYNC i3 ON t USING btree (a);
CREATE INDEX ASYNC i4 ON t (a DESC);
CREATE UNLOGGED TABLE z (i int);
SET TRANSACTION READ ONLY;
SELECT job_type, status, object_name, details FROM sys.jobs ORDER BY start_time;
SELECT indexname FROM pg_indexes WHERE tablename = 't' ORDER BY 1;
SELECT sys.wait_for_job(job_id) FROM sys.jobs LIMIT 1;
CALL sys.wait_for_job('nope');
CALL sys.other('nope');
---
CREATE TABLE
INSERT 0 2
ERROR 0A000: unsupported mode. please use CREATE INDEX ASYNC.
ERROR 0A000: unsupported mode. please use CREATE INDEX ASYNC.
job_id
<job>
CREATE INDEX
job_id
<job>
CREATE INDEX
job_id
<job>
CREATE INDEX
BEGIN
job_id
<job>
CREATE INDEX
ERROR 0A000: multiple ddl statements not supported in a transaction
ROLLBACK
?column?
1
SELECT 1
job_id
<job>
CREATE INDEX
NOTICE: relation "u" already exists, skipping
job_id
CREATE INDEX
ERROR 0A000: specifying an index access method is not supported
ERROR 0A000: specifying sort order not supported for index keys
ERROR 0A000: unlogged tables are not supported
ERROR 0A000: unsupported statement: SET TRANSACTION
job_type|status|object_name|details
INDEX_BUILD|completed|public.t_a_idx|NULL
INDEX_BUILD|completed|public.u|NULL
INDEX_BUILD|completed|public.i2|NULL
INDEX_BUILD|completed|public.t_b_idx|NULL
SELECT 4
indexname
i2
t_a_idx
t_b_idx
t_pkey
u
SELECT 5
wait_for_job
t
SELECT 1
ERROR 42704: job "nope" does not exist
ERROR 42883: procedure sys.other does not exist

ALTER TABLE t ADD CONSTRAINT pos CHECK (a > 0);
ALTER TABLE t ADD CONSTRAINT pos CHECK (nothing > 0) NOT VALID;
ALTER TABLE t ADD CONSTRAINT pos CHECK (a > 0) NOT VALID;
SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c';
INSERT INTO t VALUES (3, -1, 'z');
ALTER TABLE t VALIDATE CONSTRAINT pos;
ALTER TABLE ASYNC t VALIDATE CONSTRAINT nothing;
ALTER TABLE ASYNC t VALIDATE CONSTRAINT t_pkey;
ALTER TABLE ASYNC t VALIDATE CONSTRAINT pos;
SELECT status, details, sys.wait_for_job(job_id) FROM sys.jobs WHERE job_type = 'VALIDATE_CONSTRAINT';
UPDATE t SET a = 2 WHERE id = 2;
ALTER TABLE ASYNC t VALIDATE CONSTRAINT pos;
SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c';
ALTER TABLE ASYNC t ADD COLUMN c int;
---
ERROR 0A000: unsupported ALTER TABLE ADD CONSTRAINT statement
ERROR 42703: column "nothing" does not exist
ALTER TABLE
conname|convalidated|pg_get_constraintdef
pos|f|CHECK ((a > 0)) NOT VALID
SELECT 1
ERROR 23514: new row for relation "t" violates check constraint "pos"
  detail: Failing row contains (3, -1, z).
  schema=public table=t constraint=pos
ERROR 0A000: unsupported ALTER TABLE VALIDATE CONSTRAINT statement
ERROR 42704: constraint "nothing" of relation "t" does not exist
ERROR 42809: constraint "t_pkey" of relation "t" is not a foreign key or check constraint
job_id
<job>
ALTER TABLE
status|details|wait_for_job
failed|check constraint "pos" of relation "t" is violated by some row|f
SELECT 1
UPDATE 1
job_id
<job>
ALTER TABLE
conname|convalidated|pg_get_constraintdef
pos|t|CHECK ((a > 0))
SELECT 1
ERROR 0A000: ALTER TABLE ASYNC is supported for VALIDATE CONSTRAINT only

# A table may be called async.
CREATE TABLE async (i int PRIMARY KEY);
ALTER TABLE async RENAME TO sync;
SELECT * FROM sync;
---
CREATE TABLE
ALTER TABLE
i
SELECT 0
