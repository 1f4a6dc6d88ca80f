CREATE TABLE t (id int PRIMARY KEY, s text, p text);
INSERT INTO t VALUES (1, 'abc', 'a%'), (2, 'ABC', 'a_c'), (3, 'É%', 'é\%'), (4, NULL, 'x'), (5, 'aab', '%a_b'), (6, 'a\c', 'a\\c');
---
CREATE TABLE
INSERT 0 6

# LIKE and its kin over a constant pattern, then over a column: by the row executor and (a derived table) by the column executor.
SELECT id FROM t WHERE s LIKE 'a%' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE 'a%' ORDER BY q.id;
SELECT id FROM t WHERE s ILIKE 'é%' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s ILIKE 'é%' ORDER BY q.id;
SELECT id FROM t WHERE s ILIKE 'A_c' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s ILIKE 'A_c' ORDER BY q.id;
SELECT id FROM t WHERE s LIKE p ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE q.p ORDER BY q.id;
SELECT id FROM t WHERE s NOT ILIKE p ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s NOT ILIKE q.p ORDER BY q.id;
SELECT id FROM t WHERE s LIKE '%#%' ESCAPE '#' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE '%#%' ESCAPE '#' ORDER BY q.id;
SELECT id FROM t WHERE s LIKE 'a\c' ESCAPE '' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE 'a\c' ESCAPE '' ORDER BY q.id;
SELECT id FROM t WHERE s LIKE 'x' ESCAPE 'ab';
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE 'x' ESCAPE 'ab';
SELECT id FROM t WHERE s LIKE 'a\' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s LIKE 'a\' ORDER BY q.id;
---
id
1
5
6
SELECT 3
id
1
5
6
SELECT 3
id
SELECT 0
id
SELECT 0
id
1
2
6
SELECT 3
id
1
2
6
SELECT 3
id
1
5
6
SELECT 3
id
1
5
6
SELECT 3
id
3
SELECT 1
id
3
SELECT 1
id
3
SELECT 1
id
3
SELECT 1
id
6
SELECT 1
id
6
SELECT 1
ERROR 22025: invalid escape string
  hint: Escape string must be empty or one character.
ERROR 22025: invalid escape string
  hint: Escape string must be empty or one character.
ERROR 22025: LIKE pattern must not end with escape character
ERROR 22025: LIKE pattern must not end with escape character

# Regular expressions: the same.
SELECT id FROM t WHERE s ~ '^a(a|.\y)' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s ~ '^a(a|.\y)' ORDER BY q.id;
SELECT id FROM t WHERE s !~* '^A' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s !~* '^A' ORDER BY q.id;
SELECT id FROM t WHERE s SIMILAR TO '(a|A)(b|B)_' ORDER BY id;
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s SIMILAR TO '(a|A)(b|B)_' ORDER BY q.id;
SELECT id, regexp_replace(s, '([ab])', '<\1>', 'g') AS r, lower(s) AS l FROM t ORDER BY id;
SELECT q.id, regexp_replace(q.s, '([ab])', '<\1>', 'g') AS r, lower(q.s) AS l FROM (SELECT * FROM t) q ORDER BY q.id;
SELECT id FROM t WHERE s ~ '(';
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s ~ '(';
SELECT id FROM t WHERE s ~ '(a)\1';
SELECT id FROM t WHERE s ~ 'a(?=b)';
SELECT q.id FROM (SELECT * FROM t) q WHERE q.s ~ 'a(?!b)';
---
id
5
6
SELECT 2
id
5
6
SELECT 2
id
3
SELECT 1
id
3
SELECT 1
id
1
2
SELECT 2
id
1
2
SELECT 2
id|r|l
1|<a><b>c|abc
2|ABC|abc
3|É%|É%
4|NULL|NULL
5|<a><a><b>|aab
6|<a>\c|a\c
SELECT 6
id|r|l
1|<a><b>c|abc
2|ABC|abc
3|É%|É%
4|NULL|NULL
5|<a><a><b>|aab
6|<a>\c|a\c
SELECT 6
ERROR 2201B: invalid regular expression: parentheses () not balanced
ERROR 2201B: invalid regular expression: parentheses () not balanced
ERROR 0A000: back references are not supported in regular expressions
ERROR 0A000: lookahead is not supported in regular expressions
ERROR 0A000: lookahead is not supported in regular expressions
