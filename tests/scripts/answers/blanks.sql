# !open
# Answers that PostgreSQL 18 gives: blanks.sql in tests/sql/statements.

CREATE TABLE b (id int PRIMARY KEY, c char(5), d char(3), e char, v varchar(5), t text);
INSERT INTO b VALUES (1, 'ab', 'ab', 'x', 'ab', 'ab'), (2, 'ab ', 'abc', '', 'ab ', 'ab '), (3, NULL, NULL, NULL, NULL, NULL), (4, 'zz', 'a', 'y', 'zz', 'zz   ');
SELECT id, c LIKE '%b', c LIKE 'ab', c LIKE 'ab%', c NOT LIKE 'ab', c ILIKE 'AB   ', c ~ '^ab$', c ~ 'b +$', c !~ 'b$', c SIMILAR TO 'ab', d LIKE 'ab_' FROM b ORDER BY id;
SELECT id, c LIKE '%b', c LIKE 'ab', c LIKE 'ab%', c NOT LIKE 'ab', c ILIKE 'AB   ', c ~ '^ab$', c ~ 'b +$', c !~ 'b$', c SIMILAR TO 'ab', d LIKE 'ab_' FROM (SELECT * FROM b) q ORDER BY id;
SELECT id, c || '|', c || d, c || v || '|', concat(c, '|', d), concat_ws('-', c, d), c::text || '|', c::varchar || '|', c::varchar(4) || '|', c::char(3) || '|' FROM b ORDER BY id;
SELECT id, c || '|', c || d, c || v || '|', concat(c, '|', d), concat_ws('-', c, d), c::text || '|', c::varchar || '|', c::varchar(4) || '|', c::char(3) || '|' FROM (SELECT * FROM b) q ORDER BY id;
SELECT id, length(c), char_length(c), octet_length(c), bit_length(c), upper(c) || '|', lower(c), reverse(c), left(c, 4) || '|', substr(c, 1, 4) || '|', rpad(c, 7, 'x'), lpad(c, 7, 'x'), replace(c, ' ', '_'), position(' ' IN c), md5(c), trim(c), btrim(c), repeat(c, 2), initcap(c) FROM b ORDER BY id;
SELECT id, length(c), char_length(c), octet_length(c), bit_length(c), upper(c) || '|', lower(c), reverse(c), left(c, 4) || '|', substr(c, 1, 4) || '|', rpad(c, 7, 'x'), lpad(c, 7, 'x'), replace(c, ' ', '_'), position(' ' IN c), md5(c), trim(c), btrim(c), repeat(c, 2), initcap(c) FROM (SELECT * FROM b) q ORDER BY id;
---
CREATE TABLE
INSERT 0 4
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
1|f|f|t|t|t|f|t|t|f|t
2|f|f|t|t|t|f|t|t|f|t
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
4|f|f|f|t|f|f|f|t|f|f
SELECT 4
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
1|f|f|t|t|t|f|t|t|f|t
2|f|f|t|t|t|f|t|t|f|t
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
4|f|f|f|t|f|f|f|t|f|f
SELECT 4
id|?column?|?column?|?column?|concat|concat_ws|?column?|?column?|?column?|?column?
1|ab||abab|abab||ab   |ab |ab   -ab |ab||ab||ab||ab|
2|ab||ababc|abab ||ab   |abc|ab   -abc|ab||ab||ab||ab|
3|NULL|NULL|NULL||||NULL|NULL|NULL|NULL
4|zz||zza|zzzz||zz   |a  |zz   -a  |zz||zz||zz||zz|
SELECT 4
id|?column?|?column?|?column?|concat|concat_ws|?column?|?column?|?column?|?column?
1|ab||abab|abab||ab   |ab |ab   -ab |ab||ab||ab||ab|
2|ab||ababc|abab ||ab   |abc|ab   -abc|ab||ab||ab||ab|
3|NULL|NULL|NULL||||NULL|NULL|NULL|NULL
4|zz||zza|zzzz||zz   |a  |zz   -a  |zz||zz||zz||zz|
SELECT 4
id|length|char_length|octet_length|bit_length|?column?|lower|reverse|?column?|?column?|rpad|lpad|replace|position|md5|btrim|btrim|repeat|initcap
1|2|2|5|16|AB||ab|ba|ab||ab||abxxxxx|xxxxxab|ab|0|187ef4436122d1cc2f40dc2b92f0eba0|ab|ab|abab|Ab
2|2|2|5|16|AB||ab|ba|ab||ab||abxxxxx|xxxxxab|ab|0|187ef4436122d1cc2f40dc2b92f0eba0|ab|ab|abab|Ab
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
4|2|2|5|16|ZZ||zz|zz|zz||zz||zzxxxxx|xxxxxzz|zz|0|25ed1bcb423b0b7200f485fc5ff71c8e|zz|zz|zzzz|Zz
SELECT 4
id|length|char_length|octet_length|bit_length|?column?|lower|reverse|?column?|?column?|rpad|lpad|replace|position|md5|btrim|btrim|repeat|initcap
1|2|2|5|16|AB||ab|ba|ab||ab||abxxxxx|xxxxxab|ab|0|187ef4436122d1cc2f40dc2b92f0eba0|ab|ab|abab|Ab
2|2|2|5|16|AB||ab|ba|ab||ab||abxxxxx|xxxxxab|ab|0|187ef4436122d1cc2f40dc2b92f0eba0|ab|ab|abab|Ab
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
4|2|2|5|16|ZZ||zz|zz|zz||zz||zzxxxxx|xxxxxzz|zz|0|25ed1bcb423b0b7200f485fc5ff71c8e|zz|zz|zzzz|Zz
SELECT 4

SELECT id, c = 'ab', c = 'ab   ', c = d, c = v, c = t, c = 'ab'::text, c = 'ab '::text, d < 'abc', c > 'ab', c <> 'ab  ', c IN ('ab ', 'q'), c = ANY('{"ab ",q}'), c BETWEEN 'ab' AND 'ac', c IS DISTINCT FROM 'ab ', c IS NOT DISTINCT FROM d FROM b ORDER BY id;
SELECT id, c = 'ab', c = 'ab   ', c = d, c = v, c = t, c = 'ab'::text, c = 'ab '::text, d < 'abc', c > 'ab', c <> 'ab  ', c IN ('ab ', 'q'), c = ANY('{"ab ",q}'), c BETWEEN 'ab' AND 'ac', c IS DISTINCT FROM 'ab ', c IS NOT DISTINCT FROM d FROM (SELECT * FROM b) q ORDER BY id;
SELECT max(c), min(c), max(d), count(DISTINCT c) FROM b;
SELECT max(c), min(c), max(d), count(DISTINCT c), string_agg(c, ',' ORDER BY id), array_agg(c ORDER BY id), array_agg(DISTINCT d) FROM (SELECT * FROM b) q;
SELECT c, count(*) FROM b GROUP BY c ORDER BY c;
SELECT DISTINCT c FROM b ORDER BY c;
SELECT coalesce(c, ''), coalesce(c, 'long one'), coalesce(c, d), nullif(c, 'ab'), CASE WHEN id = 1 THEN c ELSE d END, greatest(c, d), least(c, 'b') FROM b ORDER BY id;
SELECT coalesce(c, ''), coalesce(c, 'long one'), coalesce(c, d), nullif(c, 'ab'), CASE WHEN id = 1 THEN c ELSE d END, greatest(c, d), least(c, 'b') FROM (SELECT * FROM b) q ORDER BY id;
---
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
1|t|t|t|t|t|t|f|t|f|f|t|t|t|f|t
2|t|t|f|t|f|t|f|f|f|f|t|t|t|f|f
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|t|t
4|f|f|f|t|f|f|f|t|t|t|f|f|f|t|f
SELECT 4
id|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?|?column?
1|t|t|t|t|t|t|f|t|f|f|t|t|t|f|t
2|t|t|f|t|f|t|f|f|f|f|t|t|t|f|f
3|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|t|t
4|f|f|f|t|f|f|f|t|t|t|f|f|f|t|f
SELECT 4
max|min|max|count
zz   |ab   |abc|2
SELECT 1
max|min|max|count|string_agg|array_agg|array_agg
zz   |ab   |abc|2|ab,ab,zz|{"ab   ","ab   ",NULL,"zz   "}|{"a  ","ab ",abc,NULL}
SELECT 1
c|count
ab   |2
zz   |1
NULL|1
SELECT 3
c
ab   
zz   
NULL
SELECT 3
coalesce|coalesce|coalesce|nullif|d|greatest|least
ab   |ab   |ab   |NULL|ab   |ab   |ab   
ab   |ab   |ab   |NULL|abc|abc|ab   
|long one|NULL|NULL|NULL|NULL|b
zz   |zz   |zz   |zz   |a  |zz   |b
SELECT 4
coalesce|coalesce|coalesce|nullif|d|greatest|least
ab   |ab   |ab   |NULL|ab   |ab   |ab   
ab   |ab   |ab   |NULL|abc|abc|ab   
|long one|NULL|NULL|NULL|NULL|b
zz   |zz   |zz   |zz   |a  |zz   |b
SELECT 4

SELECT coalesce(c, '') || '|', length(coalesce(c, d)), octet_length(coalesce(c, d)), coalesce(c, d) = 'ab', coalesce(c, d) LIKE 'ab' FROM (SELECT * FROM b) q ORDER BY id;
SELECT c FROM b UNION ALL SELECT 'q' ORDER BY 1;
SELECT c FROM b EXCEPT SELECT 'ab' ORDER BY 1;
SELECT x, x || '|' FROM (VALUES ('ab'::char(5)), ('abc'::char(3))) v(x);
SELECT lag(c) OVER (ORDER BY id), lag(c, 1, 'zzz') OVER (ORDER BY id), first_value(d) OVER (ORDER BY id) FROM b ORDER BY id;
SELECT a.id, x.id FROM b a JOIN b x ON a.c = x.d ORDER BY 1, 2;
SELECT a.id, x.id FROM b a JOIN b x ON a.c = x.t ORDER BY 1, 2;
SELECT id FROM b WHERE c IN (SELECT d FROM b) ORDER BY id;
---
?column?|length|octet_length|?column?|?column?
ab||2|5|t|f
ab||2|5|t|f
||NULL|NULL|NULL|NULL
zz||2|5|f|f
SELECT 4
c
ab   
ab   
q
zz   
NULL
SELECT 5
c
zz   
NULL
SELECT 2
x|?column?
ab   |ab|
abc|abc|
SELECT 2
lag|lag|first_value
NULL|zzz|ab 
ab   |ab   |ab 
ab   |ab   |ab 
NULL|NULL|ab 
SELECT 4
id|id
1|1
2|1
SELECT 2
id|id
1|1
2|1
SELECT 2
id
1
2
SELECT 2

SELECT id FROM b WHERE c = (SELECT 'ab   '::char(7)) ORDER BY id;
SELECT 'ab'::char(5), 'ab'::char(5) || '|', 'ab'::char(5) = 'ab ', length('ab '::char(5)), 'abc'::char(2), 'a'::char, octet_length('ab'::char(5)), 'ab '::bpchar || '|', 'ab '::bpchar;
SELECT id, e, e || '|', e = '', e LIKE '', octet_length(e), length(e) FROM b ORDER BY id;
SELECT c::int FROM (VALUES ('12'::char(5))) v(c);
SELECT id FROM b WHERE c > 'ab' ORDER BY c, id;
SELECT row_number() OVER (PARTITION BY c ORDER BY id), c FROM b ORDER BY c, id;
SELECT count(*) FROM b WHERE e = ' ';
CREATE TABLE k (c char(4) PRIMARY KEY, v int);
---
id
1
2
SELECT 2
bpchar|?column?|?column?|length|bpchar|bpchar|octet_length|?column?|bpchar
ab   |ab||t|2|ab|a|5|ab||ab 
SELECT 1
id|e|?column?|?column?|?column?|octet_length|length
1|x|x||f|f|1|1
2| |||t|f|1|0
3|NULL|NULL|NULL|NULL|NULL|NULL
4|y|y||f|f|1|1
SELECT 4
c
12
SELECT 1
id
4
SELECT 1
row_number|c
1|ab   
2|ab   
1|zz   
1|NULL
SELECT 4
count
1
SELECT 1
CREATE TABLE

INSERT INTO k VALUES ('a', 1), ('ab ', 2), ('abc', 3);
SELECT c, v, c || '|' FROM k WHERE c = 'ab' ORDER BY c;
SELECT v FROM k WHERE c = 'ab  ' OR c = 'a ' ORDER BY v;
SELECT v FROM k WHERE c IN ('a ', 'abc') ORDER BY v;
SELECT v FROM k WHERE c > 'a ' ORDER BY c;
SELECT v FROM k WHERE c LIKE 'ab%' ORDER BY v;
SELECT v FROM k WHERE c = 'ab'::text;
SELECT v FROM k WHERE c = ANY(ARRAY['ab ', 'a']) ORDER BY v;
---
INSERT 0 3
c|v|?column?
ab  |2|ab|
SELECT 1
v
1
2
SELECT 2
v
1
3
SELECT 2
v
2
3
SELECT 2
v
2
3
SELECT 2
v
2
SELECT 1
v
1
SELECT 1

UPDATE k SET v = v + 1 WHERE c = 'a   ';
INSERT INTO k VALUES ('ab', 9);
INSERT INTO k VALUES ('toolong', 9);
SELECT k.c, b.id FROM k JOIN b ON k.c = b.d ORDER BY 1, 2;
---
UPDATE 1
ERROR 23505: duplicate key value violates unique constraint "k_pkey"
  detail: Key (c)=(ab  ) already exists.
  schema=public table=k constraint=k_pkey
ERROR 22001: value too long for type character(4)
c|id
a   |4
ab  |1
abc |2
SELECT 3
