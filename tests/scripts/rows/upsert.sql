CREATE TABLE t (id int PRIMARY KEY, k text UNIQUE, n int DEFAULT 0, a int, b int, UNIQUE (a, b));
INSERT INTO t VALUES (1, 'one', 1, 1, 1), (2, 'two', 2, 2, 2);
---
CREATE TABLE
INSERT 0 2

# any constraint, one constraint, a constraint by name
INSERT INTO t (id, k) VALUES (1, 'x'), (3, 'two'), (4, 'four') ON CONFLICT DO NOTHING RETURNING id, k;
INSERT INTO t (id, k) VALUES (1, 'x') ON CONFLICT (id) DO NOTHING;
INSERT INTO t (id, k) VALUES (5, 'one') ON CONFLICT (id) DO NOTHING;
INSERT INTO t (id, k) VALUES (5, 'one') ON CONFLICT (k) DO NOTHING;
INSERT INTO t (id, a, b) VALUES (5, 2, 2) ON CONFLICT (b, a) DO NOTHING;
INSERT INTO t (id, k) VALUES (1, 'one') ON CONFLICT ON CONSTRAINT t_k_key DO NOTHING;
INSERT INTO t (id, k) VALUES (1, 'one') ON CONFLICT ON CONSTRAINT nosuch DO NOTHING;
INSERT INTO t (id, k) VALUES (1, 'one') ON CONFLICT (n) DO NOTHING;
INSERT INTO t (id, k) VALUES (1, 'one') ON CONFLICT DO UPDATE SET n = 1;
---
id|k
4|four
INSERT 0 1
INSERT 0 0
ERROR 23505: duplicate key value violates unique constraint "t_k_key"
  detail: Key (k)=(one) already exists.
  schema=public table=t constraint=t_k_key
INSERT 0 0
INSERT 0 0
INSERT 0 0
ERROR 42704: constraint "nosuch" for table "t" does not exist
ERROR 42P10: there is no unique or exclusion constraint matching the ON CONFLICT specification
ERROR 42601: ON CONFLICT DO UPDATE requires inference specification or constraint name
  hint: For example, ON CONFLICT (column_name).

# DO UPDATE
INSERT INTO t (id, n) VALUES (1, 5), (9, 9) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING id, n;
INSERT INTO t AS old (id, k) VALUES (1, 'ONE') ON CONFLICT (id) DO UPDATE SET k = excluded.k || old.k, n = DEFAULT RETURNING *;
INSERT INTO t (id, k, n) VALUES (77, 'two', 70) ON CONFLICT (k) DO UPDATE SET n = excluded.n, id = excluded.id;
INSERT INTO t (id, n) VALUES (1, 100) ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE t.n > 50;
INSERT INTO t (id, n) VALUES (77, 100) ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE t.n > 50;
INSERT INTO t (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET k = 'four';
SELECT * FROM t ORDER BY id;
---
id|n
1|6
9|9
INSERT 0 2
id|k|n|a|b
1|ONEone|0|1|1
INSERT 0 1
INSERT 0 1
INSERT 0 0
INSERT 0 1
ERROR 23505: duplicate key value violates unique constraint "t_k_key"
  detail: Key (k)=(four) already exists.
  schema=public table=t constraint=t_k_key
id|k|n|a|b
1|ONEone|0|1|1
4|four|0|NULL|NULL
9|NULL|9|NULL|NULL
77|two|100|2|2
SELECT 4

# twice in one command
INSERT INTO t (id, n) VALUES (20, 1), (20, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
INSERT INTO t (id, n) VALUES (1, 1), (1, 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
INSERT INTO t (id, n) VALUES (20, 1), (20, 2) ON CONFLICT (id) DO NOTHING;
SELECT id, n FROM t WHERE id = 20;
---
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time
  hint: Ensure that no rows proposed for insertion within the same command have duplicate constrained values.
ERROR 21000: ON CONFLICT DO UPDATE command cannot affect row a second time
  hint: Ensure that no rows proposed for insertion within the same command have duplicate constrained values.
INSERT 0 1
id|n
20|1
SELECT 1

# the source is a query
INSERT INTO t (id, n) SELECT id, n + 1000 FROM t WHERE id <= 9 ON CONFLICT (id) DO UPDATE SET n = excluded.n;
SELECT id, n FROM t ORDER BY id;
---
INSERT 0 3
id|n
1|1000
4|1000
9|1009
20|1
77|100
SELECT 5

INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET nosuch = 1;
INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = n + 1;
INSERT INTO t (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 'x';
INSERT INTO t (id) VALUES (1) ON CONFLICT (nosuch) DO NOTHING;
---
ERROR 42703: column "nosuch" of relation "t" does not exist
ERROR 42702: column reference "n" is ambiguous
ERROR 22P02: invalid input syntax for type integer: "x"
ERROR 42703: column "nosuch" does not exist
