# !open Foreign keys: what statements are told, actions, chains, composite keys, the catalog. The answers are PostgreSQL 16's.

CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, n int);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, code text REFERENCES p (code) ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO c VALUES (1, 1, NULL);
INSERT INTO p VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0);
INSERT INTO c VALUES (1, 1, 'a'), (2, NULL, 'b'), (3, 2, NULL);
INSERT INTO c VALUES (4, 9, 'a');
---
CREATE TABLE
CREATE TABLE
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(1) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
INSERT 0 3
INSERT 0 3
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(9) is not present in table "p".
  schema=public table=c constraint=c_p_fkey

INSERT INTO c VALUES (4, 1, 'zz');
UPDATE c SET p = 7 WHERE id = 1;
UPDATE c SET p = 3 WHERE id = 1;
DELETE FROM p WHERE id = 3;
DELETE FROM p WHERE id = 2;
UPDATE p SET id = 10 WHERE id = 2;
---
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_code_fkey"
  detail: Key (code)=(zz) is not present in table "p".
  schema=public table=c constraint=c_code_fkey
ERROR 23503: insert or update on table "c" violates foreign key constraint "c_p_fkey"
  detail: Key (p)=(7) is not present in table "p".
  schema=public table=c constraint=c_p_fkey
UPDATE 1
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
  detail: Key (id)=(3) is still referenced from table "c".
  schema=public table=c constraint=c_p_fkey
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
  detail: Key (id)=(2) is still referenced from table "c".
  schema=public table=c constraint=c_p_fkey
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
  detail: Key (id)=(2) is still referenced from table "c".
  schema=public table=c constraint=c_p_fkey

UPDATE p SET n = n + 1;
UPDATE p SET id = id WHERE id = 2;
UPDATE p SET code = 'aa' WHERE id = 1;
SELECT * FROM c ORDER BY id;
DELETE FROM p WHERE id = 1;
SELECT * FROM c ORDER BY id;
---
UPDATE 3
UPDATE 1
UPDATE 1
id|p|code
1|3|aa
2|NULL|b
3|2|NULL
SELECT 3
DELETE 1
id|p|code
1|3|NULL
2|NULL|b
3|2|NULL
SELECT 3

DELETE FROM c WHERE p = 2;
DELETE FROM p WHERE id = 2;
SELECT * FROM c ORDER BY id;
TRUNCATE p;
DROP TABLE p;
ALTER TABLE p DROP COLUMN code;
---
DELETE 1
DELETE 1
id|p|code
1|3|NULL
2|NULL|NULL
SELECT 2
ERROR 0A000: cannot truncate a table referenced in a foreign key constraint
  detail: Table "c" references "p".
  hint: Truncate table "c" at the same time, or use TRUNCATE ... CASCADE.
ERROR 2BP01: cannot drop table p because other objects depend on it
  detail: constraint c_p_fkey on table c depends on table p
constraint c_code_fkey on table c depends on table p
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop column code of table p because other objects depend on it
  detail: constraint c_code_fkey on table c depends on column code of table p
  hint: Use DROP ... CASCADE to drop the dependent objects too.

ALTER TABLE p DROP CONSTRAINT p_code_key;
DROP INDEX p_code_key;
DELETE FROM p;
---
ERROR 2BP01: cannot drop constraint p_code_key on table p because other objects depend on it
  detail: constraint c_code_fkey on table c depends on index p_code_key
  hint: Use DROP ... CASCADE to drop the dependent objects too.
ERROR 2BP01: cannot drop index p_code_key because constraint p_code_key on table p requires it
  hint: You can drop constraint p_code_key on table p instead.
ERROR 23503: update or delete on table "p" violates foreign key constraint "c_p_fkey" on table "c"
  detail: Key (id)=(3) is still referenced from table "c".
  schema=public table=c constraint=c_p_fkey

# Definitions that are refused
CREATE TABLE bad (a int REFERENCES nothing);
CREATE TABLE bad (a int REFERENCES p (n));
CREATE TABLE bad (a int REFERENCES p (nope));
CREATE TABLE bad (a text REFERENCES p);
CREATE TABLE bad (a int, b int, FOREIGN KEY (a, b) REFERENCES p);
CREATE TABLE bad (a int, FOREIGN KEY (x) REFERENCES p);
---
ERROR 42P01: relation "nothing" does not exist
ERROR 42830: there is no unique constraint matching given keys for referenced table "p"
ERROR 42703: column "nope" referenced in foreign key constraint does not exist
ERROR 42804: foreign key constraint "bad_a_fkey" cannot be implemented
  detail: Key columns "a" of the referencing table and "id" of the referenced table are of incompatible types: text and integer.
ERROR 42830: number of referencing and referenced columns for foreign key disagree
ERROR 42703: column "x" referenced in foreign key constraint does not exist

CREATE TABLE nopk (a int);
CREATE TABLE bad (a int REFERENCES nopk);
CREATE VIEW pv AS SELECT * FROM p;
CREATE TABLE bad (a int REFERENCES pv);
CREATE TABLE bad (a int CONSTRAINT x REFERENCES p, b int CONSTRAINT x REFERENCES p);
---
CREATE TABLE
ERROR 42704: there is no primary key for referenced table "nopk"
CREATE VIEW
ERROR 42809: referenced relation "pv" is not a table
ERROR 42710: constraint "x" for relation "bad" already exists

# Cascades, chains and self references
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
INSERT INTO tree VALUES (1, NULL), (3, 2), (2, 1), (4, 3);
INSERT INTO tree VALUES (9, 8);
DELETE FROM tree WHERE id = 2;
SELECT * FROM tree ORDER BY id;
INSERT INTO tree VALUES (5, 5);
---
CREATE TABLE
INSERT 0 4
ERROR 23503: insert or update on table "tree" violates foreign key constraint "tree_parent_fkey"
  detail: Key (parent)=(8) is not present in table "tree".
  schema=public table=tree constraint=tree_parent_fkey
DELETE 1
id|parent
1|NULL
SELECT 1
INSERT 0 1

DELETE FROM tree;
CREATE TABLE a (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE d (id int PRIMARY KEY, b int REFERENCES b ON DELETE CASCADE, a int REFERENCES a);
INSERT INTO a VALUES (1), (2);
INSERT INTO b VALUES (10, 1), (11, 1), (20, 2);
---
DELETE 2
CREATE TABLE
CREATE TABLE
CREATE TABLE
INSERT 0 2
INSERT 0 3

INSERT INTO d VALUES (100, 10, 1), (101, 20, 1);
DELETE FROM a WHERE id = 1;
DELETE FROM d WHERE id = 101;
DELETE FROM a WHERE id = 1;
UPDATE a SET id = 3;
SELECT * FROM b ORDER BY id;
---
INSERT 0 2
ERROR 23503: update or delete on table "a" violates foreign key constraint "d_a_fkey" on table "d"
  detail: Key (id)=(1) is still referenced from table "d".
  schema=public table=d constraint=d_a_fkey
DELETE 1
ERROR 23503: update or delete on table "a" violates foreign key constraint "d_a_fkey" on table "d"
  detail: Key (id)=(1) is still referenced from table "d".
  schema=public table=d constraint=d_a_fkey
ERROR 23505: duplicate key value violates unique constraint "a_pkey"
  detail: Key (id)=(3) already exists.
  schema=public table=a constraint=a_pkey
id|a
10|1
11|1
20|2
SELECT 3

SELECT count(*) FROM d;
---
count
1
SELECT 1

# Composite keys and MATCH FULL, SET DEFAULT, ON DELETE SET NULL (columns)
CREATE TABLE k (x int, y text, PRIMARY KEY (x, y));
CREATE TABLE kf (id int PRIMARY KEY, y text DEFAULT 'one', x int DEFAULT 1, FOREIGN KEY (x, y) REFERENCES k MATCH FULL ON DELETE SET DEFAULT);
CREATE TABLE ks (id int PRIMARY KEY, y text, x int, CONSTRAINT ks_k FOREIGN KEY (y, x) REFERENCES k (y, x) ON DELETE SET NULL (y));
INSERT INTO k VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO kf VALUES (1, 'two', 2), (2, NULL, NULL);
INSERT INTO kf VALUES (3, NULL, 2);
---
CREATE TABLE
CREATE TABLE
CREATE TABLE
INSERT 0 3
INSERT 0 2
ERROR 23503: insert or update on table "kf" violates foreign key constraint "kf_x_y_fkey"
  detail: MATCH FULL does not allow mixing of null and nonnull key values.
  schema=public table=kf constraint=kf_x_y_fkey

INSERT INTO kf VALUES (3, 'three', 2);
INSERT INTO ks VALUES (1, 'three', 3), (2, NULL, 77);
DELETE FROM k WHERE x = 2;
DELETE FROM k WHERE x = 3;
DELETE FROM k WHERE x = 1;
SELECT * FROM kf ORDER BY id;
---
ERROR 23503: insert or update on table "kf" violates foreign key constraint "kf_x_y_fkey"
  detail: Key (x, y)=(2, three) is not present in table "k".
  schema=public table=kf constraint=kf_x_y_fkey
INSERT 0 2
DELETE 1
DELETE 1
ERROR 23503: update or delete on table "k" violates foreign key constraint "kf_x_y_fkey" on table "kf"
  detail: Key (x, y)=(1, one) is still referenced from table "kf".
  schema=public table=kf constraint=kf_x_y_fkey
id|y|x
1|one|1
2|NULL|NULL
SELECT 2

SELECT * FROM ks ORDER BY id;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' ORDER BY conname;
SELECT conname, conrelid::regclass::text, confrelid::regclass::text, confupdtype, confdeltype, confmatchtype, condeferrable, conkey, confkey, confdelsetcols FROM pg_constraint WHERE contype = 'f' ORDER BY 1;
SELECT constraint_name, unique_constraint_name, match_option, update_rule, delete_rule FROM information_schema.referential_constraints ORDER BY 1;
SELECT constraint_name, table_name, column_name, ordinal_position, position_in_unique_constraint FROM information_schema.key_column_usage WHERE constraint_name LIKE 'k%' ORDER BY 1, 4;
SELECT constraint_name, table_name, column_name FROM information_schema.constraint_column_usage WHERE constraint_name LIKE 'k%' ORDER BY 1, 3;
---
id|y|x
1|NULL|3
2|NULL|77
SELECT 2
conname|pg_get_constraintdef
b_a_fkey|FOREIGN KEY (a) REFERENCES a(id) ON UPDATE CASCADE ON DELETE CASCADE
c_code_fkey|FOREIGN KEY (code) REFERENCES p(code) ON UPDATE CASCADE ON DELETE SET NULL
c_p_fkey|FOREIGN KEY (p) REFERENCES p(id)
d_a_fkey|FOREIGN KEY (a) REFERENCES a(id)
d_b_fkey|FOREIGN KEY (b) REFERENCES b(id) ON DELETE CASCADE
kf_x_y_fkey|FOREIGN KEY (x, y) REFERENCES k(x, y) MATCH FULL ON DELETE SET DEFAULT
ks_k|FOREIGN KEY (y, x) REFERENCES k(y, x) ON DELETE SET NULL (y)
tree_parent_fkey|FOREIGN KEY (parent) REFERENCES tree(id) ON DELETE CASCADE
SELECT 8
conname|conrelid|confrelid|confupdtype|confdeltype|confmatchtype|condeferrable|conkey|confkey|confdelsetcols
b_a_fkey|b|a|c|c|s|f|{2}|{1}|NULL
c_code_fkey|c|p|c|n|s|f|{3}|{2}|NULL
c_p_fkey|c|p|a|a|s|f|{2}|{1}|NULL
d_a_fkey|d|a|a|a|s|f|{3}|{1}|NULL
d_b_fkey|d|b|a|c|s|f|{2}|{1}|NULL
kf_x_y_fkey|kf|k|a|d|f|f|{3,2}|{1,2}|NULL
ks_k|ks|k|a|n|s|f|{2,3}|{2,1}|{2}
tree_parent_fkey|tree|tree|a|c|s|f|{2}|{1}|NULL
SELECT 8
constraint_name|unique_constraint_name|match_option|update_rule|delete_rule
b_a_fkey|a_pkey|NONE|CASCADE|CASCADE
c_code_fkey|p_code_key|NONE|CASCADE|SET NULL
c_p_fkey|p_pkey|NONE|NO ACTION|NO ACTION
d_a_fkey|a_pkey|NONE|NO ACTION|NO ACTION
d_b_fkey|b_pkey|NONE|NO ACTION|CASCADE
kf_x_y_fkey|k_pkey|FULL|NO ACTION|SET DEFAULT
ks_k|k_pkey|NONE|NO ACTION|SET NULL
tree_parent_fkey|tree_pkey|NONE|NO ACTION|CASCADE
SELECT 8
constraint_name|table_name|column_name|ordinal_position|position_in_unique_constraint
k_pkey|k|x|1|NULL
k_pkey|k|y|2|NULL
kf_pkey|kf|id|1|NULL
kf_x_y_fkey|kf|x|1|1
kf_x_y_fkey|kf|y|2|2
ks_k|ks|y|1|2
ks_k|ks|x|2|1
ks_pkey|ks|id|1|NULL
SELECT 8
constraint_name|table_name|column_name
k_pkey|k|x
k_pkey|k|y
kf_pkey|kf|id
kf_x_y_fkey|k|x
kf_x_y_fkey|k|y
ks_k|k|x
ks_k|k|y
ks_pkey|ks|id
SELECT 8

SELECT constraint_name, constraint_type, is_deferrable FROM information_schema.table_constraints WHERE table_name = 'ks' AND constraint_type <> 'CHECK' ORDER BY 1;
DROP TABLE k CASCADE;
INSERT INTO ks VALUES (5, 'nowhere', 5);
DROP TABLE a, b, d;
---
constraint_name|constraint_type|is_deferrable
ks_k|FOREIGN KEY|NO
ks_pkey|PRIMARY KEY|NO
SELECT 2
NOTICE: drop cascades to 2 other objects
DROP TABLE
INSERT 0 1
DROP TABLE
