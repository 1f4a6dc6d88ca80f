CREATE TABLE p (id int PRIMARY KEY, email text UNIQUE, n int CHECK (n > 0), low int, high int, CONSTRAINT span CHECK (low <= high), code text NOT NULL DEFAULT 'c');
INSERT INTO p VALUES (1, 'a@x', 1, 1, 2), (2, 'b@x', 2, 1, NULL), (3, NULL, NULL, NULL, 1), (4, NULL, 4, 4, 4);
---
CREATE TABLE
INSERT 0 4

INSERT INTO p VALUES (1, 'c@x', 1, 1, 1);
INSERT INTO p VALUES (5, 'a@x', 1, 1, 1);
INSERT INTO p VALUES (NULL, 'c@x', 1, 1, 1);
INSERT INTO p (id, n) VALUES (5, 0);
INSERT INTO p (id, low, high) VALUES (5, 3, 2);
INSERT INTO p (id, code) VALUES (5, NULL);
INSERT INTO p (id) VALUES (5), (6), (5);
INSERT INTO p (id, email) VALUES (5, 'z'), (6, 'z');
INSERT INTO p (id, n, code) VALUES (6, 0, NULL);
---
ERROR 23505: duplicate key value violates unique constraint "p_pkey"
  detail: Key (id)=(1) already exists.
  schema=public table=p constraint=p_pkey
ERROR 23505: duplicate key value violates unique constraint "p_email_key"
  detail: Key (email)=(a@x) already exists.
  schema=public table=p constraint=p_email_key
ERROR 23502: null value in column "id" of relation "p" violates not-null constraint
  detail: Failing row contains (null, c@x, 1, 1, 1, c).
  schema=public table=p column=id
ERROR 23514: new row for relation "p" violates check constraint "p_n_check"
  detail: Failing row contains (5, null, 0, null, null, c).
  schema=public table=p constraint=p_n_check
ERROR 23514: new row for relation "p" violates check constraint "span"
  detail: Failing row contains (5, null, null, 3, 2, c).
  schema=public table=p constraint=span
ERROR 23502: null value in column "code" of relation "p" violates not-null constraint
  detail: Failing row contains (5, null, null, null, null, null).
  schema=public table=p column=code
ERROR 23505: duplicate key value violates unique constraint "p_pkey"
  detail: Key (id)=(5) already exists.
  schema=public table=p constraint=p_pkey
ERROR 23505: duplicate key value violates unique constraint "p_email_key"
  detail: Key (email)=(z) already exists.
  schema=public table=p constraint=p_email_key
ERROR 23502: null value in column "code" of relation "p" violates not-null constraint
  detail: Failing row contains (6, null, 0, null, null, null).
  schema=public table=p column=code

UPDATE p SET n = -1 WHERE id = 1;
UPDATE p SET low = 9 WHERE id = 1;
UPDATE p SET email = 'b@x' WHERE id = 1;
UPDATE p SET id = 2 WHERE id = 1;
UPDATE p SET id = NULL WHERE id = 1;
UPDATE p SET code = NULL WHERE id > 1;
UPDATE p SET email = 'same';
UPDATE p SET email = 'a@x' WHERE id = 1;
SELECT * FROM p ORDER BY id;
---
ERROR 23514: new row for relation "p" violates check constraint "p_n_check"
  detail: Failing row contains (1, a@x, -1, 1, 2, c).
  schema=public table=p constraint=p_n_check
ERROR 23514: new row for relation "p" violates check constraint "span"
  detail: Failing row contains (1, a@x, 1, 9, 2, c).
  schema=public table=p constraint=span
ERROR 23505: duplicate key value violates unique constraint "p_email_key"
  detail: Key (email)=(b@x) already exists.
  schema=public table=p constraint=p_email_key
ERROR 23505: duplicate key value violates unique constraint "p_pkey"
  detail: Key (id)=(2) already exists.
  schema=public table=p constraint=p_pkey
ERROR 23502: null value in column "id" of relation "p" violates not-null constraint
  detail: Failing row contains (null, a@x, 1, 1, 2, c).
  schema=public table=p column=id
ERROR 23502: null value in column "code" of relation "p" violates not-null constraint
  detail: Failing row contains (2, b@x, 2, 1, null, null).
  schema=public table=p column=code
ERROR 23505: duplicate key value violates unique constraint "p_email_key"
  detail: Key (email)=(same) already exists.
  schema=public table=p constraint=p_email_key
UPDATE 1
id|email|n|low|high|code
1|a@x|1|1|2|c
2|b@x|2|1|NULL|c
3|NULL|NULL|NULL|1|c
4|NULL|4|4|4|c
SELECT 4

# keys that move
UPDATE p SET id = id + 10 WHERE id = 1 RETURNING id, email;
INSERT INTO p (id) VALUES (1);
INSERT INTO p (id, email) VALUES (12, 'a@x');
DELETE FROM p WHERE id = 11;
INSERT INTO p (id, email) VALUES (12, 'a@x');
SELECT id, email FROM p WHERE email = 'a@x';
---
id|email
11|a@x
UPDATE 1
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "p_email_key"
  detail: Key (email)=(a@x) already exists.
  schema=public table=p constraint=p_email_key
DELETE 1
INSERT 0 1
id|email
12|a@x
SELECT 1

CREATE TABLE c (a int, b text, PRIMARY KEY (b, a), UNIQUE (a));
INSERT INTO c VALUES (1, 'x'), (2, 'x'), (3, 'y');
INSERT INTO c VALUES (1, 'x');
INSERT INTO c VALUES (1, 'z');
INSERT INTO c VALUES (4, NULL);
SELECT * FROM c ORDER BY b, a;
---
CREATE TABLE
INSERT 0 3
ERROR 23505: duplicate key value violates unique constraint "c_pkey"
  detail: Key (b, a)=(x, 1) already exists.
  schema=public table=c constraint=c_pkey
ERROR 23505: duplicate key value violates unique constraint "c_a_key"
  detail: Key (a)=(1) already exists.
  schema=public table=c constraint=c_a_key
ERROR 23502: null value in column "b" of relation "c" violates not-null constraint
  detail: Failing row contains (4, null).
  schema=public table=c column=b
a|b
1|x
2|x
3|y
SELECT 3

# values in details
CREATE TABLE v (d date, t timestamptz, n numeric(6,2), y bytea, u uuid, f bool, UNIQUE (d, n, y, u, f));
INSERT INTO v VALUES ('2024-02-29', '2024-02-29 12:00:00+00', 1.5, '\x00ff', '00000000-0000-0000-0000-00000000000a', true);
INSERT INTO v VALUES ('2024-02-29', NULL, 1.50, '\x00ff', '00000000-0000-0000-0000-00000000000a', true);
INSERT INTO v VALUES ('2024-02-29', NULL, 1.50, '\x00ff', NULL, true);
INSERT INTO v VALUES ('2024-02-29', NULL, 1.50, '\x00ff', NULL, true);
SELECT count(*) FROM v;
---
CREATE TABLE
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "v_d_n_y_u_f_key"
  detail: Key (d, n, y, u, f)=(2024-02-29, 1.50, \x00ff, 00000000-0000-0000-0000-00000000000a, t) already exists.
  schema=public table=v constraint=v_d_n_y_u_f_key
INSERT 0 1
INSERT 0 1
count
3
SELECT 1

# NULLs that are alike
CREATE TABLE w (a int, b int, UNIQUE NULLS NOT DISTINCT (a, b));
INSERT INTO w VALUES (1, NULL);
INSERT INTO w VALUES (1, NULL);
INSERT INTO w VALUES (NULL, NULL), (2, NULL);
INSERT INTO w VALUES (NULL, NULL);
---
CREATE TABLE
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "w_a_b_key"
  detail: Key (a, b)=(1, null) already exists.
  schema=public table=w constraint=w_a_b_key
INSERT 0 2
ERROR 23505: duplicate key value violates unique constraint "w_a_b_key"
  detail: Key (a, b)=(null, null) already exists.
  schema=public table=w constraint=w_a_b_key

# a long value is cut in what a failing row shows
INSERT INTO p (id, email, n) VALUES (50, 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz', 0);
---
ERROR 23514: new row for relation "p" violates check constraint "p_n_check"
  detail: Failing row contains (50, abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl..., 0, null, null, c).
  schema=public table=p constraint=p_n_check
