# sys.jobs shows a role the jobs of those whose privileges it has; admin, all. !open

CREATE ROLE app;
CREATE ROLE other;
GRANT USAGE, CREATE ON SCHEMA public TO app, other;
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE INDEX ASYNC of_admin ON t (n);
SET ROLE app;
CREATE TABLE u (id int PRIMARY KEY, n int);
CREATE INDEX ASYNC of_app ON u (n);
SELECT object_name FROM sys.jobs ORDER BY 1;
SET ROLE other;
SELECT object_name FROM sys.jobs ORDER BY 1;
RESET ROLE;
SELECT object_name FROM sys.jobs ORDER BY 1;
GRANT app TO other;
SET ROLE other;
SELECT object_name FROM sys.jobs ORDER BY 1;
---
CREATE ROLE
CREATE ROLE
GRANT
CREATE TABLE
job_id
<job>
CREATE INDEX
SET
CREATE TABLE
job_id
<job>
CREATE INDEX
object_name
public.of_app
SELECT 1
SET
object_name
SELECT 0
RESET
object_name
public.of_admin
public.of_app
SELECT 2
GRANT ROLE
SET
object_name
public.of_app
SELECT 1
