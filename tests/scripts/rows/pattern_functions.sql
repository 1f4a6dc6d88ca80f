# Functions over regular expressions: by constants, over a table's rows, and where rows are written.
CREATE TABLE t (id int PRIMARY KEY, s text);
INSERT INTO t VALUES (1, 'a1b2'), (2, 'xyz'), (3, NULL), (4, 'k9');
---
CREATE TABLE
INSERT 0 4

# The groups of the first match, or the match where there are none; NULL without a match; a group that took no part is NULL.
SELECT id, regexp_match(s, '([a-z])(\d)'), (regexp_match(s, '\d'))[1] AS digit FROM t ORDER BY id;
SELECT regexp_match('foobarbequebaz', 'bar.*que'), regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_match('ab', '(x)?a'), regexp_match('abc', 'B', 'i');
SELECT regexp_match('a"b,{c}', '("b),(.*)');
SELECT regexp_match('abc', 'b', 'g');
SELECT regexp_match(s, 'b', 'g') FROM t;
SELECT regexp_match('abc', '(');
SELECT regexp_match('abc', 'b', 'z');
SELECT regexp_match('abc', '(a)\1');
---
id|regexp_match|digit
1|{a,1}|1
2|NULL|NULL
3|NULL|NULL
4|{k,9}|9
SELECT 4
regexp_match|regexp_match|regexp_match|regexp_match
{barbeque}|{bar,beque}|{NULL}|{b}
SELECT 1
regexp_match
{"\"b","{c}"}
SELECT 1
ERROR 22023: regexp_match() does not support the "global" option
  hint: Use the regexp_matches function instead.
ERROR 22023: regexp_match() does not support the "global" option
ERROR 2201B: invalid regular expression: parentheses () not balanced
ERROR 22023: invalid regular expression option: "z"
ERROR 0A000: back references are not supported in regular expressions

# A row for each match: in the select list and in FROM.
SELECT id, regexp_matches(s, '([a-z])(\d)', 'g') FROM t ORDER BY id;
SELECT id, regexp_matches(s, '([a-z])(\d)') FROM t ORDER BY id;
SELECT id, (regexp_matches(s, '([a-z])(\d)', 'g'))[2] AS digit FROM t ORDER BY id, digit;
SELECT id, m[1] || '-' || m[2] AS pair FROM t, regexp_matches(s, '([a-z])(\d)', 'g') m ORDER BY id, pair;
SELECT string_agg(m[1], ',') FROM regexp_matches('k1=v1;k2=v2', '(\w+)=', 'g') AS m;
SELECT id, (SELECT count(*) FROM regexp_matches(s, '\d', 'g')) AS digits FROM t ORDER BY id;
SELECT regexp_matches('aaa', '', 'g');
---
id|regexp_matches
1|{a,1}
1|{b,2}
4|{k,9}
SELECT 3
id|regexp_matches
1|{a,1}
4|{k,9}
SELECT 2
id|digit
1|1
1|2
4|9
SELECT 3
id|pair
1|a-1
1|b-2
4|k-9
SELECT 3
string_agg
k1,k2
SELECT 1
id|digits
1|2
2|0
3|0
4|1
SELECT 4
regexp_matches
{""}
{""}
{""}
{""}
SELECT 4

# What stands between the matches; an empty match counts but at the end and behind another one.
SELECT regexp_split_to_array('a,b;c', '[,;]'), regexp_split_to_array('the quick fox', '\s+'), regexp_split_to_array('abc', ''), regexp_split_to_array('', ',');
SELECT regexp_split_to_array('hello world', '\s*'), regexp_split_to_array(',a,,b,', ','), regexp_split_to_array('aXbxc', 'x', 'i'), regexp_split_to_array(NULL, 'x');
SELECT * FROM regexp_split_to_table('a,b;c', '[,;]') WITH ORDINALITY x(v, n);
SELECT id, regexp_split_to_table(s, '\d') AS piece FROM t ORDER BY id, piece;
SELECT array_agg(x) FROM (SELECT regexp_split_to_table('c b a', ' ') AS x ORDER BY x) q;
SELECT regexp_split_to_table('abc', 'b', 'g');
SELECT regexp_split_to_array('abc', 'b', 'g');
---
regexp_split_to_array|regexp_split_to_array|regexp_split_to_array|regexp_split_to_array
{a,b,c}|{the,quick,fox}|{a,b,c}|{""}
SELECT 1
regexp_split_to_array|regexp_split_to_array|regexp_split_to_array|regexp_split_to_array
{h,e,l,l,o,w,o,r,l,d}|{"",a,"",b,""}|{a,b,c}|NULL
SELECT 1
v|n
a|1
b|2
c|3
SELECT 3
id|piece
1|
1|a
1|b
2|xyz
4|
4|k
SELECT 6
array_agg
{a,b,c}
SELECT 1
ERROR 22023: regexp_split_to_table() does not support the "global" option
ERROR 22023: regexp_split_to_array() does not support the "global" option

# Counts, places and parts.
SELECT regexp_count('aXAxa', 'a'), regexp_count('aXAxa', 'a', 2, 'i'), regexp_substr('abc', 'b.'), regexp_substr('a1b22', '\d+', 1, 2), regexp_substr('ab', '(a)(b)', 1, 1, '', 2);
SELECT regexp_instr('abcabc', 'c'), regexp_instr('abcabc', 'c', 1, 2), regexp_instr('abcabc', 'c', 1, 2, 1), regexp_instr('abc', 'x'), regexp_like('abc', 'B', 'i'), regexp_like('a' || chr(10) || 'b', '^b', 'n');
SELECT regexp_count('a', 'a', 0);
SELECT regexp_substr('a', 'a', 1, 0);
SELECT regexp_instr('a', 'a', 1, 1, 2);
SELECT regexp_count('a', 'a', 1, 'g');
---
regexp_count|regexp_count|regexp_substr|regexp_substr|regexp_substr
2|2|bc|22|b
SELECT 1
regexp_instr|regexp_instr|regexp_instr|regexp_instr|regexp_like|regexp_like
3|6|7|0|t|t
SELECT 1
ERROR 22023: invalid value for parameter "start": 0
ERROR 22023: invalid value for parameter "n": 0
ERROR 22023: invalid value for parameter "endoption": 2
ERROR 22023: regexp_count() does not support the "global" option

# Rows that are written: by UPDATE, INSERT, ON CONFLICT, DELETE, and under FOR UPDATE.
UPDATE t SET s = regexp_replace(s, '\d', '#', 'g') WHERE regexp_count(s, '\d') > 0 RETURNING id, s;
INSERT INTO t VALUES (10, regexp_replace('a1', '\d', 'x')), (11, 'y') RETURNING id, s;
INSERT INTO t VALUES (10, 'new') ON CONFLICT (id) DO UPDATE SET s = regexp_replace(excluded.s, 'n', 'm') RETURNING s;
DELETE FROM t WHERE regexp_count(s, 'y') > 0 RETURNING id;
SELECT id, s, regexp_count(s, 'b') FROM t ORDER BY id FOR UPDATE;
---
id|s
1|a#b#
4|k#
UPDATE 2
id|s
10|ax
11|y
INSERT 0 2
s
mew
INSERT 0 1
id
2
11
DELETE 2
id|s|regexp_count
1|a#b#|1
3|NULL|NULL
4|k#|0
10|mew|0
SELECT 4
