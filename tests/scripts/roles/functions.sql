# !open
# EXECUTE is everybody's until it is taken away; SECURITY DEFINER reads as the owner does.

CREATE ROLE maker LOGIN;
CREATE ROLE caller LOGIN;
GRANT CREATE ON SCHEMA public TO maker;
CREATE TABLE secret (id int PRIMARY KEY, v text);
INSERT INTO secret VALUES (1, 'hidden');
CREATE FUNCTION peek(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT v FROM secret WHERE id = $1';
CREATE FUNCTION shown(int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT v FROM secret WHERE id = $1';
CREATE FUNCTION plus(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
b@caller: SELECT peek(1);
b@caller: SELECT shown(1), plus(1);
b@caller: SELECT * FROM secret;
REVOKE EXECUTE ON FUNCTION shown(int), plus FROM PUBLIC;
b@caller: SELECT shown(1);
b@caller: SELECT plus(1);
b@caller: SELECT has_function_privilege('plus(int)', 'EXECUTE');
SELECT proacl FROM pg_proc WHERE proname = 'plus';
GRANT EXECUTE ON FUNCTION plus(int) TO caller;
b@caller: SELECT plus(1), has_function_privilege('plus(int)', 'EXECUTE');
CREATE VIEW through AS SELECT shown(1) AS v;
GRANT SELECT ON through TO caller;
b@caller: SELECT * FROM through;
c@maker: CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
b@caller: DROP FUNCTION mine();
b@caller: ALTER FUNCTION mine() STRICT;
b@caller: CREATE OR REPLACE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 2';
b@caller: CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 2';
GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO caller;
b@caller: SELECT shown(1);
DROP ROLE maker;
ALTER FUNCTION mine() OWNER TO admin;
c@maker: DROP FUNCTION mine();
DROP FUNCTION mine();
---
CREATE ROLE
CREATE ROLE
GRANT
CREATE TABLE
INSERT 0 1
CREATE FUNCTION
CREATE FUNCTION
CREATE FUNCTION
b: ERROR 42501: permission denied for table secret
b: shown|plus
b: hidden|2
b: SELECT 1
b: ERROR 42501: permission denied for table secret
REVOKE
b: ERROR 42501: permission denied for function shown
b: ERROR 42501: permission denied for function plus
b: has_function_privilege
b: f
b: SELECT 1
proacl
{admin=X/admin}
SELECT 1
GRANT
b: plus|has_function_privilege
b: 2|t
b: SELECT 1
CREATE VIEW
GRANT
b: ERROR 42501: permission denied for function shown
c: CREATE FUNCTION
b: ERROR 42501: must be owner of function mine
b: ERROR 42501: must be owner of function mine
b: ERROR 42501: permission denied for schema public
b: ERROR 42501: permission denied for schema public
GRANT
b: shown
b: hidden
b: SELECT 1
ERROR 2BP01: role "maker" cannot be dropped because some objects depend on it
  detail: owner of function mine()
privileges for schema public
ALTER FUNCTION
c: ERROR 42501: must be owner of function mine
DROP FUNCTION
