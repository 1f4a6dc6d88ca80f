# !open
# Answers that PostgreSQL 18 gives: small.sql in tests/sql/statements.

CREATE TABLE person (id int PRIMARY KEY, name text, boss int, pay numeric(8,2), joined date, score float8);
CREATE TABLE team (id int PRIMARY KEY, title varchar(20), lead int);
CREATE TABLE member (team int, person bigint, role char(4), share numeric, PRIMARY KEY (team, person));
INSERT INTO person VALUES (1, 'Ada', NULL, 100.00, '2020-01-01', 1.5), (2, 'Bo', 1, 80.50, '2021-02-03', 'NaN'), (3, 'Cy', 1, NULL, '2021-02-03', 0), (4, NULL, 2, 80.50, NULL, '-0'), (5, 'Eve', 9, 12.25, '1999-12-31', NULL);
INSERT INTO team VALUES (10, 'red', 1), (20, 'blue', 3), (30, NULL, NULL), (40, 'red', 7);
INSERT INTO member VALUES (10, 1, 'a', 1.0), (10, 2, 'b', 1.00), (20, 2, 'a', 0.5), (20, 3, NULL, NULL), (30, 5, 'c', 2.50), (50, 4, 'b', 3);
SELECT p.name, t.title FROM person p JOIN member m ON m.person = p.id JOIN team t ON t.id = m.team ORDER BY 1, 2;
SELECT p.name, m.team FROM person p LEFT JOIN member m ON m.person = p.id AND m.team < 20 ORDER BY p.id, m.team;
---
CREATE TABLE
CREATE TABLE
CREATE TABLE
INSERT 0 5
INSERT 0 4
INSERT 0 6
name|title
Ada|red
Bo|blue
Bo|red
Cy|blue
Eve|NULL
SELECT 5
name|team
Ada|10
Bo|10
Cy|NULL
NULL|NULL
Eve|NULL
SELECT 5

SELECT p.name, m.team, m.share FROM member m RIGHT JOIN person p ON m.person = p.id AND p.pay > 50 ORDER BY p.id, m.team;
SELECT m.person, t.title FROM member m FULL JOIN team t ON t.id = m.team ORDER BY m.team, m.person, t.id;
SELECT id, x.role FROM team FULL JOIN (SELECT team AS id, role FROM member) x USING (id) ORDER BY id, role;
SELECT a.name, b.name FROM person a, person b WHERE a.boss = b.id ORDER BY 1, 2;
SELECT a.id, b.id FROM person a JOIN person b ON a.pay < b.pay ORDER BY 1, 2;
SELECT count(*) FROM person a CROSS JOIN team b;
SELECT a.id, b.id, c.id FROM person a LEFT JOIN (team b JOIN member m ON m.team = b.id AND m.share >= 1) ON m.person = a.id LEFT JOIN team c ON c.lead = a.id ORDER BY 1, 2, 3;
SELECT a.id, b.team FROM (person a JOIN team t ON a.id > t.lead) FULL JOIN member b ON b.person = a.id WHERE a.id IS NULL OR b.team IS NULL OR b.team > 10 ORDER BY 1, 2;
---
name|team|share
Ada|10|1.0
Bo|10|1.00
Bo|20|0.5
Cy|NULL|NULL
NULL|50|3
Eve|NULL|NULL
SELECT 6
person|title
1|red
2|red
2|blue
3|blue
5|NULL
4|NULL
NULL|red
SELECT 7
id|role
10|a   
10|b   
20|a   
20|NULL
30|c   
40|NULL
50|b   
SELECT 7
name|name
Bo|Ada
Cy|Ada
NULL|Bo
SELECT 3
id|id
2|1
4|1
5|1
5|2
5|4
SELECT 5
count
20
SELECT 1
id|id|id
1|10|10
2|10|NULL
3|NULL|20
4|NULL|NULL
5|30|NULL
SELECT 5
id|team
2|20
3|20
4|50
4|50
5|30
5|30
NULL|10
SELECT 7

SELECT a.name FROM person a JOIN person b ON a.score = b.score WHERE a.id <> b.id ORDER BY 1;
SELECT p.id FROM person p JOIN member m ON p.pay = m.share * 80.5 ORDER BY 1;
SELECT role, count(*), count(share), sum(share), avg(share), min(share), max(share) FROM member GROUP BY role ORDER BY role;
SELECT share, count(*) FROM member GROUP BY share ORDER BY share NULLS FIRST;
SELECT score, count(*) FROM person GROUP BY score ORDER BY score;
SELECT pay, count(*) AS n, string_agg(name, '+' ORDER BY name DESC) FROM person GROUP BY pay HAVING count(*) > 1 OR pay IS NULL ORDER BY n, pay;
SELECT p.*, count(m.team) FROM person p LEFT JOIN member m ON m.person = p.id GROUP BY p.id ORDER BY count(m.team) DESC, p.id;
SELECT extract(year FROM joined) AS y, sum(pay), avg(pay), stddev(pay), bool_or(pay > 90) FROM person GROUP BY y ORDER BY y;
---
name
Cy
NULL
SELECT 2
id
2
2
4
4
SELECT 4
role|count|count|sum|avg|min|max
a   |2|2|1.5|0.75000000000000000000|0.5|1.0
b   |2|2|4.00|2.0000000000000000|1.00|3
c   |1|1|2.50|2.5000000000000000|2.50|2.50
NULL|1|0|NULL|NULL|NULL|NULL
SELECT 4
share|count
NULL|1
0.5|1
1.0|2
2.50|1
3|1
SELECT 5
score|count
0|2
1.5|1
NaN|1
NULL|1
SELECT 4
pay|n|string_agg
NULL|1|Cy
80.50|2|Bo
SELECT 2
id|name|boss|pay|joined|score|count
2|Bo|1|80.50|2021-02-03|NaN|2
1|Ada|NULL|100.00|2020-01-01|1.5|1
3|Cy|1|NULL|2021-02-03|0|1
4|NULL|2|80.50|NULL|-0|1
5|Eve|9|12.25|1999-12-31|NULL|1
SELECT 5
y|sum|avg|stddev|bool_or
1999|12.25|12.2500000000000000|NULL|f
2020|100.00|100.0000000000000000|NULL|t
2021|80.50|80.5000000000000000|NULL|f
NULL|80.50|80.5000000000000000|NULL|f
SELECT 4

SELECT sum(id), avg(id), sum(id::bigint), avg(score), sum(score), max(name), min(joined), count(DISTINCT pay), sum(DISTINCT pay) FROM person WHERE id <> 2;
SELECT count(*) FILTER (WHERE pay > 50), sum(pay) FILTER (WHERE id > 100), array_agg(id ORDER BY name NULLS FIRST) FROM person;
SELECT array_agg(DISTINCT boss), string_agg(DISTINCT role, ',') FROM person JOIN member ON person.id = member.person;
SELECT count(*), sum(pay), max(name), array_agg(id), bool_and(id > 0) FROM person WHERE false;
SELECT boss + 1 AS b, count(*) FROM person GROUP BY boss + 1 ORDER BY b;
SELECT max(n) FROM (SELECT count(*) AS n FROM member GROUP BY team) AS x;
SELECT corr(id, pay), regr_count(id, pay), var_pop(pay), bit_or(id), every(id < 6) FROM person;
SELECT DISTINCT pay FROM person ORDER BY pay DESC;
---
sum|avg|sum|avg|sum|max|min|count|sum
13|3.2500000000000000|13|0.5|1.5|Eve|1999-12-31|3|192.75
SELECT 1
count|sum|array_agg
3|NULL|{4,1,2,3,5}
SELECT 1
array_agg|string_agg
{1,2,9,NULL}|a,b,c
SELECT 1
count|sum|max|array_agg|bool_and
0|NULL|NULL|NULL|NULL
SELECT 1
b|count
2|2
3|1
10|1
NULL|1
SELECT 4
max
2
SELECT 1
corr|regr_count|var_pop|bit_or|every
-0.8324951221131845|4|1111.0429687500000000|7|t
SELECT 1
pay
NULL
100.00
80.50
12.25
SELECT 4

SELECT DISTINCT share, role FROM member ORDER BY role, share;
SELECT DISTINCT ON (pay) pay, id FROM person ORDER BY pay, id DESC;
SELECT DISTINCT ON (joined) joined, name FROM person ORDER BY joined DESC NULLS LAST, name LIMIT 2;
SELECT id FROM person UNION SELECT lead FROM team ORDER BY 1;
SELECT id FROM person UNION ALL SELECT person FROM member ORDER BY 1 LIMIT 4 OFFSET 2;
SELECT lead FROM team INTERSECT SELECT id FROM person ORDER BY 1;
SELECT boss FROM person EXCEPT SELECT id FROM person ORDER BY 1;
SELECT boss FROM person EXCEPT ALL SELECT 1 ORDER BY 1;
---
share|role
0.5|a   
1.0|a   
1.00|b   
3|b   
2.50|c   
NULL|NULL
SELECT 6
pay|id
12.25|5
80.50|4
100.00|1
NULL|3
SELECT 4
joined|name
2021-02-03|Bo
2020-01-01|Ada
SELECT 2
id
1
2
3
4
5
7
NULL
SELECT 7
id
2
2
2
3
SELECT 4
lead
1
3
SELECT 2
boss
9
NULL
SELECT 2
boss
1
2
9
NULL
SELECT 4

SELECT boss FROM person INTERSECT ALL SELECT boss FROM person WHERE id < 4 ORDER BY 1;
SELECT share FROM member UNION SELECT pay FROM person ORDER BY 1;
SELECT 1 AS a, 'x' AS b UNION SELECT 2.5, NULL ORDER BY a;
VALUES (2, 'b'), (1, 'a'), (3, NULL) ORDER BY 2 DESC LIMIT 2;
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v (n, word) JOIN person ON person.id = v.n ORDER BY n;
WITH rich AS (SELECT * FROM person WHERE pay > 50) SELECT a.id, b.id FROM rich a JOIN rich b ON a.pay = b.pay ORDER BY 1, 2;
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT * FROM a, b;
SELECT name FROM person WHERE id IN (SELECT person FROM member WHERE team = 10) ORDER BY 1;
---
boss
1
1
NULL
SELECT 3
share
0.5
1.0
2.50
3
12.25
80.50
100.00
NULL
SELECT 8
a|b
1|x
2.5|NULL
SELECT 2
column1|column2
3|NULL
2|b
SELECT 2
n|word|id|name|boss|pay|joined|score
1|one|1|Ada|NULL|100.00|2020-01-01|1.5
2|two|2|Bo|1|80.50|2021-02-03|NaN
SELECT 2
id|id
1|1
2|2
2|4
4|2
4|4
SELECT 5
x|y
1|2
SELECT 1
name
Ada
Bo
SELECT 2

SELECT name FROM person WHERE id NOT IN (SELECT person FROM member WHERE team = 10) ORDER BY 1;
SELECT id FROM person WHERE boss NOT IN (SELECT lead FROM team) ORDER BY 1;
SELECT id, boss IN (SELECT lead FROM team) FROM person ORDER BY 1;
SELECT id FROM person WHERE pay >= ALL (SELECT pay FROM person WHERE pay IS NOT NULL);
SELECT id FROM person WHERE pay < ANY (SELECT pay FROM person) ORDER BY 1;
SELECT id FROM person WHERE pay > (SELECT avg(pay) FROM person) ORDER BY 1;
SELECT id, (SELECT max(title) FROM team) FROM person ORDER BY id LIMIT 1;
SELECT id FROM person WHERE EXISTS (SELECT 1 FROM team WHERE title = 'red') AND NOT EXISTS (SELECT 1 FROM team WHERE title = 'x') ORDER BY 1;
---
name
Cy
Eve
NULL
SELECT 3
id
SELECT 0
id|?column?
1|NULL
2|t
3|t
4|NULL
5|NULL
SELECT 5
id
1
SELECT 1
id
2
4
5
SELECT 3
id
1
2
4
SELECT 3
id|max
1|red
SELECT 1
id
1
2
3
4
5
SELECT 5

SELECT id, (SELECT id FROM team) FROM person;
SELECT id, CASE WHEN id > 100 THEN (SELECT 1 / 0) END FROM person ORDER BY 1;
SELECT p.id, sum(m.share) FROM person p JOIN member m ON m.person = p.id GROUP BY p.id HAVING sum(m.share) >= (SELECT min(share) FROM member) ORDER BY sum(m.share) DESC, p.id;
SELECT role, (SELECT count(*) FROM team) + count(*) FROM member GROUP BY role ORDER BY role;
SELECT m.role, p.name FROM member m NATURAL JOIN (SELECT id AS person, name FROM person) p ORDER BY m.team, p.name;
SELECT x.a, x.b FROM (person p JOIN team t ON t.lead = p.id) AS x (a, b) ORDER BY 1;
SELECT a.id FROM person a JOIN person b USING (pay) WHERE a.id < b.id;
SELECT joined, count(*) FROM person GROUP BY joined ORDER BY count(*) DESC, joined LIMIT 1 OFFSET 1;
---
ERROR 21000: more than one row returned by a subquery used as an expression
ERROR 22012: division by zero
id|sum
4|3
5|2.50
2|1.50
1|1.0
SELECT 4
role|?column?
a   |6
b   |6
c   |5
NULL|5
SELECT 4
role|name
a   |Ada
b   |Bo
a   |Bo
NULL|Cy
c   |Eve
b   |NULL
SELECT 6
a|b
1|Ada
3|Cy
SELECT 2
id
2
SELECT 1
joined|count
1999-12-31|1
SELECT 1

SELECT id / (id - 3) FROM person UNION SELECT 1;
SELECT t.title, array_agg(p.name ORDER BY p.pay DESC NULLS LAST, p.id) FROM team t JOIN member m ON m.team = t.id JOIN person p ON p.id = m.person GROUP BY t.id, t.title ORDER BY t.id;
SELECT p.pay, pay FROM person p GROUP BY pay ORDER BY 1;
SELECT name FROM person GROUP BY pay;
SELECT count(*) FROM person ORDER BY pay;
SELECT id FROM person WHERE count(*) > 1;
SELECT DISTINCT name FROM person ORDER BY pay;
---
ERROR 22012: division by zero
title|array_agg
red|{Ada,Bo}
blue|{Bo,Cy}
NULL|{Eve}
SELECT 3
pay|pay
12.25|12.25
80.50|80.50
100.00|100.00
NULL|NULL
SELECT 4
ERROR 42803: column "person.name" must appear in the GROUP BY clause or be used in an aggregate function
ERROR 42803: column "person.pay" must appear in the GROUP BY clause or be used in an aggregate function
ERROR 42803: aggregate functions are not allowed in WHERE
ERROR 42P10: for SELECT DISTINCT, ORDER BY expressions must appear in select list
