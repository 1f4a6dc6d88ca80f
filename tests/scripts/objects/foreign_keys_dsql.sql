# Foreign keys as DSQL adds them to tables that are there: NOT VALID, then validated by a job.

CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED, q int);
INSERT INTO p VALUES (1);
INSERT INTO c VALUES (1, 1, 1), (2, NULL, 7);
ALTER TABLE c ADD CONSTRAINT c_q FOREIGN KEY (q) REFERENCES p;
ALTER TABLE c ADD CONSTRAINT c_q FOREIGN KEY (q) REFERENCES p NOT VALID;
---
CREATE TABLE
CREATE TABLE
INSERT 0 1
INSERT 0 2
ERROR 0A000: unsupported ALTER TABLE ADD CONSTRAINT statement
ALTER TABLE

ALTER TABLE c VALIDATE CONSTRAINT c_q;
ALTER TABLE ASYNC c VALIDATE CONSTRAINT c_q;
SELECT job_type, status, details, object_name FROM sys.jobs ORDER BY start_time;
UPDATE c SET q = 1 WHERE id = 2;
ALTER TABLE ASYNC c VALIDATE CONSTRAINT c_q;
SELECT job_type, status, details, object_name FROM sys.jobs ORDER BY start_time;
---
ERROR 0A000: unsupported ALTER TABLE VALIDATE CONSTRAINT statement
job_id
<job>
ALTER TABLE
job_type|status|details|object_name
VALIDATE_CONSTRAINT|failed|insert or update on table "c" violates foreign key constraint "c_q"
Key (q)=(7) is not present in table "p".|public.c.c_q
SELECT 1
UPDATE 1
job_id
<job>
ALTER TABLE
job_type|status|details|object_name
VALIDATE_CONSTRAINT|failed|insert or update on table "c" violates foreign key constraint "c_q"
Key (q)=(7) is not present in table "p".|public.c.c_q
VALIDATE_CONSTRAINT|completed|NULL|public.c.c_q
SELECT 2

SELECT convalidated FROM pg_constraint WHERE conname = 'c_q';
ALTER TABLE c ADD COLUMN r int REFERENCES p;
SET CONSTRAINTS ALL IMMEDIATE;
CREATE INDEX ASYNC ON c (q);
DELETE FROM p WHERE id = 1;
---
convalidated
t
SELECT 1
ERROR 0A000: ALTER TABLE ADD COLUMN with constraints not supported
WARNING: SET CONSTRAINTS can only be used in transaction blocks
SET CONSTRAINTS
job_id
<job>
CREATE INDEX
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_q" on table "c"
  detail: Key (id)=(1) is still referenced from table "c".
  schema=public table=c constraint=c_q
